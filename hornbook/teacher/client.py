"""The teacher as workflows see it: ask, and get an answer that was paid for once."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from hornbook.base.records import Message
from hornbook.teacher.settings import TeacherSettings


class Completion(msgspec.Struct):
    """An answer. `key` names the call in the ledger (put it into a record's `calls`); `finish` is stop or length."""

    key: str
    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


class Teacher:
    """Asks one model, through the ledger.

    Attributes:
        calls_used: keys of all calls whose answers were used, from the ledger or fresh. The same after a resume.
        calls_made: how many of them were fresh.
    """

    calls_used: set[str]
    calls_made: int

    async def complete(
        self,
        messages: list[Message],
        *,
        purpose: str,
        sample: int = 0,
        temperature: float = 0.7,
        top_p: float = 1.0,
        max_tokens: int = 256,
        stop: Sequence[str] = (),
    ) -> Completion:
        """The model's answer to `messages`. Another `sample` number is another, independent answer.

        The call is known by model, messages, parameters and sample; `purpose` is for people who read the ledger.
        Raises CallFailed when this one call gets no answer, TeacherError when no call will.
        """
        raise NotImplementedError


@asynccontextmanager
async def open_teacher(settings: TeacherSettings, ledger: Path) -> AsyncIterator[Teacher]:
    """The teacher that `settings` describe, with its ledger in the folder `ledger`."""
    raise NotImplementedError
    yield
