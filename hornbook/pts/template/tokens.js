// A solution's tokens, coloured by Δp, and what is known about one of its pivots.

function element(parent, name, properties = {}, text) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  if (text !== undefined) node.textContent = text;
  parent?.append(node);
  return node;
}

function writeGlyphs(parent, text) {
  for (const [kind, piece] of glyphs(text)) element(parent, "span", { className: kind === "mark" ? "ws" : "" }, piece);
}

function colour(node, delta) {
  if (delta === null || Math.abs(delta) < FAINTEST) return;
  node.classList.add(delta > 0 ? "raise" : "lower");
  node.style.setProperty("--strength", `${Math.round(12 + 40 * Math.min(1, Math.abs(delta)))}%`);
}

// Tokens into `parent`; matching pivots are buttons that call onPivot(pivot). Returns the nodes, one a token.
function drawTokens(parent, solution, matching, onPivot) {
  const deltas = moves(solution);
  const pivots = new Map(solution.pivots.map((pivot) => [pivot.at, pivot])); // the button is a pivot's first token
  return solution.tokens.map((text, index) => {
    const pivot = pivots.get(index);
    const node = element(parent, pivot ? "button" : "span", { className: pivot ? "token pivot" : "token" });
    node.dataset.token = index;
    colour(node, deltas[index]);
    const ends = pivot ? /\n*$/.exec(text)[0] : ""; // a line cannot end inside a button, only after it
    if (!ends || ends !== text) writeGlyphs(node, text.slice(0, text.length - ends.length));
    if (pivot) {
      if (ends) element(node, "span", { className: "ws" }, "⏎".repeat(ends.length));
      node.type = "button";
      node.classList.toggle("confirmed", pivot.confirmed);
      node.classList.toggle("aside", !matching.includes(pivot));
      node.setAttribute("aria-pressed", "false");
      node.setAttribute("aria-label", `pivotal token ${JSON.stringify(pivotText(solution, pivot))}, ${summary(pivot)}`);
      element(node, "sup", {}, arrow(pivot.delta));
      node.addEventListener("click", () => onPivot(pivot));
      if (ends) parent.append(ends);
    }
    parent.append(document.createElement("wbr"));
    return node;
  });
}

function summary(pivot) {
  const does = pivot.delta > 0 ? "raises" : "lowers";
  return `${does} p(success) by ${Math.abs(pivot.delta).toFixed(2)}, ${pivot.confirmed ? "confirmed" : "not confirmed"}`;
}

function drawPivot(parent, solution, pivot) {
  parent.replaceChildren();
  const head = element(parent, "h3");
  const last = pivot.at + pivot.length - 1;
  head.append(`${arrow(pivot.delta)} ${last > pivot.at ? `Tokens ${pivot.at} to ${last}` : `Token ${pivot.at}`} `);
  writeGlyphs(element(head, "code"), pivotText(solution, pivot));
  const interval = `${signed(pivot.delta)} [${signed(pivot.low)}, ${signed(pivot.high)}]`;
  const list = element(parent, "dl", { className: "figures" });
  const rows = [
    ["p(success)", `${pivot.before.toFixed(2)} → ${pivot.after.toFixed(2)}`],
    [pivot.fresh ? "Δ, 95 % interval" : "Δ and its interval", interval],
    ["samples", samples(pivot)],
    ["verdict", pivot.confirmed ? "✓ confirmed" : "not confirmed"],
  ];
  if (pivot.error) rows.push(["chance that it is none", pivot.error.toFixed(3)]);
  for (const [name, value] of rows) {
    const row = element(list, "div");
    element(row, "dt", {}, name);
    element(row, "dd", {}, value);
  }
  const sides = element(parent, "div", { className: "sides" });
  for (const side of pivot.sides) drawSide(sides, side);
  if (pivot.sides.length < 2) element(sides, "p", { className: "note" }, "Nothing was found that moves p(success) the other way.");
}

function samples(pivot) {
  const count = (n) => (n ? n : "known");
  const found = `${count(pivot.samples[0])} before, ${count(pivot.samples[1])} after`;
  return pivot.fresh ? `${found}; Δ by ${pivot.fresh} fresh a side` : found;
}

function drawSide(parent, side) {
  const section = element(parent, "section", { className: `side ${side.role}` });
  const head = element(section, "h4", {}, side.role === "accepted" ? "Accepted " : "Rejected ");
  writeGlyphs(element(head, "code"), side.text);
  if (side.pivot) head.append(" (the pivot)");
  if (!side.made) return void element(section, "p", { className: "soft" }, "No rollout was kept from here.");
  const share = Math.round((100 * side.right) / side.made);
  const covered = side.rollouts.reduce((sum, rollout) => sum + rollout[2], 0);
  const shown = covered < side.made ? `; the most frequent, ${covered} of them:` : ":";
  element(section, "p", { className: "soft" }, `${side.right} of ${side.made} rollouts right (${share} %)${shown}`);
  const list = element(section, "ul");
  for (const [text, right, count] of side.rollouts) {
    const item = element(list, "li", { className: right ? "right" : "wrong" });
    element(item, "b", {}, right ? "✓ right" : "✗ wrong");
    if (count > 1) element(item, "span", { className: "soft" }, ` ${count} times`);
    const rest = element(item, "pre");
    if (text) writeGlyphs(rest, text);
    else element(rest, "span", { className: "ws" }, "(ends here)");
  }
}
