"""`hornbook.extract`, and the stage `hornbook extract`."""

import subprocess
import sys
from pathlib import Path

import pytest

import hornbook
from hornbook.base.append_log import AppendLog
from hornbook.base.files import read_json
from hornbook.data.extract.document import NotExtractable
from tests.data.extract.test_bad_input import tarred, zipped

FORMATS = [  # bytes, MIME type, address, format
    (b"# T\n\nText", None, "a.md", "markdown"),
    (b"# T\n\nText", "text/markdown; charset=utf-8", None, "markdown"),
    (b"T\n=\n\nText", None, "https://x.org/a.rst?raw=1", "restructured_text"),
    (b"print(1)\n", None, "a.py", "code"),
    (b"#!/bin/sh\necho 1\n", None, "run", "code"),
    (b"<?php echo '<html>'; ?>", None, "index.php", "code"),
    (b"all:\n\tcc a.c\n", None, "a.tar!Makefile", "code"),
    (b"x = 1\n", None, "https://x.org/a.py?raw=1", "code"),
    (b"Just a text", None, None, "text"),
    (b"Just a text", "application/octet-stream", "https://x.org/unknown.ext", "text"),
]


@pytest.mark.parametrize(("data", "mime", "url", "form"), FORMATS)
def test_the_format_is_detected(data: bytes, mime: str | None, url: str | None, form: str) -> None:
    assert hornbook.extract(data, mime, url).metadata["format"] == form


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"\x89PNG\r\n\x1a\n\0", "an image"),
        (zipped(a=b"x"), "a zip archive"),
        (b"{\\rtf1 x}", "RTF"),
        (b"BM\0\0", "image"),
    ],
)
def test_what_is_no_document_raises_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(NotExtractable, match=reason):
        hornbook.extract(data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    root.mkdir()
    for number in range(60):
        (root / f"{number:02}.md").write_text(f"# Title {number}\n\nText ![x](y.png) {number}\n")
    (root / "more.tar").write_bytes(tarred(**{f"p/{n}.py": f"x = {n}\n".encode() for n in range(60)}))
    (root / "rows.jsonl").write_text('{"text": "one row", "license": "MIT"}\n{"none": 1}\n')
    (root / "bad.zip").write_bytes(b"PK\x03\x04broken")
    return root


FILES = ("documents.parquet", "rejects.jsonl", "book.json", "samples.html")


def test_all_that_it_writes(folder: Path, tmp_path: Path) -> None:
    result = hornbook.extract_files(folder, out=tmp_path / "out")
    assert result.counts["documents"] == 121 == len(result.documents)
    assert result.rejected == {"broken archive": 1, "no text": 1}
    assert {name: row["documents"] for name, row in result.notes["formats"].items()} == {
        "markdown": 60, "python": 60, "rows": 1
    }  # fmt: skip
    first = result.documents[0]
    assert first.text == "# Title 0\n\nText 0\n" and first.metadata == {"title": "Title 0", "format": "markdown"}
    page = (tmp_path / "out" / "samples.html").read_text()
    assert page.count("<summary>") == 20 and "![x](y.png)" in page and "<script" not in page
    assert not (tmp_path / "out" / "journal.jsonl").exists()
    again = hornbook.load_records(tmp_path / "out", "documents")
    assert list(again) == result.documents


def test_the_number_of_workers_changes_no_byte(folder: Path, tmp_path: Path) -> None:
    for workers in (1, 3):
        hornbook.extract_files(folder, out=tmp_path / str(workers), workers=workers)
    for name in FILES:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "3" / name).read_bytes()


@pytest.mark.parametrize("lines", [1, 50, 110])
def test_a_killed_run_goes_on(lines: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hornbook.extract_files(folder, out=tmp_path / "whole")
    written: list[bytes] = []
    append = AppendLog.append

    def killed(log: AppendLog, line: bytes) -> None:
        if len(written) == lines:
            append(log, line[:20])
            raise KeyboardInterrupt
        written.append(line)
        append(log, line)

    with monkeypatch.context() as patch:
        patch.setattr(AppendLog, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            hornbook.extract_files(folder, out=tmp_path / "parts")
    journal = tmp_path / "parts" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-1])  # the last line is torn
    hornbook.extract_files(folder, out=tmp_path / "parts")
    for name in FILES:
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_command(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hornbook", "extract"]
    done = subprocess.run([*command, str(folder), "--out", str(tmp_path / "out")], capture_output=True, text=True)
    assert done.returncode == 0 and "set aside: 1 broken archive" in done.stderr and "markdown" in done.stdout
    assert read_json(tmp_path / "out" / "stage.json")["counts"]["documents"] == 121
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True).stdout
    assert "hornbook extract my-docs/" in shown and "--memory-mb" in shown
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.bin").write_bytes(b"\0\1")
    for path, line in ((tmp_path / "none", "the files hold no readable document"), (tmp_path / "gone", "no such file")):
        failed = subprocess.run([*command, str(path), "--out", str(tmp_path / "x")], capture_output=True, text=True)
        assert failed.returncode == 2 and line in failed.stderr and "Traceback" not in failed.stderr
