"""What a mechanism is: the function that takes a seed through the stages, and what can be said of it beforehand."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

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


class Stage(NamedTuple):
    """What a template of a stage sees beside the seed, and whether there must be a prompt. A stage that is asked only
    `after` others must not have one without any of them."""

    sees: str = ""
    needed: bool = False
    after: str = ""


class Option(NamedTuple):
    """What a kind's file may say under `options`.

    Attributes:
        about: what it is, in a few words.
        shape: its type.
        needed: whether it must be there.
        of: the stage whose prompt it goes together with, or the case that it belongs to.
        sees: what it sees, where it is a template or several.
    """

    about: str
    shape: Any = str
    needed: bool = False
    of: str = ""
    sees: str | None = None


Requirements = Annotated[dict[Annotated[str, Meta(pattern=r"^[A-Za-z_]\w*$")], str | None], Meta(min_length=1)]


def requirements(stage: str, sees: str) -> dict[str, Option]:
    """The option with what the judge of a stage asks for; see `judging.py`."""
    return {stage: Option("requirements by name, each a sentence that must hold", Requirements, True, stage, sees)}


def both(sees: str) -> dict[str, str]:
    """The record as a text or as two turns, which see the same."""
    return dict.fromkeys(("text", "user", "assistant"), sees)


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
        stages: its stages, in order, by the names of their prompts.
        record: what the templates of the record see, by key; all keys of a form of record must be there.
        options: what a kind's file may say to it.
        chosen_by: the key of a kind's file that chooses a case, such as `options.form`; of a prompt, "yes" or "no".
        cases: by value ("": none), what stages and `record` see more. A stage that is None above is asked only there.
        recheck: runs the checks of a finished record again, for audits. Raises Rejected.
    """

    make: Callable[[Any, RecordContext, Any], Awaitable[list[Made]]]
    settings: type[KindSettings]
    calls: Callable[[Any, Prompts], dict[str, int]]
    checks: Callable[[Any, Prompts], tuple[str, ...]]
    seeds: str
    stages: Mapping[str, Stage | None]
    record: Mapping[str, str]
    options: Mapping[str, Option] = field(default_factory=dict)
    chosen_by: str = ""
    cases: Mapping[str, Mapping[str, Stage]] = field(default_factory=dict)
    recheck: Recheck | None = None
    usual: Callable[[Any, Kind], Mapping[str, Usual]] = lambda settings, kind: {}

    def stages_of(self, case: str) -> dict[str, Stage]:
        """The stages that are asked in a case, in order, and `record`."""
        asked = {}
        for stage, one in {**self.stages, "record": Stage()}.items():
            more = self.cases.get(case, {}).get(stage)
            if one and more:
                sees = f"{one.sees} {more.sees}".strip()
                asked[stage] = one._replace(sees=sees, needed=one.needed or more.needed)
            elif found := one or more:
                asked[stage] = found
        return asked


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
