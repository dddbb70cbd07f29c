"""Notebooks made by jupytext, pandoc, nbformat and nbclient, compared with the texts that they were made from."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.extract import Source, no_files
from hornbook.data.extract.notebook import MOST_OUTPUT_LINES, extract_notebook
from tests.data.extract.compare import CODE, MATH, f1, table_rows, words

FILES = Path(__file__).parent / "files"
NOTEBOOKS = [  # file, its source, whether it holds outputs
    ("jupytext-manual", "manual", False),
    ("jupytext-pride", "pride", False),
    ("jupytext-tides", "tides", False),
    ("pandoc-tides", "tides", False),
    ("plain", "notebook", False),
    ("pictures", "notebook", False),
    ("run", "notebook", True),
    ("run-format-3", "notebook", True),
]


def read(data):
    return extract_notebook(Source(data, "a.ipynb", "", no_files))


def read_file(name):
    return read((FILES / f"{name}.ipynb").read_bytes())


def notebook(*cells, **metadata):
    return json.dumps({"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def code(source, *outputs):
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}


@pytest.mark.parametrize(("name", "source", "has_outputs"), NOTEBOOKS, ids=[row[0] for row in NOTEBOOKS])
def test_the_text_of_a_notebook_is_that_of_its_source(name, source, has_outputs):
    text = read_file(name).text.replace("``` python", "```python")
    expected = (FILES / "sources" / f"{source}.md").read_text(encoding="utf-8")
    without_outputs = re.sub(r"(?<=\n\n)```\n.*?\n```", "", text, flags=re.DOTALL) if has_outputs else text
    assert f1(words(without_outputs), words(expected)) >= 0.99
    assert all(block in text for block in CODE.findall(expected))
    assert set(table_rows(expected)) <= set(table_rows(text))
    formulas = [re.sub(r"\s", "", found) for found in MATH.findall(CODE.sub("", expected))]
    assert all(formula in re.sub(r"\s", "", text) for formula in formulas)


@pytest.mark.parametrize("name", ["run", "run-format-3"])
def test_outputs_are_kept_as_text_only(name):
    text = read_file(name).text
    assert "0.25 m:  10.1 s measured,  10.0 s expected" in text and "0    0.25    1.01  9.68" in text
    assert "ValueError: math domain error" in text
    assert not re.search(r"base64|iVBOR|<div|<table|<Figure|Traceback", text)


def test_embedded_images_are_left_out():
    assert not re.search(r"!\[|base64|attachment", read_file("pictures").text)


@pytest.mark.parametrize(("name", "fence"), [("language-r", "```r\nx <-"), ("language-julia", "```julia\nperiods")])
def test_code_is_in_the_language_of_the_kernel(name, fence):
    assert fence in read_file(name).text


CELLS = [  # cell, its Markdown
    (code("%%bash\nls"), "```bash\n%%bash\nls\n```"),
    (code(["a = 1\n", "a"], {"output_type": "execute_result", "data": {"text/plain": "1"}}),
     "```python\na = 1\na\n```\n\n```\n1\n```"),
    (code("f", {"output_type": "display_data", "data": {"text/latex": "$x^2$", "text/plain": "x**2"}}),
     "```python\nf\n```\n\n$x^2$"),
    (code("f", {"output_type": "stream", "text": "10 %\r50 %\r100 %\n\x1b[31mred\x1b[0m"}),
     "```python\nf\n```\n\n```\n100 %\nred\n```"),
    (code("f", {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}}),
     "```python\nf\n```"),
    ({"cell_type": "heading", "level": 2, "source": "Old"}, "## Old"),
    ({"cell_type": "markdown", "source": "lone \ud800"}, "lone \ufffd"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "text"), CELLS)
def test_cells(cell, text):
    assert read(notebook(cell)).text == text


def test_long_outputs_are_cut():
    output = {"output_type": "stream", "text": "line\n" * 10_000}
    assert read(notebook(code("f", output))).text.count("line") == MOST_OUTPUT_LINES


BAD = [  # bytes, a part of the reason
    (b"", "not valid JSON"),
    (b'{"cells": [', "not valid JSON"),
    (b"[" * 100_000, "not valid JSON"),
    (b'{"cells": 3}', "no cells"),
    (b"[]", "no cells"),
    (b"\xff\xfe\x00", "not valid JSON"),
    (notebook(), "no text"),
]


@pytest.mark.parametrize(("data", "reason"), BAD)
def test_what_is_no_notebook_is_refused_with_the_reason(data, reason):
    with pytest.raises(NotExtractable, match=reason) as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_hostile_cells_take_little_time():
    for text in (
        "![" * 20_000,
        "![](data:" * 20_000,
        "<img src=data:" * 20_000,
        " " * 20_000,
        "# a" + " " * 20_000 + "b",
    ):
        read(notebook({"cell_type": "markdown", "source": f"text {text}"}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["cells", "cell_type", "source", "outputs", "data", "metadata", "text", "worksheets", "level", "text/plain"]
    ), inner, max_size=5),
    max_leaves=30,
)  # fmt: skip


@given(json_values, json_values)
def test_any_json_raises_nothing_else(cells, metadata):
    for key in ("cells", "worksheets"):
        kinds = [{"cell_type": kind, "source": cells, "outputs": cells} for kind in ("code", "markdown", "heading")]
        data = json.dumps({key: [cells, *kinds, {"cells": cells}], "metadata": metadata}).encode()
        try:
            read(data)
        except NotExtractable as error:
            assert str(error)


@given(st.binary(max_size=200))
def test_any_bytes_raise_nothing_else(data):
    with pytest.raises(NotExtractable):
        read(data)
