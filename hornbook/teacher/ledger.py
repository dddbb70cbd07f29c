"""The ledger: every answered call, kept for good, so that nothing is asked or paid for twice.

One JSON line per call in `calls.jsonl`. Memory holds only where each call's line is; texts stay on the disk.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from hornbook.base.append_log import AppendLog
from hornbook.base.errors import HornbookError
from hornbook.base.records import Message, make_id


class Parameters(msgspec.Struct, frozen=True, omit_defaults=True):
    """What decides an answer besides model, messages and sample number. What is not set is not written."""

    temperature: float
    top_p: float
    max_tokens: int
    stop: list[str]
    schema: str = ""  # a JSON schema that the answer shall keep to
    extra: str = ""  # JSON of what else is sent by setting


class CallRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A call before it is answered; `key` names it. `sample` tells repeated draws of the same prompt apart.

    `attempt` counts the empty answers that it has had.
    """

    key: str
    model: str
    purpose: str  # for people: which workflow asked, and at which step
    messages: list[Message]
    parameters: Parameters
    sample: int
    attempt: int = 0

    @property
    def seed(self) -> int:
        """31 bits derived from the key, so that a server draws the same answer whatever the order of arrival. After an
        empty answer others."""
        return ((int(self.key[-8:], 16) >> 1) + self.attempt * 0x3C6EF35F) & 0x7FFFFFFF


class Call(CallRequest, kw_only=True):
    """An answered call: a line of the ledger."""

    text: str
    finish: str  # stop, length, or what else the endpoint said
    prompt_tokens: int
    completion_tokens: int
    thinking: str = ""  # of a reasoning model; no part of `text`


class _Head(msgspec.Struct):
    key: str
    model: str
    prompt_tokens: int
    completion_tokens: int


_read_head = msgspec.json.Decoder(_Head).decode
_read_call = msgspec.json.Decoder(Call).decode
_write = msgspec.json.Encoder().encode


def call_key(model: str, messages: Sequence[Message], parameters: Parameters, sample: int) -> str:
    """The name of a call: the same model, messages, parameters and sample give the same key."""
    return make_id("call", _write([model, messages, parameters, sample]).decode())


class Ledger:
    """The calls in the folder `folder`. Where two processes answered the same call, the first answer counts for both.

    Empty answers are paid too, and no answers: they stand in `empty.jsonl`, with what was thought in vain.

    Attributes:
        prompt_tokens, completion_tokens: what was paid so far, by model.
        damaged: lines that could not be read (left by a kill or a full disk), all ignored.
    """

    def __init__(self, folder: Path) -> None:
        self.log = AppendLog(Path(folder) / "calls.jsonl")
        self.prompt_tokens: Counter[str] = Counter()
        self.completion_tokens: Counter[str] = Counter()
        self.damaged = 0
        self._where: dict[str, tuple[int, int]] = {}  # key -> offset, length
        self._empty_file = Path(folder) / "empty.jsonl"
        self._empty = AppendLog(self._empty_file) if self._empty_file.exists() else None
        self._catch_up()

    def __len__(self) -> int:
        return len(self._where)

    def get(self, key: str) -> Call | None:
        """The answered call `key`, or None."""
        if key not in self._where:
            self._catch_up()
        place = self._where.get(key)
        if place is None:
            return None
        try:
            return _read_call(self.log.read(*place))
        except (msgspec.DecodeError, UnicodeDecodeError):
            del self._where[key]  # damaged on the disk: as if it had never been answered
            self.damaged += 1
            return None

    def put(self, call: Call) -> Call:
        """Keep an answer; returns the one that counts. On return it is written."""
        self.log.append(_write(call))
        self._catch_up()
        kept = self.get(call.key)
        if kept is None:
            raise HornbookError(f"{self.log.path}: changed by something else while in use; run again to continue")
        return kept

    def waste(self, call: Call) -> None:
        """Book an empty answer: it was paid, and the call is as unanswered as before."""
        self._empty = self._empty or AppendLog(self._empty_file)
        self._empty.append(_write(call))
        self._catch_up()

    def close(self) -> None:
        self.log.close()
        if self._empty:
            self._empty.close()

    def _catch_up(self) -> None:
        for offset, head, line in self._new(self.log):
            self._where.setdefault(head.key, (offset, len(line)))
        for _ in self._new(self._empty) if self._empty else ():
            pass  # paid, and nothing else

    def _new(self, log: AppendLog) -> Iterator[tuple[int, _Head, bytes]]:
        """The calls that were written since the last time; what they cost is added up."""
        for offset, line in log.new_lines():
            try:
                head = _read_head(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.damaged += bool(line)
                continue
            self.prompt_tokens[head.model] += head.prompt_tokens
            self.completion_tokens[head.model] += head.completion_tokens
            yield offset, head, line
