"use strict";
// What is shown, decided without touching the document.

const DEFAULTS = { question: "", sign: "any", min: 0, confirmed: false, sort: "delta", solution: "", pivot: -1 };
const FAINTEST = 0.05; // moves below this are left uncoloured
const SIGNS = ["any", "raises", "lowers"];
const ORDERS = ["delta", "count", "question"];

// "#sign=lowers&min=0.3" → state; what is unknown or makes no sense keeps its default.
function parseState(hash) {
  const state = { ...DEFAULTS };
  for (const part of hash.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    if (at < 1) continue;
    const name = part.slice(0, at);
    let value;
    try {
      value = decodeURIComponent(part.slice(at + 1).replace(/\+/g, " "));
    } catch {
      continue;
    }
    if (name === "question" || name === "solution") state[name] = value;
    if (name === "sign" && SIGNS.includes(value)) state.sign = value;
    if (name === "sort" && ORDERS.includes(value)) state.sort = value;
    if (name === "min" && Number(value) >= 0 && Number(value) <= 1) state.min = Number(value);
    if (name === "confirmed") state.confirmed = value === "1";
    if (name === "pivot" && /^\d+$/.test(value)) state.pivot = Number(value);
  }
  return state;
}

// Only what differs from the defaults is written.
function formatState(state) {
  const parts = Object.keys(DEFAULTS).filter((name) => state[name] !== DEFAULTS[name]);
  const values = parts.map((name) => (name === "confirmed" ? "1" : state[name]));
  return parts.length ? "#" + parts.map((name, i) => `${name}=${encodeURIComponent(values[i])}`).join("&") : "";
}

function pivotMatches(pivot, state) {
  if (state.sign === "raises" && !(pivot.delta > 0)) return false;
  if (state.sign === "lowers" && !(pivot.delta < 0)) return false;
  if (state.confirmed && !pivot.confirmed) return false;
  return Math.abs(pivot.delta) >= state.min - 1e-9;
}

function questionMatches(solution, text) {
  const place = `${solution.task} ${solution.question} ${solution.id}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => place.includes(word));
}

// The solutions to show, in order, each with its pivots that match. One without such a pivot is shown only while
// nothing is asked of pivots.
function chosen(solutions, state) {
  const anyPivot = state.sign === "any" && state.min === 0 && !state.confirmed;
  const rows = solutions
    .map((solution, index) => ({ index, solution, pivots: solution.pivots.filter((p) => pivotMatches(p, state)) }))
    .filter((row) => questionMatches(row.solution, state.question) && (anyPivot || row.pivots.length > 0));
  const largest = (row) => Math.max(-1, ...row.pivots.map((pivot) => Math.abs(pivot.delta)));
  const by = {
    delta: (a, b) => largest(b) - largest(a),
    count: (a, b) => b.pivots.length - a.pivots.length,
    question: (a, b) => compare(a.solution.task, b.solution.task) || compare(a.solution.question, b.solution.question),
  };
  return rows.sort((a, b) => by[state.sort](a, b) || a.index - b.index);
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Δp of each token: a pivot's own estimate, else the difference of the estimates on both its sides, else null.
function moves(solution) {
  const p = new Map(solution.points.map(([position, value]) => [position, value]));
  const deltas = solution.tokens.map((_, i) => (p.has(i) && p.has(i + 1) ? p.get(i + 1) - p.get(i) : null));
  for (const pivot of solution.pivots) deltas.fill(pivot.delta, pivot.at, pivot.at + pivot.length);
  return deltas;
}

// A token as pieces of [kind, text]: plain text, or "mark" for what would be invisible.
function glyphs(text) {
  const marks = { " ": "·", "\n": "⏎\n", "\t": "⇥", "\r": "␍", "": "∅" };
  if (text === "") return [["mark", marks[""]]];
  const pieces = [];
  for (const character of text) {
    const control = /[\u0000-\u001f\u007f-\u009f\u00a0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/.test(character);
    const hidden = marks[character] ?? (control ? `⟨${character.codePointAt(0).toString(16)}⟩` : null);
    const kind = hidden === null ? "text" : "mark";
    const last = pieces[pieces.length - 1];
    if (last && last[0] === kind) last[1] += hidden ?? character;
    else pieces.push([kind, hidden ?? character]);
  }
  return pieces;
}

// A pivot's text: one token, or a sentence.
function pivotText(solution, pivot) {
  return solution.tokens.slice(pivot.at, pivot.at + pivot.length).join("");
}

function signed(delta) {
  return (delta < 0 ? "−" : "+") + Math.abs(delta).toFixed(2);
}

function arrow(delta) {
  return delta < 0 ? "▼" : "▲";
}
