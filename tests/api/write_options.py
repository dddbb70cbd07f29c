"""Writes `hornbook/api/options.py` from the settings: python -m tests.api.write_options"""

import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hornbook.base.settings import KEYS_ALONE, Settings, marked
from hornbook.recipe.stage_registry import STAGE_TYPES

FILE = Path(__file__).parents[2] / "hornbook" / "api" / "options.py"
HEADER = '''"""The settings of the stages as keyword arguments, so that editors and type checkers know them.

Written by `python -m tests.api.write_options`; what each one means is said in the settings classes and in `--help`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

'''


def source() -> str:
    """The module's text: a TypedDict for each settings class, those that others need first."""
    done: dict[type[Settings], str] = {}
    for stage in STAGE_TYPES.values():
        _write(stage.settings, done)
    return _formatted(HEADER + "\n\n".join(done.values()))


def options_name(cls: type[Settings]) -> str:
    return cls.__name__.removesuffix("Settings") + "Options"


def _write(cls: type[Settings], done: dict[type[Settings], str]) -> None:
    if cls in done:
        return
    bases = [base for base in cls.__bases__ if issubclass(base, Settings) and base is not Settings]
    own = [name for name in cls.model_fields if not any(name in base.model_fields for base in bases)]
    for needed in [*bases, *(inner for name in own for inner in _inner(cls.model_fields[name].annotation))]:
        _write(needed, done)
    above = ", ".join(map(options_name, bases)) or "TypedDict"
    lines = [f"class {options_name(cls)}({above}, total=False):"]
    for name in own:
        field = cls.model_fields[name]
        alone = " | Sequence[str]" if marked(field, KEYS_ALONE) else ""
        lines.append(f"    {name}: {_type(field.annotation)}{alone}")
    done[cls] = "\n".join(lines if own else [*lines, "    pass"]) + "\n"


def _inner(annotation: Any) -> Iterator[type[Settings]]:
    if typing.get_origin(annotation) is typing.Annotated:
        return
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _inner(argument)


def _type(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:  # of a kind: each has settings of its own
        return "Mapping[str, Any]"
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(_type, arguments))
    if origin is dict:
        return f"Mapping[{_type(arguments[0])}, {_type(arguments[1])}]"
    if origin is list:
        return f"Sequence[{_type(arguments[0])}]"
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return options_name(annotation)
    if annotation is Any:
        return "Any"
    if annotation is type(None):
        return "None"
    return str(annotation.__name__)


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(FILE), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    FILE.write_text(source(), encoding="utf-8")
