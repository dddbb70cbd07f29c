"""Corpora as they are published → documents with their source, origin and language. Add a row for a new form."""

import json
from pathlib import Path
from typing import Any

import pytest

import hornbook
from hornbook.base.errors import HornbookError

FORMS: list[tuple[str, dict[str, Any], str, str, str]] = [  # name, row, source, origin, language
    ("text alone", {"text": "t"}, "web", "a.jsonl:1", ""),
    ("FineWeb", {"text": "t", "id": "<urn>", "url": "u", "file_path": "s3", "language": "en"}, "web", "u", "en"),
    ("C4", {"text": "t", "timestamp": "2019", "url": "u"}, "web", "u", ""),
    ("Dolma", {"id": "1", "text": "t", "source": "cc", "metadata": {"url": "u"}}, "web", "u", ""),
    ("RedPajama", {"text": "t", "meta": "{'url': 'u', 'language': 'en'}"}, "web", "u", "en"),
    ("RedPajama 2", {"raw_content": "t", "doc_id": "x", "meta": "{}"}, "web", "a.jsonl:1", ""),
    ("The Stack", {"content": "t", "hexsha": "x", "ext": "py", "lang": "Python", "max_stars_repo_path": "a.py"}, "code",
     "a.py", "Python"),
    ("StarCoder", {"content": "t", "max_stars_repo_path": "a.py", "max_stars_repo_name": "r"}, "code", "a.py", ""),
    ("Cosmopedia", {"prompt": "p", "text": "t", "format": "f", "seed_data": "s"}, "web", "a.jsonl:1", ""),
    ("Wikipedia", {"id": "12", "url": "u", "title": "T", "text": "t"}, "web", "u", ""),
    ("a source of another row of table 5", {"text": "t", "source": "synthetic", "origin": "o"}, "synthetic", "o", ""),
    ("a source of table 5", {"text": "t", "source": "acquired"}, "acquired", "a.jsonl:1", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "row", "source", "origin", "language"), FORMS, ids=[form[0] for form in FORMS])
def test_a_form_is_read_as_it_comes(
    tmp_path: Path, name: str, row: dict[str, Any], source: str, origin: str, language: str
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    (document,) = hornbook.load_records(tmp_path / "a.jsonl", "documents")
    assert (document.text, document.source, document.origin, document.language) == ("t", source, origin, language)


@pytest.mark.parametrize("row", [{"text": " "}, {"text": None}, {"blob_id": "x", "path": "/a"}, {"text": ["a"]}])
def test_a_row_without_text_is_set_aside(tmp_path: Path, row: dict[str, Any]) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    with pytest.raises(HornbookError, match=r"a\.jsonl:1: no text: expected one of text"):
        hornbook.load_records(tmp_path / "a.jsonl", "documents")
