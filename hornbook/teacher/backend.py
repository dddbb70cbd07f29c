"""What the client asks of whatever runs the model: an endpoint, or a model of our own."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hornbook.base.thinking import split_thinking
from hornbook.teacher.ledger import CallRequest


class TeacherAnswer(msgspec.Struct):
    """What came back. `finish` is stop or length, or what else the endpoint said; `thinking` is no part of `text`."""

    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    thinking: str = ""


def split_answer(answer: TeacherAnswer, stops: Sequence[str]) -> TeacherAnswer:
    """The answer with its thinking apart, and ended at the first stop text, which the server may not have known.

    One that is cut off within its thinking has no text, and was too long.
    """
    inside, rest = split_thinking(answer.text)
    thinking = "\n\n".join(part for part in (answer.thinking, inside) if part)
    text = answer.text if rest == answer.text else (rest or "").strip()
    finish = "length" if rest is None else answer.finish
    begun = text.lstrip()
    cuts = [begun.index(stop) for stop in stops if stop and stop in begun]
    if cuts:
        text, finish = begun[: min(cuts)], "stop"
    return msgspec.structs.replace(answer, text=text, finish=finish, thinking=thinking)


class Backend(Protocol):
    where: str  # for messages to people: an address or a name

    async def answer(self, request: CallRequest) -> TeacherAnswer:
        """Try once. Raises TryAgain, CallFailed or TeacherError."""

    async def close(self) -> None: ...
