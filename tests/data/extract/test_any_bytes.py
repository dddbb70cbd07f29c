"""Whatever the bytes are: a document, or a reason. No other exception leaves, and no process dies."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hornbook
from hornbook.base.errors import HornbookError
from hornbook.data.extract.containers import Member, SetAside, folder_repositories, read_members
from hornbook.data.extract.detect import MIMES, SUFFIXES
from hornbook.data.extract.document import NotExtractable
from tests.data.extract.test_containers import ARCHIVES, COMPRESSED, warc

HEADS = [
    b"",
    b"PK\x03\x04",
    b"%PDF-1.7",
    b"<?xml ",
    b"<html>",
    b"{",
    b"\xff\xfe",
    b"---\n",
    b"# ",
    b".. ",
    b"#!/bin/sh\n",
]
names = st.sampled_from(["", "a", *(f"a{suffix}" for suffix in SUFFIXES), "a.py", "a.json", "https://x.org/a.php"])
PAGES = warc(
    ("http://x.org/a", "200 text/plain", "utf-8", b"a page " * 30), ("http://x.org/b", "200 text/plain", "", b"b")
)
CONTAINERS = [*(data for _, data in (*ARCHIVES[:7], *COMPRESSED)), PAGES]


@given(st.sampled_from(HEADS), st.binary(max_size=300), names, st.sampled_from(["", "nonsense", *MIMES]))
def test_any_bytes_are_extracted_or_set_aside(head: bytes, data: bytes, name: str, mime: str) -> None:
    try:
        document = hornbook.extract(head + data, mime, name)
    except (NotExtractable, HornbookError) as reason:
        assert str(reason) and "\n" not in str(reason)
    else:
        assert document.text.strip() and document.metadata["format"]


@pytest.mark.parametrize("data", CONTAINERS, ids=range(len(CONTAINERS)))
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8), st.floats(0.1, 1))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_archives(tmp_path: Path, data: bytes, changes: list[tuple[float, int]], share: float) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[int(place * (len(damaged) - 1))] = value
    (tmp_path / "a").write_bytes(damaged[: int(share * len(damaged))])
    for found in read_members(tmp_path / "a", "a", tmp_path, folder_repositories(tmp_path)):
        assert isinstance(found, Member) or (isinstance(found, SetAside) and "\n" not in found.reason)
