"""Curation of seeds by the teacher, in two stages: first pages, then their passages (report §2.2, seeds, 1, and D.1.1).

It runs once before the kinds, which share its result. As many pages are graded as are needed for the wanted number of
passages: pages are taken in random order, in batches whose size follows from what the pages before them gave.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from hornbook.base.records import Message
from hornbook.synthetic.blocks import parts_of
from hornbook.synthetic.passages import Page, Passage, PassageSettings, ReasoningStep
from hornbook.synthetic.structured_output import ask_for
from hornbook.teacher.client import Teacher
from hornbook.teacher.errors import CallFailed, nothing_answered
from hornbook.teacher.map_records import map_records
from hornbook.teacher.router import Teachers

SHOWN_TOKENS = 1500  # of a page, from its beginning
LARGEST_BATCH, SMALLEST_BATCH = 1024, 8  # pages graded at a time
PAGE_TOKENS, PASSAGE_TOKENS = 200, 1200  # longest answers; one that is cut off is asked for again with twice the room
SUBJECTS = (
    "mathematics, physics, chemistry, biology, medicine, earth and space, computing, engineering, economics, law, "
    "politics and society, history, biography, geography, philosophy, religion, language, literature, arts, music, "
    "film and media, sport, everyday life"
)
SYSTEM = (
    "You select texts from which exercises, explanations and questions for students will be written. You judge any "
    "subject, language and style by what a reader can learn from it. Answer with one JSON object and nothing else."
)
ASK_PAGE = """Below is the beginning of a page, between two lines of equals signs. Grade it.

- "kind": what kind of page it is, in a few words (encyclopedia article, textbook chapter, news, manual, forum thread, \
shop, list of links ...)
- "subject": its field, one of: {subjects}; or another where none of these fits
- "educational_value", from 1 to 5:
  1 nothing to learn: navigation, advertising, boilerplate, fragments
  2 little: chatter, announcements, notes that need context which is not there
  3 some facts or ideas that stand on their own, though shallow or loosely put
  4 clear, correct and substantial: a student of the subject would learn from it
  5 excellent: explains or argues in depth, or gives facts that are well chosen and well put

====
{text}
===="""
ASK_PASSAGE = """Below is a passage from a page ({kind}; {subject}), between two lines of equals signs. Describe it.

- "description": what the passage says, in one sentence
- "information": the kind of information, one or two words: definition, explanation, derivation, procedure, example, \
narrative, biography, argument, comparison, description, data ...
- "educational_value", 1 to 5: 1 nothing can be learnt from it, 3 some facts or ideas that stand on their own, 5 rich, \
correct and well put
- "factual_content", 1 to 5: 1 hardly any fact that could be checked, 5 dense with such facts
- "complexity", 1 to 5: 1 a child can follow it, 3 a pupil at the end of school, 5 needs specialised study
- "obscurity", 1 to 5: 1 common knowledge, 3 known to those who studied the subject, 5 known to few
- "has_chain": whether one statement follows from another in it by reasoning (not merely in time)
- "chain": the steps of that reasoning, in order, each with its "assumption", its "conclusion", and a "description" of \
why the one follows from the other, in the passage's language; an empty list if there are none
- "depends_on": what a reader must know or have read to understand it, each in a few words; an empty list if nothing

====
{text}
===="""

Grade = Annotated[int, Meta(ge=1, le=5)]
Shape = TypeVar("Shape", bound=msgspec.Struct)


class PageGrade(msgspec.Struct):
    """The teacher's judgement on a page."""

    kind: str
    subject: str
    educational_value: Grade


class PassageGrade(msgspec.Struct):
    """The teacher's judgement on a passage, and its metadata."""

    description: str
    information: str
    educational_value: Grade
    factual_content: Grade
    complexity: Grade
    obscurity: Grade
    has_chain: bool
    chain: list[ReasoningStep] = []
    depends_on: list[str] = []


class _Judged(msgspec.Struct):
    """What the teacher said of a page: the accepted passages, reasons for the others, failed calls."""

    accepted: list[Passage]
    rejected: list[tuple[str, str]]  # id, reason
    failed: list[str]
    calls: int


