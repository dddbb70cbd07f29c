"""Bad input, as a table: each is set aside with its reason, in bounded time and memory, and the others are read."""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import re
import resource
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hornbook
from hornbook.data.readers.load import stream_records

GOOD = "A good text beside the bad one, which is read whatever is wrong with its neighbours."
MB = 1 << 20


def zipped(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def tarred(**files: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped(a=b"secret words " * 20))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def nested(depth: int) -> bytes:
    data = GOOD.encode()
    for _ in range(depth):
        data = zipped(**{"inner.zip" if data[:2] == b"PK" else "a.txt": data})
    return data


def word(xml: bytes) -> bytes:
    types = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    return zipped(**{"[Content_Types].xml": types, "word/document.xml": xml})


ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "lol">{ENTITIES}]><d><p>&l9;</p></d>'.encode()
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pa"

ANY = ".*"  # set aside, or read as far as it goes
ROWS: list[tuple[str, str, Callable[[], bytes], str]] = [  # what, file name, its bytes, the reason (a pattern)
    ("an empty file", "a.txt", lambda: b"", "empty file"),
    ("nothing but spaces", "a.md", lambda: b" " * 20_000, "empty file"),
    ("nothing but zeros", "a.txt", lambda: b"\0" * 5_000, "empty file"),
    ("an image", "a.txt", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "binary file: an image"),
    ("a program called Markdown", "a.md", lambda: b"\x7fELF\x02\x01" + bytes(range(256)), "binary file: a program"),
    ("random bytes", "a.txt", lambda: bytes((n * n * 7919 >> 4) & 255 for n in range(5_000)), "binary|unknown"),
    ("control characters", "a.py", lambda: b"print(1)\n" + b"\x01\x02\x03" * 900, "binary file"),
    ("Windows-1252 called UTF-8", "a.html.txt", lambda: '<meta charset="utf-8">caf\xe9 cr\xe8me'.encode("cp1252"), ANY),
    ("UTF-8 that breaks off", "a.txt", lambda: ("naïve café " * 40).encode()[:-3] + b"\xc3", ANY),
    ("a zip archive that breaks off", "a.zip", lambda: zipped(b=os.urandom(5_000))[:3_000], "broken archive"),
    ("a zip archive in name only", "a.zip", lambda: b"PK\x03\x04" + b"\1" * 400, "broken archive"),
    ("a zip archive of broken data", "a.zip", lambda: zipped(b=b"word" * 900).replace(b"K\1\2", b"K\1\3"), "broken"),
    ("an encrypted zip archive", "a.zip", encrypted, "encrypted file"),
    ("a tar archive that breaks off", "a.tar", lambda: tarred(b=b"binary\0" * 900)[:1_000], "broken archive"),
    ("a tar.gz that breaks off", "a.tar.gz", lambda: gzip.compress(tarred(b=os.urandom(9_000)))[:4_000], "broken"),
    ("gzip in name only", "a.txt.gz", lambda: b"\x1f\x8b\x08\0" + b"\7" * 90, "broken archive|unreadable file"),
    ("xz that breaks off", "a.txt.xz", lambda: lzma.compress(os.urandom(9_000))[:900], "broken archive"),
    ("bzip2 of broken data", "a.txt.bz2", lambda: bz2.compress(os.urandom(9_000))[:900] + b"x" * 99, "broken|unread"),
    ("zstandard in name only", "a.txt.zst", lambda: b"\x28\xb5\x2f\xfd" + b"\7" * 90, "broken archive|unreadable file"),
    ("7z", "a.7z", lambda: b"7z\xbc\xaf\x27\x1c" + b"\7" * 90, "unread format: a 7z archive"),
    ("archives five deep", "a.zip", lambda: nested(5), "nested archive"),
    ("a bomb of gzip", "a.txt.gz", lambda: gzip.compress(bytes(70 * MB)), "too large"),
    ("a bomb of tar.gz", "a.tar.gz", lambda: gzip.compress(tarred(a=bytes(400 * MB))), "decompression bomb"),
    ("a bomb of xz", "a.jsonl.xz", lambda: lzma.compress(bytes(400 * MB), preset=0), "decompression bomb|corrupt line"),
    ("a bomb of zip", "a.zip", lambda: zipped(**{f"{n}.txt": bytes(63 * MB) for n in range(6)}), "decompression bomb"),
    ("one line of 100 MB", "a.txt", lambda: b"word " * (20 * MB), "too large"),
    ("one line of 40 MB", "a.txt", lambda: b"word " * (8 * MB), "data-like file: a line of"),
    ("a row of 100 MB", "a.jsonl", lambda: b'{"text": "' + b"word " * (20 * MB) + b'"}', "corrupt line"),
    ("JSON nested 100,000 deep", "a.json", lambda: b"[" * 100_000 + b"]" * 100_000, "no rows"),
    ("JSON lines nested 100,000 deep", "a.jsonl", lambda: b'{"a":' * 100_000 + b"}" * 100_000, "corrupt|not of"),
    ("a text that is deep JSON", "a.jsonl", lambda: json.dumps({"text": "x", "meta": "[" * 100_000}).encode(), ANY),
    ("a notebook nested deep", "a.ipynb", lambda: b'{"cells": ' + b"[" * 100_000, ANY),
    ("HTML nested 10,000 deep", "a.html", lambda: b"<html>" + b"<div>" * 10_000 + b"text", ANY),
    ("XML nested 10,000 deep", "a.xml", lambda: b"<?xml version='1.0'?>" + b"<a>" * 10_000 + b"text", ANY),
    ("an entity bomb in XML", "a.xml", lambda: LAUGHS, ANY),
    ("an entity bomb in Word", "a.docx", lambda: word(LAUGHS), ANY),
    ("a Word file that breaks off", "a.docx", lambda: word(b"<w:d>" + os.urandom(3_000))[:2_000], "broken|unread|word"),
    ("an old Word file", "a.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unread format"),
    ("a PDF that breaks off", "a.pdf", lambda: PDF, "pdf|PDF"),
    ("a PDF of noise", "a.pdf", lambda: b"%PDF-1.4\n" + os.urandom(5_000), "pdf|PDF"),
    ("a WARC file that breaks off", "a.warc", lambda: b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99", ANY),
    ("WARC of noise", "a.warc.gz", lambda: gzip.compress(b"WARC/1.0\r\n" + os.urandom(3_000)), ANY),
    ("20,000 brackets", "a.md", lambda: b"![" * 20_000, ANY),
    ("20,000 spaces in a text", "a.md", lambda: b"a" + b" " * 20_000 + b"<b", ANY),
    ("20,000 spaces in code", "a.py", lambda: b"x = 1" + b" " * 20_000 + b"\n", ANY),
    ("a null in a name", "a.jsonl", lambda: b'{"text": null}\n', "no text"),
]  # fmt: skip


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Fails when the block takes longer than so many seconds of this process's and its children's time, or raises the
    most memory that this process has held by more than 700 MB."""
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - began < seconds
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700 << 10


def read(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """(texts, reasons) by the path below the folder."""
    reasons: dict[str, str] = {}
    documents = list(
        stream_records(
            folder, "documents", lambda where, reason: reasons.setdefault(where[len(str(folder)) + 1 :], reason)
        )
    )
    return {document.origin.partition("/")[2]: document.text for document in documents}, reasons


@pytest.mark.parametrize(("what", "name", "make", "reason"), ROWS, ids=[row[0] for row in ROWS])
def test_it_is_set_aside_and_the_others_are_read(
    what: str, name: str, make: Callable[[], bytes], reason: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(make())
    (tmp_path / "good.txt").write_text(GOOD)
    with limited(20):
        texts, reasons = read(tmp_path)
    assert texts["good.txt"] == GOOD
    if reason is not ANY:
        assert set(texts) == {"good.txt"}
        assert any(re.search(reason, found) for found in reasons.values()), reasons
    assert all("\n" not in line and "Traceback" not in line and len(line) < 500 for line in reasons.values())


def test_links_in_a_circle_and_pipes_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(GOOD)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "a.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.txt")
    texts, reasons = read(tmp_path)
    assert texts == {"good.txt": GOOD}
    assert set(reasons) == {"sub/up", "a.txt", "b.txt", "gone.txt", "pipe.txt"}
    assert all(reason.startswith("unreadable file") for reason in reasons.values())


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.parquet", "a.zip", "a.txt.gz"])
def test_a_file_that_vanishes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed, and gone when it is opened."""
    (tmp_path / name).write_bytes(b"here")
    (tmp_path / "good.txt").write_text(GOOD)
    from hornbook.data.readers import load

    listed = load.find_sources

    def then_gone(*given: object) -> object:
        found = listed(*given)  # type: ignore[arg-type]
        (tmp_path / name).unlink(missing_ok=True)
        return found

    monkeypatch.setattr(load, "find_sources", then_gone)
    texts, reasons = read(tmp_path)
    assert texts == {"good.txt": GOOD} and reasons[name].startswith("unreadable file: FileNotFoundError")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv"])
def test_a_file_that_grows(name: str, tmp_path: Path) -> None:
    """Another process appends to it all the time: reading it ends."""
    line = b'{"text": "one more line"}\n' if name == "a.jsonl" else b"text\n"
    (tmp_path / name).write_bytes(line * 1_000)
    (tmp_path / "good.txt").write_text(GOOD)
    stop = threading.Event()

    def grow() -> None:
        with (tmp_path / name).open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(line * 20)
                time.sleep(0.001)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        texts, _ = read(tmp_path)
    finally:
        stop.set()
        writer.join()
    assert texts["good.txt"] == GOOD


def test_the_stage_goes_on_whatever_is_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for number, (_, name, make, _) in enumerate(ROWS):
        if "100 MB" not in ROWS[number][0] and "bomb" not in ROWS[number][0]:
            (folder / str(number)).mkdir(parents=True)
            (folder / str(number) / name).write_bytes(make())
    (folder / "good.txt").write_text(GOOD)
    result = hornbook.extract_files(folder, out=tmp_path / "out")
    assert GOOD in [document.text for document in result.documents]
    listed = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()]
    assert len(listed) == sum(result.rejected.values()) >= 25 and all(row["reason"] for row in listed)
