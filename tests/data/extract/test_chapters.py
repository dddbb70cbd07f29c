"""A book is cut into chapters, not dropped."""

import json
from pathlib import Path

import pytest

import hornbook
from hornbook.data.extract.chapters import chapters, cut
from hornbook.data.readers.documents import new_document

PARAGRAPH = "It was a long way to the sea, and nobody had told them so. " * 3
CUTS = [  # text, limit, the pieces
    ("short", 10, ["short"]),
    ("# A\n\naaaa\n\n# B\n\nbbbb\n", 12, ["# A\n\naaaa", "# B\n\nbbbb"]),
    ("# A\n\naa\n\n# B\n\nbb\n\n# C\n\ncc\n", 20, ["# A\n\naa\n\n# B\n\nbb", "# C\n\ncc"]),
    ("# T\n\n## A\n\naaaaaaaa\n\n## B\n\nbbbbbbbb\n", 22, ["# T\n\n## A\n\naaaaaaaa", "## B\n\nbbbbbbbb"]),
    ("Chapter 1\n\naaaaaa\n\nChapter II\n\nbbbbbb\n", 22, ["Chapter 1\n\naaaaaa", "Chapter II\n\nbbbbbb"]),
    ("aaaa\n\nbbbb\n\ncccc", 12, ["aaaa\n\nbbbb", "cccc"]),
    ("```\n# no heading\n```\n\n# A\n\naaaa\n", 25, ["```\n# no heading\n```", "# A\n\naaaa"]),
    ("a" * 30, 10, ["a" * 30]),
    ("# A\n\n" + "a" * 30 + "\n\nbb", 10, ["# A", "a" * 30, "bb"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "limit", "pieces"), CUTS)
def test_it_is_cut_at_headings_then_at_empty_lines(text: str, limit: int, pieces: list[str]) -> None:
    assert cut(text, limit) == pieces


def test_nothing_is_lost_and_what_is_known_travels() -> None:
    text = "\n\n".join(f"{'#' * (1 + n % 3)} Part {n}\n\n{PARAGRAPH}" for n in range(40))
    book = new_document(text, "book.epub", "web", "prose", "en")
    book.metadata = {"title": "The Sea", "author": "Ann"}
    pieces = chapters(book, 1_000)
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())
    assert all(len(piece.text) <= 1_000 and piece.metadata["author"] == "Ann" for piece in pieces)
    assert [piece.origin for piece in pieces[:2]] == ["book.epub", "book.epub#2"] and pieces[0].language == "en"
    assert pieces[1].metadata["title"].startswith("The Sea - Part ") and len({p.id for p in pieces}) == len(pieces)
    assert chapters(book, 10**6) == [book]


def test_a_book_goes_through_curate(tmp_path: Path) -> None:
    """What a user knows of it (title, licence, date) is there afterwards."""
    sentence = "the river and the town were quiet in winter so that we went there for a walk"
    words = sentence.split(" ")
    parts = [" ".join(words[n * k % len(words)] for k in range(1, 150)) + f" number {n}." for n in range(1, 12)]
    text = "\n\n".join(f"# Chapter {n}\n\n{part}" for n, part in enumerate(parts, 1))
    row = {"text": text, "title": "Winter", "licence": "CC0-1.0", "date": "1901", "author": ["Ann", "Bo"], "id": 7}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    settings = {"max_chars": 2_000, "min_quality": 0.0, "against": [], "languages": [], "near_duplicate": 2.0}
    result = hornbook.curate(tmp_path / "a.jsonl", out=tmp_path / "out", **settings)  # type: ignore[arg-type]
    assert len(result.documents) > 3 and "too long" not in result.rejected
    known = {"license": "CC0-1.0", "date": "1901", "author": "Ann, Bo", "id": "7"}
    assert all(known.items() <= document.metadata.items() for document in result.documents)
