"""The interface between the client and what runs the model: an endpoint or a local model."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hornbook.base.thinking import split_thinking
from hornbook.teacher.ledger import CallRequest


class TeacherAnswer(msgspec.Struct):
    """A backend's answer. `finish` is stop, length, or another word of the endpoint; `thinking` is not in `text`."""

    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    thinking: str = ""


def split_answer(answer: TeacherAnswer, stops: Sequence[str]) -> TeacherAnswer:
    """The answer with its thinking split off, and cut at the first stop text, which the server may have ignored.

    An answer that is cut off within its thinking has no text and finish "length".
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
    where: str  # an address or a name, for messages

    async def answer(self, request: CallRequest) -> TeacherAnswer:
        """Try once. Raises TryAgain, CallFailed or TeacherError."""

    async def close(self) -> None: ...
