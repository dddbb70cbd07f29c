"""What a chat task is: questions as a user would ask them, and how replies are judged."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from hornbook.data.readers.fields import Row
from hornbook.evaluation.judges import Judges


class ChatItem(msgspec.Struct, kw_only=True):
    """A question. `reference` is what its judge needs, `passage` names the text or the problem that others share."""

    prompt: str
    target: str = ""  # the right answer, as shown
    reference: dict[str, Any] = {}
    passage: str = ""


class Verdict(NamedTuple):
    """The values (0 to 1) of a reply by metric, and the answer found in it. Without values it could not be judged."""

    values: dict[str, float]
    extracted: str = ""


Judging = Callable[[Sequence[ChatItem], Sequence[str], Judges], list[Verdict]]


class LocalRows(NamedTuple):
    """Rows of a benchmark from a package on this machine, and how they differ from the benchmark's own."""

    rows: list[Row]
    note: str = ""


class ChatTask(NamedTuple):
    """A benchmark for chat models.

    Attributes:
        columns: that a file with its data must have.
        items: rows and a seed → questions. Raises ValueError (KeyError) for a row that is not one.
        judge: questions, replies and judges → verdicts, in their order.
        local: its rows from a package, if one ships them.
        judged_by: what judges: rules, or a model where one is given.
        sealed: whether the texts of questions and replies must not be kept.
    """

    name: str
    columns: tuple[str, ...]
    items: Callable[[list[Row], int], list[ChatItem]]
    judge: Judging
    local: Callable[[], LocalRows] | None = None
    judged_by: str = "rules"
    sealed: bool = False


def one_by_one(item: Callable[[Row], ChatItem]) -> Callable[[list[Row], int], list[ChatItem]]:
    """Items of rows that do not depend on each other, nor on a seed."""
    return lambda rows, _: [item(row) for row in rows]


def each(judge: Callable[[ChatItem, str], Verdict]) -> Judging:
    """Judge replies one by one, without a judge from outside."""
    return lambda items, replies, _: [judge(item, reply) for item, reply in zip(items, replies, strict=True)]
