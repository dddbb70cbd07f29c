"""Charts in a real browser: no label is cut off or lies on another, in narrow and wide windows."""

import re
from html import unescape
from importlib.resources import files
from pathlib import Path

import pytest

from hornbook.base.charts import difference_chart, interval_chart, line_chart, success_curve
from tests.pts.browser import MISSING, visit

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

STAGES = ["pretrain", "midtrain", "sft", "dpo1", "dpo2", "judged-after-pivotal-tokens"]
CHARTS = {
    "scores": interval_chart([(name, 0.1 * n, 0.1 * n - 0.01, 0.1 * n + 0.02) for n, name in enumerate(STAGES, 1)]),
    "large differences": difference_chart([(name, 0.4 - 0.1 * n, -0.3, 0.5) for n, name in enumerate(STAGES)]),
    "small differences": difference_chart([("dpo2", 0.0004, -0.0011, 0.0019)]),
    "one score of none": interval_chart([("sft", 0.0, 0.0, 0.001)]),
    "losses": line_chart({name: [(1e6 * x, 9.7 / x) for x in range(1, 40)] for name in STAGES}, "tokens", "loss"),
    "small values": line_chart({"a": [(0.0001 * x, 1e-5 * x) for x in range(1, 9)]}, "learning rate", "difference"),
    "large values": line_chart({"a": [(1e12 * x, 1e9 * x) for x in range(1, 9)]}, "tokens of training", "tokens/s"),
    "success": success_curve([(n, 0.5, 0.4, 0.6) for n in range(0, 300, 7)], 300, [3, 4, 200]),
}
SCRIPT = """
const found = [];
for (const figure of document.querySelectorAll("figure")) {
  const name = figure.id, svg = figure.querySelector("svg"), frame = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll("text")].map(t => [t.firstChild.data, t.getBoundingClientRect()]);
  if (!boxes.length) found.push(`${name}: no labels`);
  if (frame.right > innerWidth + 1) found.push(`${name}: wider than the window`);
  boxes.forEach(([text, a], i) => {
    if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1)
      found.push(`${name}: "${text}" is cut off`);
    for (const [other, b] of boxes.slice(i + 1))
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
          && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2)
        found.push(`${name}: "${text}" lies on "${other}"`);
  });
}
document.body.dataset.found = found.join(" / ") || "all right";
"""


@pytest.mark.parametrize("width", [360, 1400])
def test_no_label_is_cut_off_or_lies_on_another(width: int, tmp_path: Path) -> None:
    style = (files("hornbook.report") / "style.css").read_text()
    figures = "".join(f'<figure id="{name}">{chart}</figure>' for name, chart in CHARTS.items())
    page = tmp_path / "charts.html"
    page.write_text(
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<style>{style}</style>"
        f"<body><main>{figures}</main><script>{SCRIPT}</script>"
    )
    (found,) = re.findall(r'data-found="(.*?)"', visit(page, width=width).html)
    assert unescape(found) == "all right"
