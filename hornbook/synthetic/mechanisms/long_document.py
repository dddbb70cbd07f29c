"""A long document, and questions that need parts of it which stand far apart (report §2.2, §3.3: over 4K tokens).

The document is written, as a chapter: an outline, then section after section, each with a running summary of those
before and held to its own passages. Or it is a reading list: the passages of a page as they are, in numbered sections.
A question joins an early and a late section: an independent reader of the whole comes to the same answer, and readers
who lack either section do not.
"""

import math
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.kind import VERIFY, Checks, Kind, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Prompts, Stage, Usual, record_of
from hornbook.synthetic.mechanisms.second_answer import require_alone_too_little, require_same_answer
from hornbook.synthetic.mechanisms.text_checks import TextSettings, check_text, text_check_names
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.prompts import render
from hornbook.synthetic.verification import CHECKS, LONGEST_PART
from hornbook.synthetic.words import copied

MOST_SECTIONS = 16
MOST_SAID_BEFORE = 0.2  # share of a section's 5-grams that earlier ones may have


class LongDocumentSettings(TextSettings):
    """Long documents."""

    records: int = setting(4, "long documents to begin", ge=0)
    min_tokens: int = setting(4096, "least length of a document, in tokens", ge=256)
    expansion: float = setting(1.0, "times the length of its passages that a document is expected to have", gt=0)
    tries: int = setting(2, "times that a section, or a question, is written at most", ge=1)
    questions: int = setting(1, "questions at the end, at most", ge=1)
    apart: float = setting(0.5, "least distance of a question's two parts, as a share of the sections", ge=0, lt=1)

    def source_tokens(self) -> int:
        """Tokens of the passages that a document is made from."""
        return round(self.min_tokens / self.expansion)


class PlannedSection(msgspec.Struct):
    """A section of an outline. `passages` are numbers of the page's passages, from 1."""

    heading: str
    passages: list[int]
    shows: str


class Outline(msgspec.Struct):
    """A chapter as it is planned."""

    title: str
    sections: Annotated[list[PlannedSection], Meta(min_length=3, max_length=MOST_SECTIONS)]


class Section(msgspec.Struct):
    """A section as it is written, its line of the running summary, and the passages that it was written from."""

    heading: str
    text: str
    summary: str = ""
    passages: list[Passage] = []


class Exercise(msgspec.Struct):
    """A question on two sections, and its answer."""

    question: str
    answer: str


async def make(page: Page, ask: RecordContext, settings: LongDocumentSettings) -> list[Made]:
    checks = Checks()
    title, sections = page.origin.rsplit("/", 1)[-1], [Section("", passage.text) for passage in page.passages]
    if "section" in ask.kind.prompts:
        title, sections = await write_chapter(page, checks, ask, settings)
    document = lay_out(sections)
    size = estimate_tokens(document)
    ask.facts |= {"sections": float(len(sections)), "tokens": float(size)}
    checks.require("long", size >= settings.min_tokens, f"{size} of {settings.min_tokens} tokens")
    exercises = await ask_far_apart(sections, checks, ask, settings)
    if "text" in ask.kind.record:
        return [record_of(ask, checks, title=title, document=document, sections=sections, exercises=exercises)]
    turns = []
    for number, one in enumerate(exercises):
        seen = ask.values | {"title": title, "document": "" if number else document, "exercise": one}
        turns += [Message(role, render(ask.kind.record[role], seen)) for role in ("user", "assistant")]
    return [Made(checks.passed, messages=turns)]


async def write_chapter(
    page: Page, checks: Checks, ask: RecordContext, settings: LongDocumentSettings
) -> tuple[str, list[Section]]:
    """Stages "outline", "section" and "summary". A section that fails its checks is left out.

    Raises Rejected where too few pass for the length.
    """
    outline = await ask.fill("outline", Outline)
    wrong = [number for one in outline.sections for number in one.passages if not 1 <= number <= len(page.passages)]
    idle = [one.heading for one in outline.sections if not one.passages]
    checks.require("outline", not wrong and not idle, f"passage {wrong[0]}" if wrong else f"nothing for {idle[:1]}")
    written: list[Section] = []
    failure: Rejected | None = None
    for planned in outline.sections:
        try:
            written.append(await write_section(planned, outline, written, page, checks, ask, settings))
        except Rejected as rejected:  # the chapter goes on without it
            failure = rejected
    if failure and estimate_tokens(lay_out(written)) < settings.min_tokens:
        raise failure
    return outline.title, written


async def write_section(
    planned: PlannedSection,
    outline: Outline,
    before: Sequence[Section],
    page: Page,
    checks: Checks,
    ask: RecordContext,
    settings: LongDocumentSettings,
) -> Section:
    """A section that is true to its passages, those of earlier sections and their summaries. Raises Rejected."""
    chosen = [page.passages[number - 1] for number in dict.fromkeys(planned.passages)]
    so_far = "\n".join(f"{number}. {one.heading}: {one.summary}" for number, one in enumerate(before, start=1))
    known = dict.fromkeys(passage.text for passage in [*chosen, *(known for one in before for known in one.passages)])
    source = msgspec.structs.replace(page, text="\n\n".join([*known, so_far]).strip())
    seen: dict[str, Any] = {
        "outline": outline,
        "planned": planned,
        "passages": "\n\n".join(passage.text for passage in chosen),
        "so_far": so_far,
        "last": before[-1].text.rsplit("\n\n", 1)[-1] if before else "",
    }
    for attempt in range(settings.tries):
        try:
            text = await ask.write("section", attempt=attempt, label=planned.heading, **seen)
            passed = await check_text(text, source, ask, settings)
            said = copied(text, "\n\n".join(one.text for one in before))
            passed.require("new", said <= MOST_SAID_BEFORE, f"{said:.2f} of it was said before")
            break
        except Rejected:
            if attempt + 1 == settings.tries:
                raise
    checks.passed += [name for name in passed.passed if name not in checks.passed]
    return Section(planned.heading, text, await ask.write("summary", text=text, **seen), chosen)


