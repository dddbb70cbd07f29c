"""What a mechanism is: the function that takes a seed through the stages, and what can be said of it beforehand."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hornbook.base.records import Message
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, Recheck, RecordContext
from hornbook.synthetic.prompts import Prompt, render

Prompts = Mapping[str, Prompt]


class Usual(NamedTuple):
    """What is usual of a stage, for the plan of the cost.

    Attributes:
        calls: in a record.
        shown: tokens of earlier answers in its prompt, beside those that it shows by their stage's name or as `text`;
            of the verifier's prompt: tokens of the source, if that is not the seed.
        answer: tokens of an answer whose prompt does not say; 0: as long as the kind's text.
    """

    calls: float = 1.0
    shown: float = 0.0
    answer: int = 0


@dataclass(frozen=True)
class Mechanism:
    """One way to make records.

    Attributes:
        make: takes one seed through the stages. Raises Rejected.
        settings: its settings class; a kind's file gives defaults of its own.
        calls: (settings, prompts) → stage → largest number of calls of a record.
        usual: (settings, kind) → stage → what to expect of a good teacher: revisions and second tries are rare.
        checks: (settings, prompts) → names of the checks that can reject a record, in order.
        seeds: where its seeds come from, unless the kind's file says otherwise (`seed_sampling.SEEDS`).
        stages: names that its prompts may have, and whether each must be there.
        recheck: runs the checks of a finished record again, for audits. Raises Rejected.
    """

    make: Callable[[Any, RecordContext, Any], Awaitable[list[Made]]]
    settings: type[KindSettings]
    calls: Callable[[Any, Prompts], dict[str, int]]
    checks: Callable[[Any, Prompts], tuple[str, ...]]
    seeds: str
    stages: Mapping[str, bool]
    recheck: Recheck | None = None
    usual: Callable[[Any, Kind], Mapping[str, Usual]] = lambda settings, kind: {}


def record_of(ask: RecordContext, checks: Checks, *, grade: float = 1.0, **values: Any) -> Made:
    """The record as the kind's file words it: `record.text`, or the turns `record.user` and `record.assistant`."""
    wording, seen = ask.kind.record, ask.values | values
    if "text" in wording:
        return Made(checks.passed, text=render(wording["text"], seen), grade=round(grade, 4))
    system = [Message("system", render(wording["system"], seen))] if "system" in wording else []
    turns = [Message(role, render(wording[role], seen)) for role in ("user", "assistant")]
    return Made(checks.passed, messages=[*system, *turns], grade=round(grade, 4))


def paired(
    ask: RecordContext, passed: Sequence[str], reply: str, rejected: str, grade: float = 1.0, **told: Any
) -> Made:
    """A preference: the record with `reply`, and as the worse last turn `rejected` in the same wording."""
    checks = Checks()
    checks.passed = list(dict.fromkeys(passed))
    made = record_of(ask, checks, grade=grade, reply=reply, **told)
    made.rejected = record_of(ask, checks, reply=rejected, **told).messages[-1].content
    return made
