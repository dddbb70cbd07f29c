"""The ledger: a permanent log of all answered calls, so that no call is sent or paid for twice.

One JSON line per call in `calls.jsonl`. Only the offsets of lines are kept in memory; texts stay on disk.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from hornbook.base.append_log import AppendLog
from hornbook.base.errors import HornbookError
from hornbook.base.records import Message, make_id


class Parameters(msgspec.Struct, frozen=True, omit_defaults=True):
    """Parameters that affect a call's answer, besides model, messages and sample number; unset ones are omitted."""

    temperature: float
    top_p: float
    max_tokens: int
    stop: list[str]
    schema: str = ""  # a JSON schema for the answer
    extra: str = ""  # JSON of the setting `extra_body`


class CallRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A call before it is answered. `sample` distinguishes repeated samples of the same prompt.

    `attempt` counts empty answers so far.
    """

    key: str
    model: str
    purpose: str  # for readers of the ledger: the workflow and its step
    messages: list[Message]
    parameters: Parameters
    sample: int
    attempt: int = 0

    @property
    def seed(self) -> int:
        """31 bits derived from the key, so that a server samples the same answer in any order of calls; different after
        an empty answer."""
        return ((int(self.key[-8:], 16) >> 1) + self.attempt * 0x3C6EF35F) & 0x7FFFFFFF


class Call(CallRequest, kw_only=True):
    """An answered call: a line of the ledger."""

    text: str
    finish: str  # stop, length, or another word of the endpoint
    prompt_tokens: int
    completion_tokens: int
    thinking: str = ""  # of a reasoning model; not in `text`


class CallHead(msgspec.Struct):
    """What is read of a ledger's line to know what is in it."""

    key: str
    model: str
    prompt_tokens: int
    completion_tokens: int


read_head = msgspec.json.Decoder(CallHead).decode
read_call = msgspec.json.Decoder(Call).decode
_write = msgspec.json.Encoder().encode


def call_key(model: str, messages: Sequence[Message], parameters: Parameters, sample: int) -> str:
    """The key of a call: a hash of model, messages, parameters and sample."""
    return make_id("call", _write([model, messages, parameters, sample]).decode())


class Ledger:
    """The calls in the folder `folder`. If two processes answered the same call, the first answer counts for both.

    Empty answers are paid too but do not count as answers: they are in `empty.jsonl`.

    Attributes:
        prompt_tokens, completion_tokens: paid so far, by model.
        damaged: number of unreadable lines (from a killed process or a full disk), which are ignored.
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
            return read_call(self.log.read(*place))
        except (msgspec.DecodeError, UnicodeDecodeError):
            del self._where[key]  # damaged on disk: treated as unanswered
            self.damaged += 1
            return None

    def put(self, call: Call) -> Call:
        """Store an answer durably; returns the one that counts."""
        self.log.append(_write(call))
        self._catch_up()
        kept = self.get(call.key)
        if kept is None:
            raise HornbookError(f"{self.log.path}: changed by another program while in use; run again to continue")
        return kept

    def waste(self, call: Call) -> None:
        """Record an empty answer: it was paid, and the call stays unanswered."""
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
            pass  # only its cost counts

    def _new(self, log: AppendLog) -> Iterator[tuple[int, CallHead, bytes]]:
        """New calls in the log since the last time; their cost is added."""
        for offset, line in log.new_lines():
            try:
                head = read_head(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.damaged += bool(line)
                continue
            self.prompt_tokens[head.model] += head.prompt_tokens
            self.completion_tokens[head.model] += head.completion_tokens
            yield offset, head, line
