"""How the extraction benchmark scores an output."""

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.extract_articles import read_articles, words_f1
from benchmarks.extract_sites import Site
from benchmarks.extract_truth import compare, longest_common_subsequence, read_truth
from hornbook.base.errors import HornbookError

PAGE = """<nav><a href="/">Table of everything</a></nav><main role="main">
<h1>Laws<a class="headerlink" href="#l">¶</a></h1><p>It is <span class="math">\\(x^2\\)</span> here.</p><pre>if x:
    y</pre><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></main>"""
SITE = Site("site", "package", "folder")
RIGHT = "# Laws\n\nIt is $x^2$ here.\n\n```\nif x:\n    y\n```\n\na | b\n--- | ---\n1 | 2"


@pytest.mark.parametrize(
    ("first", "second", "length"),
    [("a b c", "a b c", 3), ("a b c", "c b a", 1), ("a b a b", "b a b", 3), ("", "a", 0), ("a x b", "a b", 2)],
)
def test_longest_common_subsequence(first, second, length):
    assert longest_common_subsequence(first.split(), second.split()) == length


@pytest.mark.parametrize(
    ("output", "f1", "formulas", "codes", "tables", "leaked"),
    [
        (RIGHT, 1.0, 1, 1, 1, False),
        (RIGHT + "\n\nTable of everything", 0.88, 1, 1, 1, True),
        (RIGHT.replace("$x^2$", "x2"), 0.86, 0, 1, 1, False),
        (RIGHT.replace("    y", "y"), 1.0, 1, 0, 1, False),
        (RIGHT.replace("a | b", "a b"), 1.0, 1, 1, 0, False),
        (RIGHT.replace("if x:\n    y", "  if x:\n      y"), 1.0, 1, 1, 1, False),
    ],
)
def test_parts_of_a_page_that_an_output_has(output, f1, formulas, codes, tables, leaked):
    truth = read_truth(PAGE, SITE)
    assert truth is not None
    kept = compare(truth, output)
    assert (kept.formulas, kept.codes, kept.tables, kept.leaked) == (formulas, codes, tables, leaked)
    assert kept.f1 == pytest.approx(f1, abs=0.04)


def test_articles_are_read_with_the_words_that_people_marked(tmp_path: Path) -> None:
    news, magazines = tmp_path / "article-extraction-benchmark", tmp_path / "readability/test/test-pages"
    (news / "html").mkdir(parents=True)
    (news / "ground-truth.json").write_text(json.dumps({"a": {"articleBody": "A body rests."}}))
    (news / "html/a.html.gz").write_bytes(gzip.compress(b"<p>A body rests."))
    for name in ("one", "two", "three"):
        (magazines / name).mkdir(parents=True)
        (magazines / name / "source.html").write_text("<p>Text")
        (magazines / name / "expected.html").write_text("<p>A &lt;b&gt;</p><p>c</p>")
    sets = read_articles(tmp_path)
    assert sets["news"][0].page == b"<p>A body rests." and sets["news"][0].words == ["A", "body", "rests"]
    rest = [article.words for name, articles in sets.items() if name != "news" for article in articles]
    assert rest == [["A", "b", "c"]] * 3


def test_without_the_articles_it_says_what_to_clone(tmp_path: Path) -> None:
    with pytest.raises(HornbookError, match="clone the repositories"):
        read_articles(tmp_path)


@pytest.mark.parametrize(
    ("output", "f1"),
    [("a body rests", 1.0), ("rests a body", 1.0), ("a body", 0.8), ("```python\na body rests", 1.0), ("", 0)],
)
def test_words_of_an_article(output: str, f1: float) -> None:
    assert words_f1(["a", "body", "rests"], output) == pytest.approx(f1)
