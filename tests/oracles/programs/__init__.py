"""Plain texts of programs and questions, to which a reader can add: `== name` begins an entry, `++ name` a field of it,
and `--` a test or, in hostile.txt, a program. What stands before the first entry is for the reader."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def sections(file: str, mark: str) -> Iterator[tuple[str, list[str]]]:
    """What stands behind each `==` up to the first `mark` that begins a line, and the parts behind the marks."""
    text = (Path(__file__).parent / file).read_text(encoding="utf-8")
    for section in text.split("\n== ")[1:]:
        first, *rest = section.split(f"\n{mark}")
        yield first.strip("\n"), rest


def entries(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each entry and its fields. What stands before the first field is `program`; `tests` is a list."""
    for head, tests in sections(file, "--\n"):
        first, *fields = head.split("\n++ ")
        name, _, program = first.partition("\n")
        found = {"program": program, "tests": [test.strip("\n") for test in tests]}
        for field in fields:
            title, _, content = field.partition("\n")
            found[title] = [content] if title in ("setup", "test_imports") else content
        yield name, {title: content for title, content in found.items() if content}
