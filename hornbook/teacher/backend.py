"""What the client asks of whatever runs the model: an endpoint, or a model of our own."""

from typing import Protocol

import msgspec

from hornbook.teacher.ledger import Ask


class Answer(msgspec.Struct):
    """What came back. `finish` is stop or length, or what else the endpoint said."""

    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


class Backend(Protocol):
    where: str  # for messages to people: an address or a name

    async def answer(self, ask: Ask) -> Answer:
        """Try once. Raises TryAgain, CallFailed or TeacherError."""

    async def close(self) -> None: ...
