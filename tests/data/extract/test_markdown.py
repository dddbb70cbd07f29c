"""Markdown and reStructuredText stay as they are, but for images, badges and comments."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.data.extract.extract import Source, no_files
from hornbook.data.extract.markdown import clean_markdown, extract_markdown
from hornbook.data.extract.restructured_text import clean_restructured_text, extract_restructured_text

UNCHANGED = [
    "Use `List<String>` or Map<String, Integer> here.",
    "The `<div>` element, <b>bold</b> and <a@b.org>",
    "#include <vector>\n",
    "grid[i][j], a[i](j), [1][2], [a] [b]",
    "$a<b>c$ and $$x < y > z$$",
    "Text\n\n    if a < b: ![not an image](x)\n\nmore",
    "````md\n```\n![x](y)\n```\n<!-- kept -->\n````",
    "~~~\n<img src=x>\n~~~",
    "- item\n  ```html\n  <!-- kept -->\n  ```\n",
    "``a ` ![b](c)`` and `<!-- c -->`",
    "- [x] done\n- [ ] todo",
    "[1]: see Knuth, volume 1",
    "[link](http://x.y 'title') and [ref][r]\n\n[r]: http://r",
    "a &lt; b &amp; c",
    "a <!-- b\n\nc",
    "a | b\n--- | ---\n1 | 2\n",
    "no newline at the end   ",
    "\n\nempty lines before, trailing spaces  \nand\n\n\n\nmany\n",
    "an unclosed ` tick, and ![an unclosed image](",
    "```\nnever closed ![x](y)",
]
CLEANED = [  # Markdown, what is left
    ("A ![cat](cat.png) sat.", "A sat."),
    ("![a](b.png)\n\nText", "Text"),
    ("# T\n\n[![Build][s]][l] [![Docs](d.svg)](http://d)\n\nText\n\n[s]: http://s\n[l]: http://l\n", "# T\n\nText\n"),
    ("one\n\n<!-- two\n\nthree -->\n\nfour", "one\n\nfour"),
    ("<p align='center'>\n  <a href='x'><img src='y' width=1></a>\n</p>\n\nText", "Text"),
    ("<picture><source srcset='a'><img src='b'></picture>Text", "Text"),
    ("<h1 align=center><img src=x> Name</h1>", "<h1 align=center> Name</h1>"),
    ("![alt [nested] text](a_(b).png 'title')Text", "Text"),
    ("[r] and ![x][r]\n\n[r]: http://r\n", "[r] and\n\n[r]: http://r\n"),
    ("> ![x](y)\n> Text", "> Text"),
]
RST_UNCHANGED = [
    "Title\n=====\n\n.. code-block:: python\n\n   x = a <b> c\n",
    ".. note::\n\n   Text\n\n.. _target: http://x\n\n.. [1] A footnote\n\n.. |x| replace:: y\n",
    "Example::\n\n    .. image:: kept.png\n\n`link <http://x>`_ and ``code``\n",
    "and so on ... etc\n",
]
RST_CLEANED = [
    (".. image:: a.png\n   :alt: A\n\nText\n", "Text\n"),
    ("|build| |docs|\n\nText |build|\n\n.. |build| image:: a\n   :target: b\n.. |docs| image:: c\n", "Text\n"),
    (".. figure:: a.png\n   :width: 1\n\n   The caption.\n\nText", "   The caption.\n\nText"),
    (".. a comment\n   of two lines\n\nText", "Text"),
    (".. raw:: html\n\n   <p>x</p>\n\nText", "Text"),
]


@pytest.mark.parametrize("text", UNCHANGED)
def test_markdown_that_stays(text: str) -> None:
    assert clean_markdown(text) == text


@pytest.mark.parametrize(("text", "left"), CLEANED)
def test_markdown_without_images_badges_and_comments(text: str, left: str) -> None:
    assert clean_markdown(text) == left
    assert clean_markdown(left) == left


@pytest.mark.parametrize("text", RST_UNCHANGED)
def test_restructured_text_that_stays(text: str) -> None:
    assert clean_restructured_text(text) == text


@pytest.mark.parametrize(("text", "left"), RST_CLEANED)
def test_restructured_text_without_images_badges_and_comments(text: str, left: str) -> None:
    assert clean_restructured_text(text).rstrip() == left.rstrip()


def test_what_a_text_says_of_itself() -> None:
    text = b"---\ntitle: 'A title'\nauthor: Ann\nlicence: CC-BY-4.0\nlang: fr\n---\n\n# Another\n\nText\n"
    document = extract_markdown(Source(text, "a.md", "", no_files))
    assert (document.title, document.language) == ("A title", "fr")
    assert document.metadata == {"author": "Ann", "license": "CC-BY-4.0"} and document.text == text.decode()
    assert extract_markdown(Source(b"Name\n====\n\nText", "a.md", "", no_files)).title == "Name"
    assert extract_restructured_text(Source(b"====\nName\n====\n\nText", "a.rst", "", no_files)).title == "Name"


@given(st.text(alphabet="a `~![](<>-\n\t|img\"'=\\$", max_size=400))
def test_nothing_is_added_and_cleaning_twice_changes_nothing(text: str) -> None:
    left = clean_markdown(text)
    letters = iter(text)
    assert all(letter in letters for letter in left.rstrip("\n"))


HARD = ["![", "[", "``` `", "<!--", " ", "<img ", "<p>", "[![a](b)", "```\n", "    \n", "- ", "> ", "<a>", "(("]


@pytest.mark.parametrize("clean", [clean_markdown, clean_restructured_text])
@pytest.mark.parametrize("part", [*HARD, ".. ", "|a|", ".. |a| image:: b\n", "..\n"])
def test_the_time_is_linear(part: str, clean: object) -> None:
    began = time.process_time()
    clean(part * (200_000 // len(part)))  # type: ignore[operator]
    assert time.process_time() - began < 5
