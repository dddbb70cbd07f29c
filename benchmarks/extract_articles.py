"""Pages of news, magazines and blogs with the text of their article, as people marked it.

The HTML benchmark reads them from two repositories, cloned beside each other:
scrapinghub/article-extraction-benchmark (181 pages) and mozilla/readability (130 pages).
"""

import gzip
import hashlib
import html
import json
import re
from collections import Counter
from pathlib import Path

import msgspec

from benchmarks.extract_truth import FENCE, WORD
from hornbook.base.errors import HornbookError

TAG = re.compile(r"<[^>]*>")


class Article(msgspec.Struct):
    """A page as its file holds it, and the words of its article."""

    page: bytes
    words: list[str]


def read_articles(folder: Path) -> dict[str, list[Article]]:
    """The sets by name. Raises HornbookError, with the commands to run, where a repository is missing."""
    read = {"article-extraction-benchmark": _annotated, "readability": _readability}
    for name in read:
        if not (folder / name).is_dir():
            raise HornbookError(f"no {folder / name}: clone the repositories of benchmarks/extract_articles.py there")
    pages = {name: by_key(folder / name) for name, by_key in read.items()}
    tuned = {key: page for key, page in pages["readability"].items() if not _is_odd(key)}
    untouched = {key: page for key, page in pages["readability"].items() if _is_odd(key)}
    return {
        "news": list(pages["article-extraction-benchmark"].values()),
        "magazines": list(tuned.values()),
        "magazines (not tuned on)": list(untouched.values()),
    }


def words_f1(words: list[str], output: str) -> float:
    """F1 of the words as multisets: a title may stand before or after the date without being wrong."""
    found = Counter(WORD.findall(FENCE.sub("", output)))
    total = found.total() + len(words)
    return 2 * (found & Counter(words)).total() / total if total else 1.0


def _annotated(folder: Path) -> dict[str, Article]:
    texts = json.loads((folder / "ground-truth.json").read_text())
    pages = {key: gzip.decompress((folder / "html" / f"{key}.html.gz").read_bytes()) for key in sorted(texts)}
    return {key: Article(page, WORD.findall(texts[key]["articleBody"])) for key, page in pages.items()}


def _readability(folder: Path) -> dict[str, Article]:
    return {
        case.name: Article(
            (case / "source.html").read_bytes(),
            WORD.findall(html.unescape(TAG.sub(" ", (case / "expected.html").read_text()))),
        )
        for case in sorted((folder / "test/test-pages").iterdir())
        if (case / "expected.html").exists()
    }


def _is_odd(key: str) -> bool:
    """Whether a page is in the half that no rule was changed for."""
    return int(hashlib.md5(key.encode()).hexdigest(), 16) % 2 == 1
