"""PDF files made by their own tools, compared with the texts that they were made from."""

import re
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.extract import Source, no_files
from hornbook.data.extract.pdf import extract_pdf
from hornbook.data.extract.pdf_words import Words, join_lines
from tests.data.extract.compare import CODE, f1, formulas_kept, runs, table_rows, words

FILES = Path(__file__).parent / "files"


def source_of(name):
    return (FILES / "sources" / f"{name}.md").read_text(encoding="utf-8")


def read(name):
    return extract_pdf(Source((FILES / f"{name}.pdf").read_bytes(), f"{name}.pdf", "", no_files))


PDFS = [  # file, its source, displayed formulas whose symbols are all kept
    ("accents", "accents", 0),  # pdfLaTeX, letters and accents drawn apart
    ("article", "manual", 0),  # pdfLaTeX, running heads
    ("book", "pride", 0),  # pdfLaTeX, running heads that change with the chapter, fonts without names of letters
    ("ieee", "tides", 3),  # pdfLaTeX, two columns
    ("twocolumn", "tides", 3),  # pdfLaTeX, two columns; its typewriter font is a set of pictures
    ("groff-columns", "pride", 0),  # two columns
    ("groff-man", "manual", 0),  # a manual page
    ("writer", "tides", 3),  # LibreOffice
    ("writer-columns", "pride", 0),  # LibreOffice, two columns
    ("chromium", "manual", 0),  # with date, title and address on each page
    ("chromium-columns", "tides", 2),  # two columns, formulas in MathML
    ("languages", "languages", 0),  # Chromium: Greek, Russian, Arabic
    ("cairo", "pride", 0),
]


@pytest.mark.parametrize(("name", "source", "formulas"), PDFS, ids=[row[0] for row in PDFS])
def test_the_words_of_a_pdf_are_those_of_its_source(name, source, formulas):
    text, expected = read(name).text, source_of(source)
    text = re.sub(r"\A# .*?\n\n.*Authors?$", "", text, flags=re.MULTILINE)  # the sources have them as front matter
    assert f1(words(text), words(expected)) >= 0.97
    assert f1(runs(words(text)), runs(words(expected))) >= 0.9  # in reading order
    assert set(table_rows(expected)) <= set(table_rows(text))
    assert formulas_kept(expected, text)[0] >= formulas


@pytest.mark.parametrize("name", [row[0] for row in PDFS if row[1] == "tides"])
def test_code_keeps_its_indentation(name):
    code = CODE.findall(source_of("tides"))[0].replace("```python", "```")
    assert code in read(name).text


LINES = [  # file, what is a line of its text
    ("ieee", "# How Tides Are Measured and Predicted"),
    ("article", "## 1 hornbook tune"),
    ("chromium-columns", "## Pressure and radar gauges"),
    ("ieee", "[^1]: The range at neighbouring ports can differ by a factor of three although the attraction is "
             "practically the same."),
    ("ieee", "2. Correct amplitude and phase for the slow revolution of the moon’s orbit, which takes 18.6 years."),
    ("ieee", "- Either of them drifts. Every few months somebody has to compare it with a staff that is fixed to the "
             "rock."),
    ("book", "“In such cases, a woman has not often much beauty to think of.”"),  # one paragraph of a dialogue
]  # fmt: skip


@pytest.mark.parametrize(("name", "line"), LINES)
def test_blocks_are_recognised(name, line):
    assert line in read(name).text.split("\n")


@pytest.mark.parametrize("name", [row[0] for row in PDFS])
def test_running_heads_and_page_numbers_are_left_out(name):
    text = read(name).text
    assert not re.search(r"^(?:- )?\d{1,2}(?: -)?$|\b\d/\d\b|file://", text, re.MULTILINE)
    assert "CHAPTER" not in text and "PREDICTION 3" not in text


def test_paragraphs_go_on_over_columns_and_pages():
    paragraphs = [
        part for part in source_of("pride").split("\n\n") if part.startswith(("However", "Mr. Bennet was so"))
    ]
    for name in ("book", "groff-columns", "writer-columns"):
        text = words(read(name).text)
        for paragraph in paragraphs:
            expected = words(paragraph)
            assert set(runs(expected)) <= set(runs(text))


def test_title_author_and_date_are_told():
    found = read("writer")
    assert found.title == "How Tides Are Measured and Predicted"
    assert found.metadata["format"] == "pdf" and re.fullmatch(r"\d{4}-\d\d-\d\d", found.metadata["date"])


HYPHENS = [  # lines, joined
    (["the tempera-", "ture falls"], "the temperature falls"),
    (["a well-", "known port; a well-known quay"], "a well-known port; a well-known quay"),
    (["in Franco-", "German trade"], "in Franco-German trade"),
    (["from 1872-", "1880 on"], "from 1872-1880 on"),
    (["one", "two"], "one two"),
    (["a dash -", "then"], "a dash - then"),
    (["潮汐は月の", "引力による"], "潮汐は月の引力による"),
]


@pytest.mark.parametrize(("lines", "joined"), HYPHENS)
def test_lines_are_joined(lines, joined):
    assert join_lines(lines, Words(lines)) == joined


def refused(data):
    with pytest.raises(NotExtractable) as caught:
        extract_pdf(Source(data, "", "", no_files))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_has_no_text_is_refused_with_the_reason():
    whole = (FILES / "groff-man.pdf").read_bytes()
    assert "password" in refused((FILES / "encrypted.pdf").read_bytes())
    assert "cut off" in refused(whole[: len(whole) // 2])
    assert "cut off" in refused(b"")
    assert "damaged" in refused(b"%PDF-1.7\nnothing\nstartxref\n0\n%%EOF")
    scanned, buffer = pypdfium2.PdfDocument.new(), BytesIO()
    scanned.new_page(200, 200)
    scanned.save(buffer)
    assert "no text" in refused(buffer.getvalue())


def test_a_pdf_that_anybody_may_read_is_read():
    assert "universally acknowledged" in read("restricted").text


SMALL = [(FILES / f"{name}.pdf").read_bytes() for name in ("groff-man", "cairo")]


@settings(max_examples=40)
@given(st.sampled_from(SMALL), st.lists(st.tuples(st.integers(0, 25_000), st.binary(max_size=12)), max_size=40))
def test_damage_raises_nothing_else(data, changes):
    damaged = bytearray(data)
    for place, new in changes:
        damaged[place : place + len(new)] = new
    try:
        extract_pdf(Source(bytes(damaged), "", "", no_files))
    except NotExtractable as error:
        assert str(error)


@given(st.binary(max_size=300))
def test_any_bytes_raise_nothing_else(data):
    refused(b"%PDF-1.4\n" + data)
