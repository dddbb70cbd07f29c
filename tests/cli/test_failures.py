"""What the operating system refuses is one line and exit code 2; output that nobody reads is no error."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hornbook.base.files import write_records
from hornbook.base.records import Document
from hornbook.cli.os_errors import KNOWN, explain_os_error

HORNBOOK = f"{sys.executable} -m hornbook"
MIX = "mixture --tokenizer tok --documents docs.parquet --tokens 4000 --context 64 --shares '{web: 1.0}' --out out"

# error, what is said
SAID: list[tuple[BaseException, str]] = [
    (PermissionError(errno.EACCES, "Permission denied", "a/b"), "a/b: permission denied; choose another path"),
    (IsADirectoryError(errno.EISDIR, "Is a directory", "a"), "a: is a folder; expected a file"),
    (NotADirectoryError(errno.ENOTDIR, "Not a directory", "a/b"), "a/b: a part of the path is a file"),
    (OSError(errno.ENOSPC, "No space left on device"), "the disk is full; free some space and run"),
    (OSError(errno.EMFILE, "Too many open files", "a"), "a: too many open files; raise the limit (ulimit -n 4096)"),
    (OSError(errno.EROFS, "Read-only file system", "/a"), "/a: the file system is read-only"),
    (OSError(errno.ENAMETOOLONG, "File name too long", "a" * 300), "this name is too long"),
    (OSError(errno.EXDEV, "Invalid cross-device link", "a", None, "b"), "a and b: Invalid cross-device link"),
    (OSError(errno.EACCES, "Permission denied", b"caf\xe9"), "caf\udce9: permission denied"),
    (OSError("something else"), "something else"),
    (OSError(), "OSError"),
    (OSError("25600 requested and 5176 written"), "a file could be written only in part"),
    (RuntimeError("I/O error: No space left on device (os error 28)"), "the disk is full"),
    (
        RuntimeError('IoError(Os { code: 13, kind: PermissionDenied, message: "denied" })'),
        "permission denied",
    ),
    (ExceptionGroup("two", [ValueError("a"), OSError(errno.ENOSPC, "No space")]), "the disk is full"),
]


@pytest.mark.parametrize(("error", "said"), SAID, ids=lambda value: value if isinstance(value, str) else "")
def test_an_error_of_the_system_in_words(error: BaseException, said: str) -> None:
    assert said in str(explain_os_error(error))


def test_every_number_has_a_line_of_its_own() -> None:
    for number, line in KNOWN.items():
        assert explain_os_error(OSError(number, os.strerror(number), "file")) == f"file: {line}"


def test_what_caused_an_error_counts_and_other_errors_are_left_alone() -> None:
    error = RuntimeError("could not save")
    error.__cause__ = OSError(errno.EDQUOT, "Disk quota exceeded")
    assert "quota" in str(explain_os_error(error))
    assert explain_os_error(KeyError("os error")) is None and explain_os_error(ValueError("os error 28")) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("text\n" * 50)
    (tmp_path / "folder").mkdir()
    documents = [Document(id=f"d{i}", text=f"A fox, number {i}.", source="web", origin="o") for i in range(400)]
    write_records(tmp_path / "docs.parquet", Document, documents)
    return tmp_path


def shell(command: str, folder: Path, limit: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=120, preexec_fn=limit
    )


# a command that the system refuses, what is said
REFUSED = [
    ("curate folder --out file", "file: a part of the path is a file"),
    ("curate folder --out file/out", "file/out: a part of the path is a file"),
    ("run folder", "folder: cannot be read"),
    (f"curate folder --out {'a' * 300}", "this name is too long"),
    ("curate folder --out /proc/out", "/proc/out: no such file or folder"),
    ("synth --list > /dev/full", "the disk is full"),
    ("--help > /dev/full", "the disk is full"),
]


@pytest.mark.parametrize(("command", "said"), REFUSED, ids=lambda value: value[:40])
def test_a_refused_command_says_so_in_one_line(folder: Path, command: str, said: str) -> None:
    done = shell(f"{HORNBOOK} {command}", folder)
    assert done.returncode == 2 and said in done.stderr
    assert done.stderr.startswith("hornbook: ") and done.stderr.count("\n") == 1


def test_a_file_that_may_not_grow_is_one_line_at_the_end(folder: Path) -> None:
    made = shell(f"{HORNBOOK} tokenizer --documents docs.parquet --vocab-size 300 --out tok", folder)
    assert made.returncode == 0, made.stderr
    done = shell(f"{HORNBOOK} {MIX}", folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    assert done.returncode == 2 and "the file would be larger than is allowed" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert shell(f"{HORNBOOK} {MIX}", folder).returncode == 0  # and goes on, once it may


# output that nobody reads to its end
@pytest.mark.parametrize(
    "command", ["synth --list | head -n 1", "synth --list | true", "--help | true", "plan r.yaml | true"]
)
def test_a_reader_that_has_gone_is_no_error(folder: Path, command: str) -> None:
    (folder / "r.yaml").write_text("name: r\nstages: {trivia: {kind: trivia}}\n")
    done = shell(f"set -o pipefail; {HORNBOOK} {command}", folder)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_cannot_show_a_sign_gets_another(folder: Path) -> None:
    (folder / "größe.yaml").write_text("stages: 3\n")
    plain = "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0"
    done = shell(f"{plain} {HORNBOOK} plan größe.yaml", folder)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "stages" in done.stderr
    assert shell(f"{plain} {HORNBOOK} synth --list", folder).returncode == 0
