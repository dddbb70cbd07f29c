"""Archives of all kinds give the documents in them, named ARCHIVE!PATH."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hornbook
from hornbook.data.extract.containers import Place, read_beside
from tests.data.extract.test_bad_input import tarred, zipped

FILES = {
    "b/one.md": b"# One\n\nThe first text.\n",
    "b/two.py": b"print(2)\n",
    "three.txt": "The third: caf\xe9.".encode("cp1252"),
}
TEXTS = ["# One\n\nThe first text.\n", "print(2)\n", "The third: café."]


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)  # type: ignore[no-any-return]


ARCHIVES = [
    ("a.zip", zipped(**FILES)),
    ("a.tar", tarred(**FILES)),
    ("a.tar.gz", gzip.compress(tarred(**FILES))),
    ("a.tgz", gzip.compress(tarred(**FILES))),
    ("a.tar.bz2", bz2.compress(tarred(**FILES))),
    ("a.tar.xz", lzma.compress(tarred(**FILES))),
    ("a.tar.zst", zstd(tarred(**FILES))),
    ("no suffix", zipped(**FILES)),
    ("wrong.txt", gzip.compress(tarred(**FILES))),
]
COMPRESSED = [
    ("a.md.gz", gzip.compress(FILES["b/one.md"])),
    ("a.md.bz2", bz2.compress(FILES["b/one.md"])),
    ("a.md.xz", lzma.compress(FILES["b/one.md"][:9]) + lzma.compress(FILES["b/one.md"][9:])),
    ("a.md.zst", zstd(FILES["b/one.md"])),
]


@pytest.mark.parametrize(("name", "data"), ARCHIVES, ids=[name for name, _ in ARCHIVES])
def test_every_archive_gives_its_documents(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    found = hornbook.load_records(tmp_path / name, "documents")
    assert [document.text for document in found] == TEXTS and not found.set_aside
    assert [document.origin for document in found] == [f"{name}!{path}" for path in FILES]
    assert [document.source for document in found] == ["web", "code", "web"]


@pytest.mark.parametrize(("name", "data"), COMPRESSED, ids=[name for name, _ in COMPRESSED])
def test_a_compressed_document(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    (document,) = hornbook.load_records(tmp_path / name, "documents")
    assert (document.text, document.origin, document.metadata["format"]) == (TEXTS[0], "a.md", "markdown")


def test_archives_in_archives_and_rows_in_them(tmp_path: Path) -> None:
    table = io.BytesIO()
    pq.write_table(pa.table({"text": ["from Parquet"], "license": ["MIT"]}), table)
    rows = b'{"text": "from JSON", "url": "http://x", "date": "2020-01-02"}\n{"title": "none"}\n'
    inner = tarred(**{"in/rows.jsonl": rows, "t.parquet": table.getvalue()})
    outer = zipped(**{"x/inner.tar.gz": gzip.compress(inner), "__MACOSX/._a.txt": b"no", ".hidden/a.txt": b"no"})
    (tmp_path / "o.zip").write_bytes(outer)
    found = hornbook.load_records([tmp_path / "o.zip"], "documents")
    assert [(d.text, d.origin) for d in found] == [
        ("from JSON", "http://x"), ("from Parquet", "o.zip!x/inner.tar.gz!t.parquet:1")
    ]  # fmt: skip
    assert found[0].metadata == {"url": "http://x", "date": "2020-01-02"} and found[1].metadata == {"license": "MIT"}
    ((where, reason),) = found.set_aside
    assert where == f"{tmp_path}/o.zip!x/inner.tar.gz!in/rows.jsonl:2" and reason.startswith("no text")


def test_the_repository_of_an_archive(tmp_path: Path) -> None:
    metadata = b"Metadata-Version: 2.1\nName: pack\nVersion: 2.0\nLicense-Expression: Apache-2.0\n\nText"
    (tmp_path / "p.tar.gz").write_bytes(
        gzip.compress(tarred(**{"p-2.0/src/a.py": b"x = 1\n", "p-2.0/PKG-INFO": metadata, "p-2.0/README.md": b"# P\n"}))
    )
    code, _, readme = hornbook.load_records(tmp_path / "p.tar.gz", "documents")
    assert code.metadata["package"] == "pack 2.0" and code.metadata["license"] == "Apache-2.0"
    assert code.metadata["repository"] == readme.metadata["repository"] == "p.tar.gz!p-2.0"


def warc(*records: tuple[str, str, str, bytes]) -> bytes:
    """(url, status and type, charset, body) of each response."""
    parts = []
    for url, kind, charset, body in records:
        status, _, mime = kind.partition(" ")
        http = f"HTTP/1.1 {status} X\r\nContent-Type: {mime}; charset={charset}\r\n\r\n".encode() + body
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-05-06T07:08:09Z\r\n"
        head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        parts.append(head.encode() + http + b"\r\n\r\n")
    return b"".join(parts)


@pytest.mark.parametrize("packed", [False, True])
def test_web_archives(packed: bool, tmp_path: Path) -> None:
    pytest.importorskip("fastwarc")
    data = warc(
        ("http://x.org/a", "200 text/plain", "windows-1251", "Привет, мир".encode("cp1251")),
        ("http://x.org/b", "404 text/plain", "utf-8", b"gone"),
        ("http://x.org/c.png", "200 image/png", "", b"\x89PNG\r\n\x1a\n123"),
        ("http://x.org/d.md", "200 text/markdown", "utf-8", b"# D\n"),
    )
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(data) if packed else data)
    found = hornbook.load_records(tmp_path / "a.warc.gz", "documents")
    assert [(d.text, d.origin) for d in found] == [
        ("Привет, мир", "a.warc.gz!http://x.org/a"), ("# D\n", "a.warc.gz!http://x.org/d.md")
    ]  # fmt: skip
    assert found[0].metadata == {"url": "http://x.org/a", "date": "2024-05-06T07:08:09Z", "format": "text"}
    assert [reason.partition(":")[0] for _, reason in found.set_aside] == ["no page", "binary file"]


def test_names_that_are_no_unicode_or_very_long(tmp_path: Path) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        for name in ("caf\xe9.md", "caf\xe9.html", "n" * 300 + ".jsonl"):
            info = tarfile.TarInfo(name)
            info.size = 13
            archive.addfile(info, io.BytesIO(b'{"text": "x"}'))
    (tmp_path / "a.tar").write_bytes(target.getvalue())
    (tmp_path / os.fsdecode(b"b\xff.txt")).write_text("a text")
    (tmp_path / os.fsdecode(b"b\xff.pdf")).write_bytes(b"%PDF-1.4 broken")
    result = hornbook.extract_files(tmp_path, out=tmp_path.parent / "out")
    assert {document.text for document in result.documents} >= {"x", "a text", '{"text": "x"}'}
    assert any("caf\ufffd.md" in document.origin for document in result.documents)


def test_a_file_beside_a_document(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "in" / "sub" / "b.tex").write_text("B")
    (tmp_path / "in" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "in" / "a.tgz").write_bytes(
        gzip.compress(tarred(**{"p/main.tex": b"M", "p/q/b.tex": b"Q", "c.tex": b"C"}))
    )
    place = Place(tmp_path / "in", tmp_path / "in" / "a.tex")
    beside = {
        path: read_beside(place, path) for path in ("sub/b.tex", "none", "../secret.txt", "link.txt", "/etc/passwd", "")
    }
    assert beside.pop("sub/b.tex") == b"B" and set(beside.values()) == {None}
    inside = Place(tmp_path / "in", tmp_path / "in" / "a.tgz", ("p/main.tex",))
    assert [read_beside(inside, path) for path in ("q/b.tex", "../c.tex", "../../secret.txt")] == [b"Q", b"C", None]


def test_a_zip_archive_is_not_taken_for_a_document_nor_a_document_for_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(zipped(**{"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}))
    with zipfile.ZipFile(tmp_path / "b.epub", "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("x.txt", "a text")
    (tmp_path / "c.xlsx").write_bytes(zipped(**{"xl/workbook.xml": b"<x/>"}))
    (tmp_path / "d.txt").write_text("a text")
    found = hornbook.load_records(tmp_path, "documents")
    assert [document.origin.rpartition("/")[2] for document in found] == ["d.txt"]
    assert "workbook" in found.set_aside[2].reason and len(found.set_aside) == 3
