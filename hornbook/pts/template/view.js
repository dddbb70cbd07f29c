// The page: filters on top, a list of solutions, each drawn when it is opened. The address's hash holds the state.

const DATA = JSON.parse(document.getElementById("data").textContent);
const control = (id) => document.getElementById(id);
const list = control("solutions");
let state = parseState(location.hash);
const cards = DATA.solutions.map(makeCard);

function makeCard(solution) {
  const card = element(list, "details", { className: "solution", id: solution.id });
  const head = element(card, "summary");
  const [badge, task, question, verdict] = ["badge", "task", "question", "verdict"].map((name) =>
    element(head, "span", { className: name }),
  );
  task.textContent = solution.task;
  question.textContent = solution.question.replace(/\s+/g, " ").slice(0, 160);
  verdict.textContent = solution.verdict ? "✓ right" : "✗ wrong";
  verdict.classList.add(solution.verdict ? "right" : "wrong");
  const body = element(card, "div", { className: "body" });
  const self = { solution, card, badge, body, pivots: [], drawn: false };
  card.addEventListener("toggle", () => {
    if (card.open && !self.drawn) drawBody(self);
  });
  return self;
}

function drawBody(self) {
  const { solution, body } = self;
  self.drawn = true;
  body.replaceChildren();
  element(body, "h3", {}, "Question");
  element(body, "pre", {}, solution.question);
  element(body, "h3", {}, "Solution");
  const tokens = element(body, "div", { className: "tokens" });
  const nodes = drawTokens(tokens, solution, self.pivots, (pivot) => show(pivot, true));
  const curve = drawCurve(element(body, "figure"), solution, point);
  const readout = element(body, "p", { className: "readout soft" }, "Move over the tokens or the curve; arrow keys work too.");
  const panel = element(body, "div", { className: "panel", role: "region", "aria-live": "polite" });
  panel.setAttribute("aria-label", "the chosen pivot");

  function point(index) {
    for (const node of nodes) node.classList.toggle("here", Number(node.dataset.token) === index);
    curve.point(index);
    if (index !== null) readout.textContent = describe(solution, index);
  }
  function show(pivot, byHand) {
    for (const node of nodes)
      if (node.classList.contains("pivot")) node.setAttribute("aria-pressed", Number(node.dataset.token) === pivot.at);
    drawPivot(panel, solution, pivot);
    point(pivot.at);
    if (byHand) change({ solution: solution.id, pivot: pivot.at });
  }
  const under = (event) => event.target.closest?.(".token");
  tokens.addEventListener("pointerover", (event) => under(event) && point(Number(under(event).dataset.token)));
  tokens.addEventListener("focusin", (event) => under(event) && point(Number(under(event).dataset.token)));
  const asked = state.solution === solution.id && solution.pivots.find((pivot) => pivot.at === state.pivot);
  const largest = [...self.pivots].sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta))[0];
  if (asked || largest) show(asked || largest, false);
}

// Shows what the state asks for: order, visibility, and the badge of each solution.
function apply() {
  for (const [name, key] of [["question", "value"], ["sign", "value"], ["min", "value"], ["sort", "value"], ["confirmed", "checked"]])
    if (control(name)[key] !== String(state[name])) control(name)[key] = state[name];
  control("shown-min").textContent = state.min.toFixed(2);
  control("min").setAttribute("aria-valuetext", `${state.min.toFixed(2)} or more`);
  const rows = chosen(DATA.solutions, state);
  for (const card of cards) card.card.hidden = true;
  for (const { index, pivots } of rows) {
    const self = cards[index];
    self.card.hidden = false;
    const changed = pivots.length !== self.pivots.length || pivots.some((pivot, i) => pivot !== self.pivots[i]);
    self.pivots = pivots;
    const largest = [...pivots].sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta))[0];
    self.badge.textContent = largest ? `${arrow(largest.delta)} ${signed(largest.delta)}` : "no pivot";
    self.badge.className = `badge ${largest ? (largest.delta > 0 ? "raise" : "lower") : ""}`;
    self.badge.title = `${pivots.length} pivotal token${pivots.length === 1 ? "" : "s"} shown`;
    list.append(self.card);
    if (changed && self.drawn) drawBody(self);
  }
  const found = rows.reduce((sum, row) => sum + row.pivots.length, 0);
  control("count").textContent = rows.length
    ? `${rows.length} of ${DATA.solutions.length} solutions, ${found} pivots on them`
    : "No solution matches; loosen a filter.";
  return rows;
}

function change(some) {
  state = { ...state, ...some };
  history.replaceState(null, "", formatState(state) || location.pathname + location.search);
  if (Object.keys(some).some((name) => name !== "solution" && name !== "pivot")) apply();
}

control("question").addEventListener("input", (event) => change({ question: event.target.value }));
control("sign").addEventListener("change", (event) => change({ sign: event.target.value }));
control("min").addEventListener("input", (event) => change({ min: Number(event.target.value) }));
control("sort").addEventListener("change", (event) => change({ sort: event.target.value }));
control("confirmed").addEventListener("change", (event) => change({ confirmed: event.target.checked }));
control("filters").addEventListener("submit", (event) => event.preventDefault());
control("filters").addEventListener("reset", (event) => {
  event.preventDefault();
  change({ ...DEFAULTS });
});
addEventListener("hashchange", () => {
  state = parseState(location.hash);
  open(apply());
});

function open(rows) {
  const row = rows.find(({ solution }) => solution.id === state.solution) ?? rows[0];
  if (!row) return;
  const self = cards[row.index];
  self.card.open = true;
  drawBody(self);
  if (state.solution === row.solution.id) self.card.scrollIntoView();
}
open(apply());