def lay_out(sections: Sequence[Section], without: int = -1) -> str:
    """Numbered sections under their headings. Where one is left out, the others keep their numbers."""
    return "\n\n".join(
        f"## {number + 1}. {one.heading}".rstrip(". ") + f"\n\n{one.text}"
        for number, one in enumerate(sections)
        if number != without
    )


async def ask_far_apart(
    sections: Sequence[Section], checks: Checks, ask: RecordContext, settings: LongDocumentSettings
) -> list[Exercise]:
    """Stages "question", "solve", "alone" and "judge". Raises Rejected where no question passes."""
    early, late = halves(len(sections), settings.apart)
    checks.require("far apart", early[-1] < late[0], "too few sections")
    found: list[Exercise] = []
    failure: Rejected | None = None
    for number in range(settings.questions * settings.tries):
        if len(found) == settings.questions:
            break
        places = [places[int(ask.rng.integers(len(places)))] for places in (early, late)]
        try:
            found.append(await ask_one(sections, places, number, found, checks, ask, settings))
        except Rejected as rejected:
            failure = rejected
    if failure and not found:
        raise failure
    return found


async def ask_one(
    sections: Sequence[Section],
    places: list[int],
    number: int,
    before: Sequence[Exercise],
    checks: Checks,
    ask: RecordContext,
    settings: LongDocumentSettings,
) -> Exercise:
    """A question on the sections at two places (from 0). Raises Rejected."""
    document = lay_out(sections)
    parts = [f"{place + 1}. {sections[place].heading}\n\n{sections[place].text}" for place in places]
    asked = [one.question for one in before]
    passed = Checks()
    one = await ask.fill(
        "question", Exercise, attempt=number, document=document, early=parts[0], late=parts[1], asked=asked
    )
    passed.require("form", bool(one.question.strip() and one.answer.strip()))
    if settings.verified:
        await ask.verify(passed, f"{one.question}\n\n{one.answer}", "\n\n".join(parts))
    seen: dict[str, Any] = {"question": one.question}
    await require_same_answer(passed, one.answer, ask, document=document, **seen)
    lacking = [lay_out(sections, without=place) for place in places]
    await require_alone_too_little(passed, one.answer, lacking, ask, **seen)
    checks.passed += [name for name in passed.passed if name not in checks.passed]
    return one


def halves(sections: int, apart: float) -> tuple[list[int], list[int]]:
    """Sections (from 0) of the beginning and of the end, any two of them at least that share of all apart."""
    edge = max(1, int(sections * (1 - apart) / 2))
    return list(range(edge)), list(range(max(0, sections - edge), sections))


def calls(settings: LongDocumentSettings, prompts: Prompts) -> dict[str, int]:
    again = 2  # calls of one that is cut off or does not fit
    questions = settings.questions * settings.tries
    sections = settings.tries * MOST_SECTIONS if "section" in prompts else 0
    return {
        "outline": again,
        "section": again * sections,
        "summary": again * MOST_SECTIONS,
        "question": again * questions,
        VERIFY: again * (sections * -(-settings.tokens[1] // LONGEST_PART) + questions),
        "solve": again * questions,
        "alone": again * 2 * questions,
        "judge": again * 3 * questions,
    }


def usual(settings: LongDocumentSettings, kind: Kind) -> dict[str, Usual]:
    document = 1.15 * settings.min_tokens
    sections = min(MOST_SECTIONS, max(3, document / math.sqrt(math.prod(settings.tokens))))
    checked = 1.1 * sections if "section" in kind.prompts else 0.0
    written = {
        "outline": Usual(answer=500),
        "section": Usual(1.1 * sections, shown=settings.source_tokens() / sections + 60 * sections / 2),
        "summary": Usual(sections, answer=50),
    }
    return (written if "section" in kind.prompts else {}) | {
        "question": Usual(1.2 * settings.questions, document, 150),
        "solve": Usual(1.2 * settings.questions, document, 150),
        "alone": Usual(2.4 * settings.questions, document, 150),
        "judge": Usual(3.6 * settings.questions, answer=80),
        VERIFY: Usual(checked + 1.2 * settings.questions, document / 2),
    }


def checks(settings: LongDocumentSettings, prompts: Prompts) -> tuple[str, ...]:
    written = (
        ("outline", *text_check_names(settings), "new")
        if "section" in prompts
        else ("finished", *(CHECKS if settings.verified else ()))
    )
    return (*written, "long", "far apart", "form", "second answer", "needs both")


MECHANISM = Mechanism(
    make=make,
    settings=LongDocumentSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="reading_lists",
    stages={
        "outline": None,
        "section": None,
        "summary": None,
        "question": Stage("document early late asked", needed=True),
        "solve": Stage("question document", needed=True),
        "alone": Stage("question given", needed=True),
        "judge": Stage("question text other", needed=True),
    },
    record={
        "text": "title document sections exercises",
        **dict.fromkeys(("user", "assistant"), "title document exercise"),
    },
    chosen_by="prompts.section",
    cases={
        "no": {},
        "yes": {
            "outline": Stage(needed=True),
            "section": Stage("outline planned passages so_far last"),
            "summary": Stage("outline planned passages so_far last text", needed=True),
        },
    },
)
