"""Calls and their answers as JSON lines, in the batch format that vLLM's run-batch and the providers share.

A call is `{"custom_id", "method", "url", "body"}`, its answer `{"custom_id", "response": {"status_code", "body"},
"error"}`. An answer that a person or another program writes may also be `{"custom_id", "answer": "text"}`, or with
`content` instead of `answer`, and with `reasoning_content`, `finish_reason` and `usage` as in a reply.
"""

from collections.abc import Callable

import msgspec

from hornbook.base.http import HttpResponse, TryAgain, reason_of
from hornbook.teacher.backend import TeacherAnswer
from hornbook.teacher.ledger import CallRequest
from hornbook.teacher.parse_reply import decoded
from hornbook.teacher.protocol import OpenAiProtocol
from hornbook.teacher.settings import TeacherSettings

EXPECTED = "expected a response, an answer, content or an error"
NOTHING = msgspec.Raw(b"null")


class BatchResponse(msgspec.Struct):
    status_code: int = 200
    body: msgspec.Raw = NOTHING


class BatchItem(msgspec.Struct):
    """A line with the answer to one call."""

    custom_id: str
    response: BatchResponse | None = None
    error: msgspec.Raw = NOTHING
    answer: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    finish_reason: str | None = None
    usage: msgspec.Raw = NOTHING

    def reply(self) -> HttpResponse | None:
        """The server's reply, or what stands for one; None if there is none but an error, or nothing."""
        if self.response:
            given = self.error if self.response.body == NOTHING else self.response.body  # vLLM's errors have no body
            return HttpResponse(self.response.status_code, bytes(given))
        text = self.content if self.answer is None else self.answer
        if text is None:
            return None
        message = {"content": text, "reasoning_content": self.reasoning_content}
        choice = {"message": message, "finish_reason": self.finish_reason}
        return HttpResponse(200, msgspec.json.encode({"choices": [choice], "usage": self.usage}))

    @property
    def failed(self) -> bool:
        """Whether there is certainly no answer in it."""
        reply = self.reply()
        return reply is None or reply.status != 200


_read = msgspec.json.Decoder(BatchItem).decode


def read_item(line: bytes) -> BatchItem:
    """The answer in a line. Raises ValueError, with the reason, if there is none to be read."""
    try:
        return _read(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _read(msgspec.json.encode(decoded(line)))
    except TryAgain:
        raise ValueError("not valid JSON; expected one answer a line") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"not an answer: {error}") from None


class BatchCalls:
    """Writes calls as lines and reads their answers; adapts to parameters that the model's server refuses."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.protocol = OpenAiProtocol(settings)
        self._without: dict[str, dict[str, str]] = {}  # call -> parameters that its next try leaves out

    def line(self, request: CallRequest, custom_id: str) -> bytes:
        """The call as a line, with its newline."""
        body = self.protocol.body(request, self._tried(request))
        call = {"custom_id": custom_id, "method": "POST", "url": f"/v1{self.protocol.path}", "body": body}
        return msgspec.json.encode(call) + b"\n"

    def answer(
        self, request: CallRequest, item: BatchItem, refusal: Callable[[HttpResponse], Exception]
    ) -> TeacherAnswer:
        """The answer to a call. Raises TryAgain, or `refusal` of a reply with another status than 200."""
        reply, without = item.reply(), self._tried(request)
        if reply is None:
            given = item.error != NOTHING
            raise TryAgain(f"not answered: {reason_of(bytes(item.error)) if given else EXPECTED}", not_billed=True)
        if reply.status == 200:
            return self.protocol.answer(request, without, reply.body)
        if (learnt := self.protocol.learn(request, without, reply.status, reply.body)) is not None:
            self._without[request.key] = learnt
            raise TryAgain(reason_of(reply.body), not_billed=True)
        raise refusal(reply)

    def _tried(self, request: CallRequest) -> dict[str, str]:
        """What the call does without: what is known of the server, and what is tried for this call."""
        return self.protocol.refused | self._without.get(request.key, {})
