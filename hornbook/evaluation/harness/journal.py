"""What a killed evaluation has already asked the model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import xxhash

from hornbook.base.append_log import AppendLog

JOURNAL = "journal.jsonl"  # in an evaluation's folder until its output is written


class _Entry(msgspec.Struct):
    key: str
    answers: list[Any]


class Journal:
    """The model's answers to each batch of requests, kept in a file as soon as they are there. Also a context manager.

    A batch is known by its contents and by `identity`, which names all else that the answers depend on. Batches are the
    same in each attempt, so an answer that was kept is that which would have been computed, to the bit.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self.identity = identity
        self._log = AppendLog(path)
        self._known: dict[str, list[Any]] = {}
        for _, line in self._log.new_lines():
            try:
                entry = msgspec.json.decode(line, type=_Entry)
            except msgspec.MsgspecError:  # the line on which an earlier attempt was killed
                continue
            self._known[entry.key] = entry.answers

    def answers(self, batch: Sequence[Any], compute: Callable[[], list[Any]], *, keep: bool = True) -> list[Any]:
        """One answer, of JSON values, for each request of the batch; computed unless it was kept."""
        key = xxhash.xxh3_128_hexdigest(msgspec.json.encode([self.identity, batch]))
        if key not in self._known:
            answers = compute()
            if keep:
                self._log.append(msgspec.json.encode(_Entry(key, answers)))
            self._known[key] = answers
        return self._known[key]

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: Any) -> None:
        self._log.close()
