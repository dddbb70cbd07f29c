// p(success) along a solution: a line with its 95 % interval as a band, pivots as marks, a cursor that follows a token.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 216, LEFT = 34, RIGHT = 12, TOP = 24, BOTTOM = 34;

function shape(parent, name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

// Draws into `box`; calls onToken(index) as the pointer or the arrow keys move over tokens, and returns
// {point(index)}, which puts the cursor on a token (null takes it away).
function drawCurve(box, solution, onToken) {
  const length = Math.max(1, solution.tokens.length);
  let width = 0, cursor = null, at = null;
  const svg = shape(box, "svg", { class: "curve", height: HEIGHT, tabindex: 0, role: "slider" });
  svg.setAttribute("aria-label", "p(success) along the solution, token by token");
  svg.setAttribute("aria-valuemin", 0);
  svg.setAttribute("aria-valuemax", length - 1);
  svg.setAttribute("aria-valuenow", 0);
  const x = (position) => LEFT + (position / length) * (width - LEFT - RIGHT);
  const y = (p) => HEIGHT - BOTTOM - p * (HEIGHT - BOTTOM - TOP);
  const place = (position, p) => `${x(position).toFixed(1)},${y(p).toFixed(1)}`;

  function draw() {
    width = Math.max(240, box.clientWidth);
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.setAttribute("width", width);
    for (const p of [0, 0.25, 0.5, 0.75, 1]) {
      shape(svg, "line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(p), y2: y(p) });
      if (p !== 0.25 && p !== 0.75) shape(svg, "text", { class: "tick", x: LEFT - 6, y: y(p) + 4, "text-anchor": "end" }, p);
    }
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((s) => length / s <= width / 70) ?? 10000;
    for (let tick = 0; tick <= length; tick += step)
      shape(svg, "text", { class: "tick", x: x(tick), y: HEIGHT - BOTTOM + 15, "text-anchor": "middle" }, tick);
    shape(svg, "text", { class: "tick", x: width - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, "tokens of the solution");
    shape(svg, "text", { class: "tick", x: 0, y: 11 }, "p(success)");
    cursor = shape(svg, "rect", { class: "cursor", y: TOP, height: HEIGHT - BOTTOM - TOP, width: 0, x: 0 });
    const points = solution.points;
    if (points.length) {
      const upper = points.map((point) => place(point[0], point[3]));
      const lower = points.map((point) => place(point[0], point[2])).reverse();
      shape(svg, "polygon", { class: "interval", points: [...upper, ...lower].join(" ") });
      shape(svg, "polyline", { class: "line", points: points.map((point) => place(point[0], point[1])).join(" ") });
    }
    if (points.length <= width / 12)
      for (const point of points) shape(svg, "circle", { class: "dot", cx: x(point[0]), cy: y(point[1]), r: 2.5 });
    const known = new Map(points.map((point) => [point[0], point[1]]));
    for (const pivot of solution.pivots) {
      const kind = pivot.delta > 0 ? "raise" : "lower";
      const from = known.get(pivot.at) ?? pivot.before, to = known.get(pivot.at + pivot.length) ?? pivot.after;
      shape(svg, "line", { class: `jump ${kind}`, x1: x(pivot.at), y1: y(from), x2: x(pivot.at + pivot.length), y2: y(to) });
      const over = pivot.delta > 0 ? Math.max(TOP + 2, y(to) - 8) : Math.min(HEIGHT - BOTTOM - 2, y(to) + 16);
      const mark = shape(svg, "text", { class: `mark ${kind}`, x: x(pivot.at + pivot.length), y: over, "text-anchor": "middle" });
      mark.textContent = arrow(pivot.delta);
    }
    point(at);
  }

  function point(index) {
    at = index;
    cursor.setAttribute("width", index === null ? 0 : Math.max(2, x(index + 1) - x(index)));
    cursor.setAttribute("x", x(index ?? 0));
    if (index === null) return;
    svg.setAttribute("aria-valuenow", index);
    svg.setAttribute("aria-valuetext", describe(solution, index));
  }

  svg.addEventListener("pointermove", (event) => {
    const share = (event.offsetX * (width / svg.clientWidth) - LEFT) / (width - LEFT - RIGHT);
    onToken(Math.min(length - 1, Math.max(0, Math.floor(share * length))));
  });
  svg.addEventListener("pointerleave", () => onToken(null));
  svg.addEventListener("keydown", (event) => {
    const now = at ?? -1;
    const next = { ArrowRight: now + 1, ArrowLeft: Math.max(0, now) - 1, Home: 0, End: length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onToken(Math.min(length - 1, Math.max(0, next)));
  });
  draw();
  new ResizeObserver(() => box.clientWidth && Math.max(240, box.clientWidth) !== width && draw()).observe(box);
  return { point };
}

// One line on a token: its number, its text, and what is known of p(success) on both its sides.
function describe(solution, index) {
  const text = glyphs(solution.tokens[index] ?? "").map((piece) => piece[1].trimEnd()).join("");
  const said = [index, index + 1].map((position) => {
    const point = solution.points.find((candidate) => candidate[0] === position);
    if (!point) return null;
    const [, p, low, high, n] = point;
    return n ? `${p.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] of ${n}` : `${p.toFixed(2)}, known`;
  });
  const [before, after] = said;
  const known = [before && `p before ${before}`, after && `after ${after}`].filter(Boolean);
  return `Token ${index} “${text}”: ${known.join("; ") || "p(success) was not estimated here"}`;
}
