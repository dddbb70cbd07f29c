"""Editors and type checkers see each setting of each function."""

import inspect
import os
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import hornbook
from hornbook.recipe.stage_registry import STAGE_TYPES
from tests.api.write_options import FILE, options_name, source

STAGES = [name for name, module in hornbook._PUBLIC.items() if module.endswith("stages")]


def test_the_options_are_those_of_the_settings() -> None:
    assert FILE.read_text(encoding="utf-8") == source(), "run: python -m tests.api.write_options"


def test_each_function_takes_the_options_of_its_stage() -> None:
    taken = set()
    for name in STAGES:
        hint = inspect.signature(getattr(hornbook, name)).parameters["settings"].annotation
        taken.add(typing.get_args(hint)[0].__name__)
    assert taken == {options_name(stage.settings) for stage in STAGE_TYPES.values()}


@pytest.mark.slow
def test_a_type_checker_finds_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import hornbook\n"
        "hornbook.train_sft('model', 'a.jsonl', out='b', epochs=2, lora={'rank': 8})\n"
        "hornbook.train_sft('model', 'a.jsonl', out='b', epoch=2)\n"
        "hornbook.train_sft('model', 'a.jsonl', out='b', lora={'rang': 8})\n"
    )
    command = [sys.executable, "-m", "mypy", "--config-file=", "--cache-dir", str(tmp_path / "cache"), "mine.py"]
    environment = {**os.environ, "MYPYPATH": str(FILE.parents[2])}
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True).stdout
    lines = [line.split(":")[1] for line in found.splitlines() if line.startswith("mine.py") and "error" in line]
    assert lines == ["3", "4"], found
