"""Several teachers at once: each with its own limits and budget, one ledger for all; a record keeps its teacher."""

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive
from hornbook.teacher.accounting import LocalAccounting, OpenAccounting
from hornbook.teacher.client import Teacher, open_teacher
from hornbook.teacher.settings import TeacherSettings


class TeacherUsage(NamedTuple):
    """What was used by now: fresh calls; the tokens of all calls, also those that the ledger held, and their price."""

    calls: int
    tokens: int
    money: float


class Teachers:
    """Open teachers, by the name of their model."""

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        self.teachers = {teacher.model: teacher for teacher in teachers}

    def choose(self, *names: str) -> Teacher:
        """The teacher of the record that `names` spell out: drawn by weight, and always the same one.

        It depends on the names, the models and their weights alone. A teacher that is added, or gets a greater
        weight, takes records over from the others; no other record changes its teacher (rendezvous hashing).
        """
        return max(self.teachers.values(), key=lambda teacher: _lot(teacher, names))

    def spent(self) -> TeacherUsage:
        """Of all teachers together."""
        calls = tokens = 0
        money = 0.0
        for teacher in self.teachers.values():
            calls += teacher.calls_made
            tokens += teacher.prompt_tokens + teacher.completion_tokens
            money += teacher.settings.money(teacher.prompt_tokens, teacher.completion_tokens)
        return TeacherUsage(calls, tokens, money)


@asynccontextmanager
async def open_teachers(
    settings: Sequence[TeacherSettings], ledger: Path, accounting: OpenAccounting = LocalAccounting
) -> AsyncIterator[Teachers]:
    """The teachers that `settings` describe, with one ledger in the folder `ledger`.

    Raises HornbookError where two are the same model (the ledger could not tell their answers apart), and as
    `open_teacher` does.
    """
    async with AsyncExitStack() as stack:
        teachers = [await stack.enter_async_context(open_teacher(each, ledger, accounting)) for each in settings]
        models = [teacher.model for teacher in teachers]
        twice = next((model for model in models if models.count(model) > 1), None)
        if twice is not None:
            raise HornbookError(
                f"teachers: two are called {twice}; for two servers of one model, put one address before"
            )
        if not teachers:
            raise HornbookError("teachers: expected at least one")
        yield Teachers(teachers)


def _lot(teacher: Teacher, names: Sequence[str]) -> float:
    """When the teacher comes, negated: exponential, of rate `weight`, so it comes first by its share of weights."""
    uniform = (derive(0, "teacher", teacher.model, *names) + 1) / 2**63
    return math.log(uniform) / teacher.settings.weight
