"""Right programs that are written in unusual ways: programs/honest.txt, a plain text to which a reader can add."""

from typing import Any, NamedTuple

from tests.oracles.programs import entries


class Honest(NamedTuple):
    """What is unusual, a right program, and the question's entry: its tests, and a set-up or a header."""

    what: str
    program: str
    entry: dict[str, Any]


HONEST = [Honest(what, fields.pop("program"), fields) for what, fields in entries("honest.txt")]
