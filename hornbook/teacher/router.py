"""Route records to several teachers, each with its own limits and budget; they share one ledger."""

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
    """Usage so far: new calls; tokens of all calls, including those from the ledger, and their price."""

    calls: int
    tokens: int
    money: float


class Teachers:
    """Open teachers, by the name of their model; `verifier`, if there is one, checks what they write."""

    def __init__(self, teachers: Sequence[Teacher], verifier: Teacher | None = None) -> None:
        self.teachers = {teacher.model: teacher for teacher in teachers}
        self.verifier = verifier

    def choose(self, *names: str) -> Teacher:
        """The teacher for the record identified by `names`, chosen by weight (weighted rendezvous hashing).

        It depends only on the names, the models and their weights. If a teacher is added or gets a greater weight, it
        takes over records from others; no other record changes its teacher.
        """
        return max(self.teachers.values(), key=lambda teacher: _lot(teacher, names))

    @property
    def records_at_once(self) -> int:
        """How many records to process at a time."""
        return max(teacher.settings.records_at_once for teacher in self.teachers.values())

    def spent(self) -> TeacherUsage:
        """The usage of all teachers and the verifier together."""
        calls = tokens = 0
        money = 0.0
        checking = {self.verifier.model: self.verifier} if self.verifier else {}
        for teacher in (self.teachers | checking).values():
            calls += teacher.calls_made
            tokens += teacher.prompt_tokens + teacher.completion_tokens
            money += teacher.settings.money(teacher.prompt_tokens, teacher.completion_tokens)
        return TeacherUsage(calls, tokens, money)


@asynccontextmanager
async def open_teachers(
    settings: Sequence[TeacherSettings],
    ledger: Path,
    accounting: OpenAccounting = LocalAccounting,
    verifier: TeacherSettings | None = None,
) -> AsyncIterator[Teachers]:
    """The teachers of `settings` and the verifier, which may be one of them, with one ledger in the folder `ledger`.

    Raises HornbookError if two have the same model name (the ledger could not distinguish their answers), and as
    `open_teacher` does.
    """
    async with AsyncExitStack() as stack:
        given = [*settings, verifier] if verifier and verifier not in settings else list(settings)
        opened = [await stack.enter_async_context(open_teacher(each, ledger, accounting)) for each in given]
        models = [teacher.model for teacher in opened]
        twice = next((model for model in models if models.count(model) > 1), None)
        if twice is not None:
            raise HornbookError(
                f"teachers: two teachers use model name {twice}; set a different `model` for each, or put a load "
                "balancer in front of two servers of one model"
            )
        if not settings:
            raise HornbookError("teachers: expected at least one")
        yield Teachers(opened[: len(settings)], opened[given.index(verifier)] if verifier else None)


def _lot(teacher: Teacher, names: Sequence[str]) -> float:
    """Minus an exponential arrival time of rate `weight`: the first to arrive is distributed by weight."""
    uniform = (derive(0, "teacher", teacher.model, *names) + 1) / 2**63
    return math.log(uniform) / teacher.settings.weight
