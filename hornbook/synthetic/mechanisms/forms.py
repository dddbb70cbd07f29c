"""Texts of a form that a program can check: a teacher fills in JSON, and the text is laid out from it (report §2.2).

A kind's file names its form under `options.form`. Each has `text()`, and `fault(source)`, which says what is wrong with
it or nothing. The templates of the record see its fields.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hornbook.synthetic.kind import Checks, RecordContext
from hornbook.synthetic.words import stems, words

MOST_ALIKE = 0.75  # overlap (Jaccard) of the words of two entries that may still say different things
LEAST_COMPARED = 4  # words of an entry; in scripts without spaces a clause counts as one
Line = Annotated[str, Meta(min_length=3)]


class Entry(msgspec.Struct):
    """A question that readers ask, and its answer."""

    question: Line
    answer: Line


class QuestionList(msgspec.Struct):
    """Frequently asked questions."""

    title: Line
    entries: Annotated[list[Entry], Meta(min_length=4, max_length=14)]

    def text(self) -> str:
        return "\n\n".join([f"# {self.title}", *(f"**{one.question}**\n\n{one.answer}" for one in self.entries)])

    def fault(self, source: str) -> str:
        return alike([one.question for one in self.entries]) or alike([one.answer for one in self.entries])


class Term(msgspec.Struct):
    """A term and what it means."""

    term: Annotated[str, Meta(min_length=1)]  # a word of Chinese or Japanese may be one sign
    definition: Line


class Glossary(msgspec.Struct):
    """The terms of a subject, in alphabetical order."""

    title: Line
    entries: Annotated[list[Term], Meta(min_length=3, max_length=20)]

    def text(self) -> str:
        ordered = sorted(self.entries, key=lambda one: one.term.casefold())
        return "\n\n".join([f"# {self.title}", *(f"**{one.term}**: {one.definition}" for one in ordered)])

    def fault(self, source: str) -> str:
        for one in self.entries:
            if not stems(one.definition) - stems(one.term):
                return f"{one.term!r} is only repeated"
        twice = [name for name, times in Counter(one.term.casefold() for one in self.entries).items() if times > 1]
        return f"{twice[0]!r} stands twice" if twice else alike([one.definition for one in self.entries])


class Step(msgspec.Struct):
    """A step of an argument. `rests_on` names premises (P1) and earlier steps (S1)."""

    says: Line
    rests_on: list[str]


class Argument(msgspec.Struct):
    """A question reasoned out: premises, steps that rest on them, and the conclusion."""

    question: Line
    premises: Annotated[list[Line], Meta(min_length=2, max_length=10)]
    steps: Annotated[list[Step], Meta(min_length=2, max_length=14)]
    conclusion: Line
    limits: Line

    def text(self) -> str:
        premises = "\n".join(f"P{number}. {line}" for number, line in enumerate(self.premises, start=1))
        steps = "\n".join(
            f"S{number}. {step.says} ({', '.join(_names(step))})" for number, step in enumerate(self.steps, start=1)
        )
        return f"Premises:\n{premises}\n\nSteps:\n{steps}\n\nConclusion: {self.conclusion}\n\nLimits: {self.limits}"

    def fault(self, source: str) -> str:
        """Each step rests on what stands before it, and no premise or step is left without use."""
        given = [f"P{number}" for number in range(1, len(self.premises) + 1)]
        used: set[str] = set()
        for number, step in enumerate(self.steps, start=1):
            foreign = [name for name in _names(step) if name not in given]
            if foreign or not step.rests_on:
                return f"S{number} rests on {foreign[0] if foreign else 'nothing'}"
            used |= set(_names(step))
            given.append(f"S{number}")
        idle = [name for name in given[:-1] if name not in used]
        return f"nothing rests on {idle[0]}" if idle else alike([*self.premises, *(step.says for step in self.steps)])


Verdict = Literal["supported", "contradicted", "not said"]


class JudgedClaim(msgspec.Struct):
    """A claim about a passage. `quote` are the words of the passage that decide; empty where nothing does."""

    claim: Line
    quote: str
    why: Line
    verdict: Verdict


class Claims(msgspec.Struct):
    """Claims about a passage, each with what it says of them."""

    claims: Annotated[list[JudgedClaim], Meta(min_length=3, max_length=9)]

    def asked(self) -> str:
        return "\n".join(f"{number}. {one.claim}" for number, one in enumerate(self.claims, start=1))

    def text(self) -> str:
        told = [(f'"{one.quote}" ' if one.quote else "") + f"{one.why}\nVerdict: {one.verdict}" for one in self.claims]
        return "\n\n".join(f"{number}. {one}" for number, one in enumerate(told, start=1))

    def fault(self, source: str) -> str:
        """Claims are in other words, quotations in the passage's, and stand where something decides; no verdict is that
        of all claims."""
        known = words(source)
        for number, one in enumerate(self.claims, start=1):
            if bool(one.quote.strip()) == (one.verdict == "not said"):
                return f"claim {number} is {one.verdict} {'with' if one.quote.strip() else 'without'} a quotation"
            if _stands_in(words(one.claim), known):
                return f"claim {number} is the passage's own sentence"
            if not _stands_in(words(one.quote), known):
                return f"claim {number} quotes what the passage does not say"
        if len({one.verdict for one in self.claims}) == 1:
            return f"all claims are {self.claims[0].verdict}"
        return alike([one.claim for one in self.claims])


class Verdicts(msgspec.Struct):
    """The verdicts of somebody who saw only passage and claims, one for each claim, in their order."""

    reasons: list[str]
    verdicts: list[Verdict]


async def judge_again(checks: Checks, filled: Claims, ask: RecordContext, **values: Any) -> None:
    """Stage "solve": the claims are judged once more. Raises Rejected ("second answer") where a verdict differs."""
    again = await ask.fill("solve", Verdicts, asked=filled.asked(), **values)
    wanted: list[Verdict] = [one.verdict for one in filled.claims]
    checks.require("second answer", again.verdicts == wanted, f"{again.verdicts} instead of {wanted}"[:200])


def alike(entries: Sequence[str]) -> str:
    """Which two entries say the same in the same words, or nothing."""
    seen: list[set[str]] = []
    for number, mine in enumerate(map(stems, entries), start=1):
        for place, theirs in enumerate(seen, start=1):
            if len(mine) >= LEAST_COMPARED and len(mine & theirs) > MOST_ALIKE * len(mine | theirs):
                return f"entries {place} and {number} say the same"
        seen.append(mine)
    return ""


def _names(step: Step) -> list[str]:
    return [name.strip(" .()[]").upper() for name in step.rests_on]


def _stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the words stand in the text one after another; those of a script without spaces may be cut from more."""
    return f" {' '.join(part)} " in f" {' '.join(whole)} " or "".join(part) in "".join(whole)


FORMS: dict[str, type[QuestionList] | type[Glossary] | type[Argument] | type[Claims]] = {
    "questions": QuestionList,
    "glossary": Glossary,
    "argument": Argument,
    "claims": Claims,
}
