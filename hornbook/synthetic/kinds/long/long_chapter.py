"""A page becomes a chapter: outline, section after section, and an exercise that needs an early one (§2.2, §3.3).

It coheres because it is one text: an outline comes first, each section is written knowing a running summary of those
before and is held to its own passage, a section that takes up an earlier one refers to it by number and gist, and the
exercise at the end can be answered only from a section of the first third.
"""

from typing import NamedTuple

import numpy as np

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.dialogue import ABOUT_TEXT, agreed_answer, said_before
from hornbook.synthetic.groundedness import is_supported
from hornbook.synthetic.kind import Checks, Kind, Made, Material, RecordContext, Rejected, example
from hornbook.synthetic.kinds.long._pages import (
    LongSettings,
    most_passages,
    reading_lists,
    require_long,
    shuffled,
    tokens,
)
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.prompting import (
    SHOWN,
    ask_about,
    finished,
    first_accepted,
    require_fluent,
    require_grounded,
    shot,
    unlabelled,
    without_small_talk,
)
from hornbook.synthetic.words import grounded, leaked, stems, words

TITLE = "Write a heading of two to six words for the passage."
TITLED = "The Smallest Element of a Heap"
WRITE = "Write this section of a textbook from the passage, in your own words."
WRITTEN = (
    "In a binary heap, which is a complete binary tree, no parent is larger than its children. Going from any element "
    "up to the top, the elements can only become smaller. This is why the smallest one of all is found at the root."
)
SUMMARISE = "Summarise the passage in one short sentence."
SUMMARISED = "In a binary heap the smallest element is at the root."
SHOWN_TALK = f"{SHOWN} {TITLED} {WRITTEN} {SUMMARISED}"


class LongChapterSettings(LongSettings):
    """Chapters."""

    max_tokens: int = setting(512, "longest section, in tokens", ge=1)
    expansion: float = setting(2.0, "times its passage's length that a section is expected to have", gt=0)
    remembered: int = setting(3, "latest sections whose summaries a section is written with", ge=1)
    answers: int = setting(3, "independent answers that must agree on the exercise", ge=2)


class Section(NamedTuple):
    passage: Passage
    title: str
    text: str
    summary: str


def seeds(material: Material, count: int, rng: np.random.Generator, settings: LongChapterSettings) -> list[Page]:
    """Pages with half again as much as is needed: some sections will not pass."""
    return reading_lists(shuffled(material, rng), count, spare(settings))


def spare(settings: LongChapterSettings) -> int:
    return round(1.5 * settings.min_tokens / settings.expansion)


async def make(page: Page, ask: RecordContext, settings: LongChapterSettings) -> list[Made]:
    outline = [(passage, title) for passage in page.passages if (title := await heading(passage, ask, settings))]
    sections: list[Section] = []
    for passage, title in outline:
        if tokens(chapter(sections)) < settings.min_tokens:
            try:
                sections.append(await write(passage, title, sections, ask, settings))
            except Rejected:  # the chapter goes on without it
                continue
    ask.facts |= {"sections": float(len(sections)), "tokens": float(tokens(chapter(sections)))}
    checks = Checks()
    require_long(checks, chapter(sections), settings)
    text = f"{chapter(sections)}\n\n{await exercise(sections, ask, settings)}"
    for name in ("question", "agreement", "answer", "needs an early section"):
        checks.require(name, True)
    return [Made(checks.passed, text=text)]


async def heading(passage: Passage, ask: RecordContext, settings: LongChapterSettings) -> str:
    """A section's heading; "" when no good one is found."""
    for number in range(settings.tries):
        prompt = shot(TITLE, TITLED, passage)
        answer = await ask("outline", prompt, max_tokens=20, stop=["\n"], sample=number)
        title = unlabelled(answer.text).strip('"*#. ')
        fits = 1 <= len(words(title)) <= 8 and not leaked(title, SHOWN_TALK, passage.text)
        if fits and grounded(title, passage.text) >= settings.min_grounded:
            return title
    return ""


