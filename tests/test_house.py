"""The house keeps its order: a room imports only from rooms above it, and never in a circle."""

import ast
from pathlib import Path

import pytest

ROOMS = [
    "base", "data", "tokenizer", "teacher", "sandbox", "oracles", "synthetic", "mixture", "model", "training",
    "inference", "pivotal", "preference", "evaluation", "tuning", "report", "recipe", "cli",
]  # fmt: skip
HOUSE = Path(__file__).parent.parent / "hornbook"


def imported_rooms(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            parts = name.split(".")
            if parts[0] == "hornbook" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_above_it(room):
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    files = list((HOUSE / room).rglob("*.py"))
    assert files
    for file in files:
        below = set(imported_rooms(file)) - allowed
        assert not below, f"{file.relative_to(HOUSE)} imports from {below}"


def test_every_room_is_known():
    folders = {path.name for path in HOUSE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders == set(ROOMS)
