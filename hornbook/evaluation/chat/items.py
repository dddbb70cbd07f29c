"""What a chat task is: questions as a user would ask them, and how replies are judged."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from hornbook.base.confidence_intervals import Estimate
from hornbook.base.errors import one_line
from hornbook.data.readers.fields import Row
from hornbook.evaluation.judges import VERDICTS, Judge, Judges


class ChatItem(msgspec.Struct, kw_only=True):
    """A question. `reference` is what its judge needs, `passage` names the text or the problem that others share."""

    prompt: str
    target: str = ""  # the right answer, as shown
    reference: dict[str, Any] = {}
    passage: str = ""
    question: str = ""  # the question without solved examples, where the prompt has some


class Verdict(NamedTuple):
    """The values (0 to 1) of a reply by metric, and the answer found in it. Without values it could not be judged."""

    values: dict[str, float]
    extracted: str = ""


class Judged(NamedTuple):
    """A question (by number), a reply to it, and the verdict."""

    number: int
    sample: int
    item: ChatItem
    reply: str
    verdict: Verdict


Judging = Callable[[Sequence[ChatItem], Sequence[str], Judges], list[Verdict]]


class LocalRows(NamedTuple):
    """Rows of a benchmark from a package on this machine, and how they differ from the benchmark's own."""

    rows: list[Row]
    note: str = ""


class ChatTask(NamedTuple):
    """A benchmark for chat models.

    Attributes:
        columns: that a file with its data must have.
        items: rows and a seed → questions; instead of one, what is wrong with its row.
        judge: questions, replies and judges → verdicts, in their order.
        local: its rows from a package, if one ships them.
        judge_of: of the judges the one that gives the verdicts, whose agreement with gold ones can be measured.
        gold_verdicts: those that gold ones may be.
        needs_model: whether only a judge model can judge it.
        figures: figures that are no means over questions, by name.
        sealed: whether the texts of questions and replies must not be kept.
    """

    name: str
    columns: tuple[str, ...]
    items: Callable[[list[Row], int], list[ChatItem | str]]
    judge: Judging
    local: Callable[[], LocalRows] | None = None
    judge_of: Callable[[Judges], Judge] | None = None
    gold_verdicts: Sequence[str] = VERDICTS
    needs_model: bool = False
    figures: Callable[[list[Judged]], dict[str, Estimate]] | None = None
    sealed: bool = False


def attempt(item: Callable[..., ChatItem], *given: Any) -> ChatItem | str:
    """The item, or what is wrong with its row."""
    try:
        return item(*given)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return one_line(error)


def one_by_one(item: Callable[[Row], ChatItem]) -> Callable[[list[Row], int], list[ChatItem | str]]:
    """Items of rows that do not depend on each other, nor on a seed."""
    return lambda rows, _: [attempt(item, row) for row in rows]


def each(judge: Callable[[ChatItem, str], Verdict]) -> Judging:
    """Judge replies one by one, without a judge from outside."""
    return lambda items, replies, _: [judge(item, reply) for item, reply in zip(items, replies, strict=True)]