async def write(
    passage: Passage, title: str, sections: list[Section], ask: RecordContext, settings: LongChapterSettings
) -> Section:
    """One section, with its summary for those that follow. Raises Rejected."""
    before = " ".join(section.summary for section in sections[-settings.remembered :])
    so_far = f"So far: {before}\n" if before else ""
    prompt = [
        *example(f"Passage: {SHOWN}\n\nSection: {TITLED}\n{WRITE}", WRITTEN),
        Message("user", f"Passage: {passage.text}\n\n{so_far}Section: {title}\n{WRITE}"),
    ]

    async def attempt(number: int) -> str:
        text = without_small_talk(unlabelled(finished(await ask("section", prompt, sample=number))))
        checks = Checks()
        about = ABOUT_TEXT.search(text)
        checks.require("form", not about, about[0] if about else "")
        require_fluent(checks, text, (80, 8 * settings.max_tokens), SHOWN_TALK, passage.text)
        require_grounded(checks, text, f"{passage.text} {before}", settings.min_grounded)
        new = said_before(text, [section.text for section in sections])
        checks.require("new", new <= 0.5, f"{new:.2f} was said before")
        return text

    text = await first_accepted(settings.tries, attempt)
    return Section(passage, title, text, await summary(text, passage, ask))


async def summary(text: str, passage: Passage, ask: RecordContext) -> str:
    """The section in a sentence. Raises Rejected ("summary") when it says something else."""
    prompt = [
        *example(f"Passage: {SHOWN}\n\n{SUMMARISE}", SUMMARISED),
        Message("user", f"Passage: {text}\n\n{SUMMARISE}"),
    ]
    line = unlabelled(finished(await ask("summary", prompt, max_tokens=48, temperature=0.0, stop=["\n"])))
    held = grounded(line, text) >= 0.6 and not leaked(line, SHOWN_TALK, f"{text} {passage.text}")
    Checks().require("summary", len(words(line)) >= 4 and held, f"not of the section: {line[:80]}")
    return line


def chapter(sections: list[Section]) -> str:
    """Outline and sections; one that takes up an earlier one begins by referring to it."""
    outline = "\n".join(f"{number}. {section.title}" for number, section in enumerate(sections, start=1))
    parts = [f"In this chapter\n{outline}"]
    for number, section in enumerate(sections):
        reference = cross_reference(number, sections)
        parts.append("\n".join(filter(None, (f"{number + 1}. {section.title}", reference, section.text))))
    return "\n\n".join(parts)


def cross_reference(number: int, sections: list[Section]) -> str:
    """To the section, not the one just before, that shares most words with this one; "" when it is hardly any."""
    mine = stems(sections[number].text)
    shared = [len(mine & stems(section.text)) for section in sections[: max(0, number - 1)]]
    if not shared or max(shared) < 3:
        return ""
    place = shared.index(max(shared))
    return f'(Recall section {place + 1}, "{sections[place].title}": {sections[place].summary})'


async def exercise(sections: list[Section], ask: RecordContext, settings: LongChapterSettings) -> str:
    """A question and its answer, which a section of the first third says and no later one. Raises Rejected."""
    early = list(range(max(1, len(sections) // 3)))

    async def attempt(number: int) -> str:
        place = early[number % len(early)]
        section = sections[place]
        question = await ask_about(section.passage, ask, sample=number)
        answer = await agreed_answer(ask, "answer", section.text, question, settings.answers, 0.6)
        later = any(is_supported(f"{question} {answer}", other.text, 0.9) for other in sections[place + 1 :])
        Checks().require("needs an early section", not later, f"a later one says it: {answer[:60]}")
        return f"Exercise\n{question}\n\nAnswer\n{answer} (see section {place + 1})"

    return await first_accepted(settings.tries, attempt)


KIND = Kind(
    about="A page as a chapter: outline, sections that know those before, cross references, an exercise.",
    source="synthetic",
    report="2.2, 3.3",
    seeded_by="pages, with those most like them until long enough",
    seeds=seeds,
    make=make,
    stages=("outline", "section", "summary", "question", "answer"),
    checks=("long", "question", "agreement", "answer", "needs an early section"),
    calls=lambda settings: (
        (2 * settings.tries + 1) * most_passages(spare(settings)) + settings.tries * (1 + 3 * settings.answers)
    ),
    settings=LongChapterSettings,
)