async def curate(
    pages: Sequence[Page],
    teachers: Teachers,
    settings: PassageSettings,
    wanted: int,
    rng: np.random.Generator,
    reject: Callable[[str, str], None] = lambda where, reason: None,
) -> list[Passage]:
    """About `wanted` passages that the teacher accepts, or as many as there are, with the teacher's metadata.

    The result depends on the pages, the settings, the generator's seed and the teacher's answers, not on the order in
    which they arrive. `reject(id, reason)` is called for each page and passage that is set aside. A page or passage
    whose call fails is set aside too; the next run asks for it again. Raises TeacherError if no call is answered, or
    if the teacher cannot be used any further.
    """
    accepted: list[Passage] = []
    failures: Counter[str] = Counter()
    graded = answered = 0
    order = rng.permutation(len(pages)).tolist()

    async def judge(page: Page) -> _Judged:
        return await _judge(page, teachers.choose("curation", page.id), settings)

    while graded < len(order) and len(accepted) < wanted:
        needed = (wanted - len(accepted)) * (graded + 1) / (len(accepted) + 1)
        size = int(min(LARGEST_BATCH, max(SMALLEST_BATCH, needed)))
        batch = [
            msgspec.structs.replace(page, passages=_some(page.passages, settings.per_page, rng))
            for page in (pages[number] for number in order[graded : graded + size])
        ]
        for judged in await map_records(batch, judge):
            assert isinstance(judged, _Judged)
            accepted += judged.accepted
            answered += judged.calls
            failures.update(judged.failed)
            for where, reason in judged.rejected:
                reject(where, reason)
        graded += len(batch)
        if failures and not answered:
            raise nothing_answered("curation", failures)
    return accepted


def shown(page: str, tokens: int = SHOWN_TOKENS) -> str:
    """The beginning of a page: whole sentences and lines, up to so many estimated tokens."""
    weight, end = 0.0, 0
    for part in parts_of(page):
        weight += part.weight
        if end and weight > tokens:
            break
        end = part.end
    return page[: min(end, 8 * tokens)].strip()  # the first part may be one endless line


def _some(passages: Sequence[Passage], most: int, rng: np.random.Generator) -> list[Passage]:
    """At most `most` passages of a page, chosen at random, in their order."""
    return [passages[number] for number in sorted(rng.permutation(len(passages))[:most].tolist())]


async def _judge(page: Page, teacher: Teacher, settings: PassageSettings) -> _Judged:
    judged = _Judged([], [], [], 0)
    prompt = ASK_PAGE.format(subjects=SUBJECTS, text=shown(page.text))
    grade, keys = await _ask(teacher, "curation/page", prompt, PageGrade, PAGE_TOKENS, judged, page.id)
    if grade is None:
        return judged
    if grade.educational_value < settings.min_page_grade:
        judged.rejected.append((page.id, f"page of little educational value: {grade.educational_value} of 5"))
        return judged
    answers = await asyncio.gather(*(_describe(passage, grade, teacher, judged) for passage in page.passages))
    for passage, (described, own_keys) in zip(page.passages, answers, strict=True):
        if described is None:
            continue
        if described.educational_value < settings.min_grade:
            reason = f"passage of little educational value: {described.educational_value} of 5"
            judged.rejected.append((passage.id, reason))
        else:
            judged.accepted.append(_with_metadata(passage, grade, described, keys + own_keys))
    return judged


async def _describe(
    passage: Passage, grade: PageGrade, teacher: Teacher, judged: _Judged
) -> tuple[PassageGrade | None, list[str]]:
    prompt = ASK_PASSAGE.format(kind=grade.kind, subject=grade.subject, text=passage.text)
    return await _ask(teacher, "curation/passage", prompt, PassageGrade, PASSAGE_TOKENS, judged, passage.id)


async def _ask(
    teacher: Teacher, purpose: str, prompt: str, shape: type[Shape], room: int, judged: _Judged, where: str
) -> tuple[Shape | None, list[str]]:
    """(the answer, keys of its calls); None, with the reason in `judged`, if a call fails or two answers do not fit."""
    messages = [Message("system", SYSTEM), Message("user", prompt)]
    keys: list[str] = []
    try:
        found, fault = await ask_for(shape, messages, teacher, purpose=purpose, max_tokens=room, used=keys.append)
        reason = f"{purpose}: no answer in form: {fault}"
    except CallFailed as failure:
        found, reason = None, f"teacher call failed: {failure}"
        judged.failed.append(str(failure))
    judged.calls += len(keys)
    if found is None:
        judged.rejected.append((where, reason))
        return None, keys
    return found, keys


def _with_metadata(passage: Passage, page: PageGrade, said: PassageGrade, calls: list[str]) -> Passage:
    return msgspec.structs.replace(
        passage,
        calls=calls,
        description=" ".join(said.description.split()),
        information=said.information.strip().lower(),
        subject=page.subject.strip().lower(),
        value=(said.educational_value - 1) / 4,
        page_value=(page.educational_value - 1) / 4,
        factual=said.factual_content,
        complexity=said.complexity,
        obscurity=said.obscurity,
        has_chain=said.has_chain and bool(said.chain),
        chain=said.chain if said.has_chain else [],
        depends_on=said.depends_on,
    )
