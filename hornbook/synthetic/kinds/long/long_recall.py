"""A long document of real passages, and questions at its end that need parts far apart (report §2.2, §3.3).

It coheres as a reading list does: one page, or the pages most like it, in numbered sections under their origin. Each
question joins two: one from early on, one from late, whose answers stand in one section only. So both must be kept in
mind, and where they stand.
"""

from typing import NamedTuple

import numpy as np

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.chains import in_sentence
from hornbook.synthetic.dialogue import agreed_answer
from hornbook.synthetic.groundedness import is_supported
from hornbook.synthetic.kind import Checks, Kind, Made, Material, RecordContext, Rejected
from hornbook.synthetic.kinds.long._pages import LongSettings, reading_lists, require_long, shuffled
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.prompting import ask_about


class LongRecallSettings(LongSettings):
    """Long documents to find things in."""

    questions: int = setting(2, "joint questions at the end", ge=1)
    answers: int = setting(3, "independent answers that must agree on each part", ge=2)
    min_agree: float = setting(0.6, "least share of them that must agree", ge=0, le=1)
    apart: float = setting(0.5, "least distance of the two parts, as a share of the sections", ge=0, lt=1)


class Found(NamedTuple):
    """A question that one section answers."""

    section: int  # from 1
    question: str
    answer: str


def seeds(material: Material, count: int, rng: np.random.Generator, settings: LongRecallSettings) -> list[Page]:
    return reading_lists(shuffled(material, rng), count, settings.min_tokens)


async def make(page: Page, ask: RecordContext, settings: LongRecallSettings) -> list[Made]:
    document = as_document(page.passages)
    checks = Checks()
    require_long(checks, document, settings)
    early, late = halves(len(page.passages), settings.apart)
    firsts = await findings(early, page, ask, settings)
    lasts = await findings(late, page, ask, settings)
    pairs = list(zip(firsts, lasts, strict=False))
    checks.require("far apart", bool(pairs), "no question for both ends")
    ask.facts["apart"] = sum(last.section - first.section for first, last in pairs) / len(pairs) / len(page.passages)
    for name in ("question", "agreement", "answer", "only there"):
        checks.require(name, True)
    return [record(document, pairs, checks)]


def halves(sections: int, apart: float) -> tuple[list[int], list[int]]:
    """Sections (from 0) of the beginning and of the end, any two of them at least that share of all apart."""
    edge = max(1, int(sections * (1 - apart) / 2))
    return list(range(edge)), list(range(sections - edge, sections))


async def findings(places: list[int], page: Page, ask: RecordContext, settings: LongRecallSettings) -> list[Found]:
    """Questions on these sections, as many as wanted or as pass; tries so many sections for each."""
    found: list[Found] = []
    failure = Rejected("far apart", "the document has too few sections")
    order = [places[place] for place in ask.rng.permutation(len(places)).tolist()]
    for place in order[: settings.questions * settings.tries]:
        if len(found) == settings.questions:
            break
        try:
            found.append(await finding(place, page.passages, ask, settings))
        except Rejected as rejected:
            failure = rejected
    if not found:
        raise failure
    return found


async def finding(place: int, passages: list[Passage], ask: RecordContext, settings: LongRecallSettings) -> Found:
    """A question on one section whose answer is agreed on and stands in no other. Raises Rejected."""
    passage = passages[place]
    question = await ask_about(passage, ask)
    answer = await agreed_answer(ask, "answer", passage.text, question, settings.answers, settings.min_agree)
    others = [other.text for number, other in enumerate(passages) if number != place]
    answered = f"{question} {answer}"
    elsewhere = any(is_supported(answered, other, 0.9) for other in others)
    Checks().require("only there", not elsewhere, f"in another section too: {answer[:60]}")
    return Found(place + 1, question, answer)


def as_document(passages: list[Passage]) -> str:
    """Numbered sections; a new origin is named where it begins."""
    parts, origin = [], ""
    for number, passage in enumerate(passages, start=1):
        if passage.origin != origin:
            origin = passage.origin
            parts.append(f"# {origin.rsplit('/', 1)[-1]}")
        parts.append(f"Section {number}\n{passage.text}")
    return "\n\n".join(parts)


def record(document: str, pairs: list[tuple[Found, Found]], checks: Checks) -> Made:
    """The document with the first question, then the others as further turns, each answered by section."""
    messages = []
    for number, (first, last) in enumerate(pairs):
        asked = f"{first.question} And {in_sentence(last.question)} Name the section of each."
        lead = "" if number else f"{document}\n\n"
        replies = [f"Section {part.section}: {part.answer}." for part in (first, last)]
        messages += [Message("user", lead + asked), Message("assistant", " ".join(replies))]
    return Made(checks.passed, messages=messages)


KIND = Kind(
    about="A long document of real passages with questions that need parts far apart.",
    source="synthetic",
    report="2.2, 3.3",
    seeded_by="pages, with those most like them until long enough",
    seeds=seeds,
    make=make,
    stages=("question", "answer"),
    checks=("long", "question", "agreement", "answer", "only there", "far apart"),
    calls=lambda settings: 2 * settings.questions * settings.tries * (1 + 3 * settings.answers),
    settings=LongRecallSettings,
)
