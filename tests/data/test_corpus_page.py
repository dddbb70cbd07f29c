"""The page of a corpus: the same examples in any order, copies side by side, texts of others harmless."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import Document
from hornbook.data.curation.corpus_counts import CorpusCounts
from hornbook.data.curation.corpus_examples import EACH, CorpusExamples
from hornbook.data.curation.corpus_page import side_by_side, write_corpus_page
from hornbook.data.curation.shard import RejectedDocument, rejected


def document(number: int, quality: float = 0.9, text: str = "") -> Document:
    return Document(
        id=f"doc-{number}", text=text or f"text {number}", source="web", origin=f"site/{number}", language="en",
        language_score=0.5 + number / 1000, quality=quality,
    )  # fmt: skip


def collected(dropped: list[RejectedDocument], kept: list[Document]) -> CorpusExamples:
    examples = CorpusExamples()
    for one in dropped:
        examples.drop(one)
    for other in kept:
        examples.keep(other)
    return examples


def test_those_that_were_almost_kept_or_almost_dropped_are_shown():
    dropped = [rejected(document(n, n / 100), f"low quality: {n / 100}") for n in range(40)]
    examples = collected(dropped, [document(n, n / 100) for n in range(50, 90)])
    assert [one.quality for one in examples.dropped()["low quality"]] == [0.39, 0.38, 0.37, 0.36, 0.35, 0.34]
    assert [one.quality for one in examples.lowest()] == [0.5, 0.51, 0.52, 0.53, 0.54, 0.55]
    assert [one.id for one in examples.unclear()] == [f"doc-{n}" for n in range(50, 56)]


@given(st.integers(0, 2**32))
def test_the_examples_are_the_same_in_any_order(seed):
    dropped = [rejected(document(n), "too short: 3 characters") for n in range(30)]
    kept = [document(n) for n in range(30, 60)]
    shuffled = random.Random(seed).sample(dropped, 30), random.Random(seed).sample(kept, 30)
    one, other = collected(dropped, kept), collected(*shuffled)
    assert len(one.dropped()["too short"]) == EACH
    assert (one.dropped(), one.lowest(), one.unclear()) == (other.dropped(), other.lowest(), other.unclear())


@given(st.text(max_size=80), st.text(max_size=80))
def test_two_texts_side_by_side_are_whole(one, other):
    left, right = side_by_side(one, other)
    for pieces, text in ((left, one), (right, other)):
        assert "".join(piece for piece, _ in pieces) == text.rstrip() or not text.strip()
    assert [piece for piece, differs in left if not differs] == [piece for piece, differs in right if not differs]


def test_the_page_has_counts_reasons_and_copies_and_no_live_text(tmp_path):
    kept = document(1, text="Rivers run to the sea. <script>alert(1)</script>")
    copy = rejected(document(2, text="Rivers ran to the sea."), "near duplicate: of site/1", "doc-1", 0.81)
    counts = CorpusCounts(Counter({"web": 3}))
    examples = CorpusExamples()
    for one in (copy, rejected(document(3), "too short: 6 characters")):
        counts.drop(one)
        examples.drop(one)
    counts.keep(kept)
    examples.keep(kept)
    page = write_corpus_page(tmp_path, counts, examples).read_text()
    assert "1 of 3 documents were kept (33.3%)" in page
    assert "<h2>Set aside: near duplicate</h2>" in page and "<h2>Set aside: too short</h2>" in page
    assert "<mark> ran</mark>" in page and "<mark> run</mark>" in page
    assert "<script>" not in page and "&lt;script&gt;" in page
