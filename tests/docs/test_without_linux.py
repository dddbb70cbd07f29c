"""What macOS lacks, taken away: what needs Linux says so in one line, and everything else works."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.platform import cores, sync_data
from hornbook.oracles.judge import judge
from hornbook.sandbox.bubblewrap import bubblewrap
from tests.docs.running import run_here

LINUX_ONLY = ("fdatasync", "sched_getaffinity", "memfd_create", "pidfd_open", "pipe2")

# a command, its exit code: 2 where code is run
COMMANDS = [
    ("curate my-docs --out out", 0),
    ("tokenizer --documents clean --vocab-size 300 --out out", 0),
    ("train dpo my-model --pairs pivots --out out", 0),
    ("pts my-model --questions questions.jsonl --oracle number --screening 16 --max-new-tokens 8 --out out", 0),
    ("eval my-model --questions sums.jsonl --benchmarks [] --max-new-tokens 8 --out out", 0),
    ("export my-model --format gguf --out out.gguf", 0),
    ("synth clean --teacher.local model.gguf --profile small --kinds [textbook] --records 1 --out out", 0),
    ("synth clean --teacher.local model.gguf --profile small --kinds [code] --records 1 --out out", 2),
    ("eval my-model --questions code.jsonl --benchmarks [] --max-new-tokens 8 --out out", 2),
    ("pts my-model --questions code.jsonl --screening 4 --max-new-tokens 8 --out out", 2),
]


@pytest.fixture
def no_linux(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    limit = resource.setrlimit

    def refused(what: int, limits: tuple[int, int]) -> None:
        if what == resource.RLIMIT_AS:
            raise ValueError("current limit exceeds maximum limit")  # what macOS says
        limit(what, limits)

    for name in LINUX_ONLY:
        monkeypatch.delattr(os, name)
    monkeypatch.setattr(resource, "setrlimit", refused)
    bubblewrap.cache_clear()
    yield
    bubblewrap.cache_clear()


@pytest.mark.parametrize(("command", "code"), COMMANDS)
def test_a_command_works_or_says_that_it_needs_linux(
    command: str,
    code: int,
    workshop: Path,
    no_linux: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    Path("code.jsonl").write_text('{"question": "Write f, which adds one.", "tests": ["assert f(1) == 2"]}\n')
    Path("sums.jsonl").write_text('{"question": "What is 2 + 3?", "answer": "5"}\n')
    assert run_here(command.split(), monkeypatch) == code
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("hornbook: ")]
    assert ["Linux only" in line for line in said] == [True] * (code == 2)


def test_what_stands_in_for_calls_of_linux(no_linux: None, tmp_path: Path) -> None:
    assert cores() >= 1
    with (tmp_path / "file").open("w") as file:
        file.write("text")
        file.flush()
        sync_data(file.fileno())


def test_replies_are_judged_but_for_code(no_linux: None) -> None:
    assert judge("That is 4.", 4).right and judge(r"\boxed{\frac12}", "0.5").right
    with pytest.raises(HornbookError, match="Linux only"):
        judge("def f(x):\n    return x + 1", None, tests=["assert f(1) == 2"])
