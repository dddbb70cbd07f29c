"use strict";
const control = (id) => document.getElementById(id);
const log = control("log"), box = control("alternatives"), question = control("question");
let turns = [];
let running = null; // what aborts the reply under way
const about = new WeakMap(); // the tokens behind each span

function add(kind, text) {
  const element = document.createElement("div");
  element.className = `turn ${kind}`;
  element.textContent = text;
  log.append(element);
  return element;
}

function note(lines, error) {
  const element = document.createElement("div");
  element.className = error ? "note error" : "note";
  for (const line of lines) {
    const paragraph = document.createElement("p");
    paragraph.textContent = line;
    element.append(paragraph);
  }
  log.append(element);
}

function marked(text, pivot) {
  const span = document.createElement("span");
  span.className = `pivot ${pivot.after > pivot.before ? "raise" : "lower"}`;
  span.textContent = text;
  const effect = document.createElement("sup");
  effect.textContent = `${pivot.before.toFixed(2)} → ${pivot.after.toFixed(2)}`;
  span.append(effect);
  return span;
}

function show(reply, choice) {
  const tokens = choice.logprobs ? choice.logprobs.content : [];
  const text = choice.delta.content || "";
  if (!tokens.length) { reply.append(text); return; }
  const span = choice.pivot ? marked(text, choice.pivot) : document.createElement("span");
  if (!choice.pivot) span.textContent = text;
  span.classList.add("token", likelihood(together(tokens)));
  span.tabIndex = reply.querySelector(".token") ? -1 : 0;
  about.set(span, tokens);
  reply.append(span);
}

function atEnd() { return log.parentElement.scrollHeight - log.parentElement.scrollTop - log.parentElement.clientHeight < 40; }
function toEnd() { log.parentElement.scrollTop = log.parentElement.scrollHeight; }

async function ask(text) {
  control("empty").hidden = true;
  add("user", text);
  turns.push({ role: "user", content: text });
  const reply = add("reply", "");
  toEnd();
  const settings = Object.fromEntries(["temperature", "top_p", "max_tokens", "seed"].map((id) => [id, control(id).value]));
  const data = document.body.dataset;
  running = new AbortController();
  working(true);
  let said = "", rest = "";
  try {
    const response = await fetch("v1/chat/completions", {
      method: "POST", headers: { "Content-Type": "application/json" }, signal: running.signal,
      body: JSON.stringify(requestBody(data.model, data.system, turns, settings)),
    });
    if (!response.ok) throw new Error((await response.json()).error.message);
    const decoder = new TextDecoder();
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      const read = readEvents(rest + decoder.decode(value, { stream: true }));
      rest = read.rest;
      const follow = atEnd();
      for (const event of read.events) {
        if (event.error) throw new Error(event.error.message);
        for (const choice of event.choices) {
          said += choice.delta.content || "";
          show(reply, choice);
          if (choice.finish_reason === "length") note(["(cut at the longest reply)"]);
          if (choice.comparison) note(choice.comparison);
        }
      }
      if (follow) toEnd();
    }
  } catch (error) {
    note([error.name === "AbortError" ? "(stopped)" : error.message], error.name !== "AbortError");
  }
  if (said) turns.push({ role: "assistant", content: said });
  else turns.pop();
  running = null;
  working(false);
  toEnd();
}

function working(on) {
  control("send").hidden = on;
  control("stop").hidden = !on;
  if (!on) question.focus();
}

function reset() {
  if (running) running.abort();
  turns = [];
  point(null);
  for (const element of [...log.children]) if (element.id !== "empty") element.remove();
  control("empty").hidden = false;
}

function point(span) {
  for (const other of document.querySelectorAll(".token.here")) other.classList.remove("here");
  box.hidden = !span;
  if (!span) return;
  span.classList.add("here");
  box.replaceChildren(...about.get(span).map((token) => {
    const table = document.createElement("table");
    for (const [text, p, chosen] of alternatives(token)) {
      const row = table.insertRow();
      row.className = chosen ? "said" : "";
      row.insertCell().append(Object.assign(document.createElement("code"), { textContent: text }));
      row.insertCell().textContent = percent(p);
    }
    return table;
  }));
  const place = span.getBoundingClientRect(), size = box.getBoundingClientRect();
  const above = place.top - size.height - 6;
  box.style.left = `${Math.max(8, Math.min(place.left, innerWidth - size.width - 8))}px`;
  box.style.top = `${above > 4 ? above : place.bottom + 6}px`;
}

const tokenAt = (event) => event.target.closest && event.target.closest(".token");
log.addEventListener("pointerover", (event) => point(tokenAt(event)));
log.addEventListener("pointerleave", () => point(null));
log.addEventListener("focusin", (event) => point(tokenAt(event)));
log.addEventListener("focusout", () => point(null));
log.addEventListener("click", (event) => point(tokenAt(event)));
log.parentElement.addEventListener("scroll", () => point(null));
addEventListener("resize", () => point(null));
log.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
  const next = step && tokenAt(event) && tokenAt(event)[step];
  if (!next) return;
  next.tabIndex = 0;
  next.focus();
  point(next);
  event.preventDefault();
});
control("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (!text || running) return;
  question.value = "";
  ask(text);
});
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    control("ask").requestSubmit();
  }
});
control("stop").addEventListener("click", () => running && running.abort());
control("new").addEventListener("click", reset);
for (const id of ["temperature", "top_p"]) {
  control(id).addEventListener("input", () => { document.querySelector(`output[for=${id}]`).value = control(id).value; });
}
const colour = () => log.classList.toggle("coloured", control("colour").checked);
control("colour").addEventListener("change", colour);
colour();

async function listSearched() {
  const select = control("searched");
  const searched = await (await fetch("questions")).json();
  for (const [place, found] of searched.entries()) {
    const text = found.text.replace(/\s+/g, " ");
    select.add(new Option(`${found.pivots} pivots: ${text.length > 90 ? `${text.slice(0, 90)}…` : text}`, place));
  }
  select.addEventListener("change", async () => {
    const found = searched[select.value];
    select.value = "";
    if (!found || running) return;
    reset();
    await ask(found.text);
    for (const solution of found.solutions) {
      const element = add("note", solution.right ? "searched, right: " : "searched, wrong: ");
      for (const part of solution.parts) element.append(part.pivot ? marked(part.text, part.pivot) : part.text);
    }
    toEnd();
  });
}
if (control("searched")) listSearched();
question.focus();
