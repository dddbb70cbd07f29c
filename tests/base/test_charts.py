"""Charts: well-formed, within their frame, and silent about what is not there."""

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.charts import (
    WIDTH,
    bar,
    difference_chart,
    interval_chart,
    line_chart,
    line_chart_file,
    number,
    success_curve,
)

values = st.floats(-1e9, 1e9, allow_nan=False)


@given(st.dictionaries(st.text("abc<&", max_size=4), st.lists(st.tuples(values, values), max_size=6), max_size=3))
def test_a_line_chart_is_well_formed_and_stays_in_its_frame(series):
    chart = line_chart(series, "x", "y")
    if not any(series.values()):
        assert chart == ""
        return
    root = ElementTree.fromstring(f"<div>{chart}</div>")
    for line in root.iter("polyline"):
        for pair in line.get("points").split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= WIDTH
            assert y >= 0


def test_an_interval_chart_has_a_dot_for_each_row():
    chart = interval_chart([("sft", 0.4, 0.35, 0.45), ("<dpo>", 0.5, 0.45, 0.55)])
    assert len(list(ElementTree.fromstring(chart).iter("circle"))) == 2
    assert "&lt;dpo&gt;" in chart


def test_a_difference_chart_has_a_line_at_no_difference_in_its_middle():
    root = ElementTree.fromstring(difference_chart([("dpo", 0.012, 0.002, 0.022), ("dpo2", -0.001, -0.01, 0.008)]))
    zero = next(line for line in root.iter("line") if line.get("class") == "zero")
    first, second = (float(dot.get("cx")) for dot in root.iter("circle"))
    assert second < float(zero.get("x1")) < first < WIDTH


def test_p_success_is_drawn_where_it_was_estimated_and_pivots_are_bands():
    chart = success_curve([(0, 0.5, 0.3, 0.7), (4, 0.9, 0.8, 1.0)], 4, [2])
    root = ElementTree.fromstring(chart)
    assert len(list(root.iter("circle"))) == 2
    assert len(list(root.iter("rect"))) == 1


def test_a_bar_never_leaves_its_cell():
    assert [re.search(r"width:([\d.]+)%", bar(share)).group(1) for share in (-1, 0.5, 7)] == ["0.0", "50.0", "100.0"]


def test_numbers_are_short():
    assert [number(n) for n in (1_500_000, 2000, 0.25, 0)] == ["1.5M", "2k", "0.25", "0"]


def test_a_chart_as_a_file_has_its_own_style_and_legend_and_leaves_out_what_is_not_finite():
    lines = {"1,000 tokens": [(0.001, 3.0), (0.01, 2.5), (0.1, float("nan"))], "<2,000>": [(0.001, 2.8), (0.01, 2.2)]}
    root = ElementTree.fromstring(line_chart_file(lines, [(0.008, 2.4)], "rate", "loss"))
    svg = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{svg}svg" and root.find(f"{svg}style") is not None
    assert {text.text for text in root.iter(f"{svg}text")} >= {"1,000 tokens", "<2,000>", "rate (logarithmic)", "loss"}
    assert len([dot for dot in root.iter(f"{svg}circle") if dot.get("class") == "ring"]) == 1
    assert all("nan" not in value for element in root.iter() for value in element.attrib.values())
