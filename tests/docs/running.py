"""Running a command of a page, or only reading it as its program would."""

import argparse
import importlib
import io
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from hornbook.cli.main import hornbook, main
from hornbook.cli.stages import StageCommand
from tests.docs.pages import ROOT, VARIABLE
from tests.docs.tables import REPLACED
from tests.docs.workshop import ADDRESS, a_record

LONGEST = 200  # seconds


def replaced(text: str, record: str, teacher: str = "TEACHER") -> str:
    """The command with the models, paths and sizes of the test."""
    environment = " ".join(word for word in text.split() if VARIABLE.fullmatch(word))
    command = text.removeprefix(environment).strip()
    for pattern, other in REPLACED:
        command = re.sub(pattern, other, command)
    return f"{environment} {command}".strip().replace("SAMPLE", record).replace("TEACHER", teacher)


def run(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command in `folder`, without what its --out names. Fails unless it ends with exit code 0."""
    words = shlex.split(replaced(text, a_record(folder), (folder / ADDRESS).read_text()))
    while VARIABLE.fullmatch(words[0]):
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    if "--out" in words:
        _remove(folder / words[words.index("--out") + 1])
    if words[0] == "hornbook":
        assert run_here(words[1:], monkeypatch) == 0
    else:
        run_beside(words, folder)


def run_here(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """`hornbook` in this process, which saves the seconds of its start. Returns the exit code."""
    monkeypatch.setattr(sys, "argv", ["hornbook", *words])
    monkeypatch.setattr(sys, "stdin", io.StringIO("What is 2 + 3?\n"))  # for a command that reads it: chat
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def run_beside(words: list[str], folder: Path) -> None:
    """Any other program, in a process of its own, with a copy of the package: some commands write into it."""
    shutil.copytree(ROOT / "hornbook", folder / "hornbook", ignore=shutil.ignore_patterns("__pycache__"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
    command = " ".join(word if "*" in word else shlex.quote(word) for word in words)
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST
    )
    assert done.returncode == 0, done.stderr[-2000:]


def parse(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the command as its program would, and do nothing. Raises what the program would say."""
    words = shlex.split(replaced(text, a_record(folder), (folder / ADDRESS).read_text()))
    while VARIABLE.fullmatch(words[0]):
        words.pop(0)
    program, *rest = words
    if program == "make":
        assert re.search(rf"^{rest[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"no target {rest[0]}"
    elif program == "pip":
        extra = re.fullmatch(r"\.\[(\w+)\]", rest[1])
        assert (
            extra
            and extra[1] in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        )
    elif program == "python" and rest[0] == "-m":
        parse_module(rest[1], rest[2:], monkeypatch)
    elif program == "python":
        given = parse_script(ROOT / rest[0], rest[1:], monkeypatch)
        parse_hornbook([word for word in given.command if word != "--"])
    else:
        assert program == "hornbook", f"nothing here reads a command of {program}"
        parse_hornbook(rest)


def parse_hornbook(words: list[str]) -> None:
    """The command exists, takes these words, and its settings take their values."""
    command: click.Command = hornbook
    while isinstance(command, click.Group):
        command = command.commands[words[0]]
        words = words[1:]
    given = command.make_context(command.name, list(words)).params
    if isinstance(command, StageCommand):
        command.settings_from(given)


def parse_module(name: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    program = importlib.import_module(name).main
    if isinstance(program, click.Command):
        required = [o for o in program.params if o.required and isinstance(o, click.Option) and not words]
        if not required:  # named without its options, which its --help has
            program.make_context(name, list(words))
    else:
        parse_script(Path(importlib.import_module(name).__file__ or ""), words, monkeypatch)


class Parsed(Exception):
    """Raised once a program has read its command line, before it does anything."""


def parse_script(file: Path, words: list[str], monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """What the argparse of a script makes of the words."""
    read = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser) -> None:
        raise Parsed(read(parser))

    with monkeypatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        patch.setattr(sys, "argv", [str(file), *words])
        with pytest.raises(Parsed) as parsed:
            runpy.run_path(str(file), run_name="__main__")
    given: argparse.Namespace = parsed.value.args[0]
    return given


def is_name(text: str) -> bool:
    """Whether the words are the name of a command alone, as a sentence speaks of it."""
    command: click.Command = hornbook
    for word in text.split()[1:]:
        if not isinstance(command, click.Group) or word not in command.commands:
            return False
        command = command.commands[word]
    return text.startswith("hornbook ")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
