"""Documents → passages: the seeds of most kinds, each with the metadata of report §D.1.1.

A passage is a section of its document as it stands there: headings, lists, tables, formulas and program code keep
their marks and their lines. Small sections are joined; larger ones are cut between paragraphs, else between sentences.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, Self

import msgspec
from pydantic import model_validator

from hornbook.base.records import Document, Record, make_id
from hornbook.base.settings import Settings, setting
from hornbook.base.token_estimate import token_weight
from hornbook.synthetic.blocks import (
    LINE,
    NEVER,
    PARAGRAPH,
    SECTION,
    SENTENCE,
    Part,
    ends_a_sentence,
    line_parts,
    parts_of,
)
from hornbook.synthetic.passage_scores import (
    chain_of_reasoning,
    complexity,
    dependencies,
    information,
    no_text,
    text_score,
)
from hornbook.synthetic.words import Rarity

_MARKUP = re.compile(r":[a-z:]+:`~?\.?([^`]+)`|\[\d+\]_|[`*]{1,2}(?=\S)|(?<=\S)[`*]{1,2}|(?<=\w)_{1,2}(?=[\s.,;:)]|$)")
_NOT_PROSE = re.compile(r"\{\{|</|^(Parameters|Returns|Examples?|References|See Also|Raises)\b")
# A cut off the middle costs so much, in shares of the text, when it is at so good a place (blocks.py)
_COST = {SECTION: 0.0, PARAGRAPH: 0.1, SENTENCE: 0.25, LINE: 0.45, NEVER: 2.0}


class ReasoningStep(msgspec.Struct):
    """One step of a chain of reasoning: the conclusion follows from the assumption."""

    assumption: str
    conclusion: str
    description: str  # the words that connect the two


class Passage(Record):
    """An excerpt of a document that is worth making data from (report §D.1.1). Its parent is the document."""

    text: str
    document: str  # Document.id
    origin: str
    first_line: int  # of the document, counted from 1
    last_line: int
    information: str  # definition, explanation, procedure, example, history, biography, formulas ... or function
    description: str = ""  # one line, by the teacher if it was asked
    subject: str = ""  # the field that it belongs to, by the teacher; else a term that it shares with other passages
    value: float = 0.0  # in [0, 1]: how far it is running text; the educational value, if the teacher graded it
    page_value: float = 0.0  # of the whole page
    factual: int = 0  # 1 to 5: how many facts it states; 0 if the teacher was not asked
    complexity: int = 1  # 1 to 5
    obscurity: int = 1  # 1 to 5: how rare its words are, or how little known its facts
    has_chain: bool = False
    chain: list[ReasoningStep] = []
    depends_on: list[str] = []
    language: str = "en"
    tokens: int = 0  # estimated; see base/token_estimate.py


class Page(Record):
    """A whole document with its passages in order: the seed of kinds that need more than one passage."""

    text: str
    origin: str
    passages: list[Passage]
    language: str = "en"


class PassageSettings(Settings):
    """How documents are cut, and which passages are good enough to be seeds."""

    tokens: tuple[int, int] = setting(
        (50, 4000), "shortest and longest passage, in estimated tokens; a shorter document is taken whole"
    )
    prose: bool = setting(
        False, "for small teachers: only paragraphs of whole sentences, each on one line; no headings, lists or code"
    )
    min_value: float = setting(0.0, "least share of a passage that must be running text, by a program", ge=0, le=1)
    curation: Literal["off", "program", "teacher"] = setting(
        "program",
        "what grades pages and passages: nothing, a program (sets aside navigation, licences, tables of numbers), or "
        "the teacher too, in one call for each page and one for each passage",
    )
    min_page_grade: int = setting(3, "least educational value of a page, 1 to 5, by the teacher", ge=1, le=5)
    min_grade: int = setting(3, "least educational value of a passage, 1 to 5, by the teacher", ge=1, le=5)
    per_page: int = setting(3, "passages of a page that the teacher grades at most", ge=1)
    seeds: int | None = setting(
        None, "passages that the teacher is to accept; by default as many as the largest kind has records", ge=1
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        shortest, longest = self.tokens
        if not 1 <= shortest <= longest / 2:
            raise ValueError(
                f"tokens: expected [shortest, longest], longest at least twice shortest, got {self.tokens}"
            )
        return self


def passages(document: Document, settings: PassageSettings, rarity: Rarity) -> list[Passage]:
    """The passages of a page, in order; none for program code, nor for what is no text (unless `curation` is off).

    `value` and `page_value` are the program's scores. The teacher's grades come later (curation.py).
    """
    checked = settings.curation != "off"
    if document.kind == "code" or (checked and no_text(document.text)):
        return []
    page_value = text_score(document.text)
    found = []
    for first, last, text in excerpts(document.text, settings):
        value = text_score(text)
        if value < settings.min_value or (checked and no_text(text)):
            continue
        steps = [ReasoningStep(*step) for step in chain_of_reasoning(text)]
        found.append(
            Passage(
                id=make_id("passage", document.id, text),
                parents=[document.id],
                text=text,
                document=document.id,
                origin=document.origin,
                first_line=first,
                last_line=last,
                information=information(text),
                subject=document.topic,
                value=value,
                page_value=page_value,
                complexity=complexity(text),
                obscurity=rarity.grade(text),
                has_chain=bool(steps),
                chain=steps,
                depends_on=dependencies(text, sorted(set(rarity.rare(text))), document.language),
                language=document.language or "en",
                tokens=round(token_weight(text)),
            )
        )
    return found


def excerpts(page: str, settings: PassageSettings) -> Iterator[tuple[int, int, str]]:
    """(first line, last line, text) of each passage of a page, in order."""
    shortest, longest = settings.tokens
    parts = parts_of(page)
    line_starts = [0, *(match.end() for match in re.finditer("\n", page))]
    whole = sum(part.weight for part in parts) < shortest
    wanted = _prose_only(page, parts) if settings.prose else [True] * len(parts)
    for run in _runs(page, parts, wanted, longest):
        for group in _cut(run, shortest, longest):
            if not whole and sum(part.weight for part in group) < shortest:
                continue
            start, end = group[0].start, group[-1].end
            start += len(page[start:end]) - len(page[start:end].lstrip())
            end -= len(page[start:end]) - len(page[start:end].rstrip())
            first, last = bisect_right(line_starts, start), bisect_right(line_starts, end - 1)
            if settings.prose:
                text = " ".join(_flat(page[part.start : part.end]) for part in group)
            else:
                indentation = page[line_starts[first - 1] : start]
                text = page[start:end] if indentation.strip() else indentation + page[start:end]
            yield first, last, text


def _runs(page: str, parts: Sequence[Part], wanted: Sequence[bool], longest: int) -> Iterator[list[Part]]:
    """The parts that may be in one passage: what is unwanted, or too long to be a sentence, divides them."""
    run: list[Part] = []
    for part, want in zip(parts, wanted, strict=True):
        for piece in [part] if part.weight <= longest else line_parts(page, part):
            if want and piece.weight <= longest:
                run.append(piece)
            else:
                yield run
                run = []
    yield run


def _prose_only(page: str, parts: Sequence[Part]) -> list[bool]:
    """Whether each part is in a paragraph of whole sentences that is no directive and no section of a docstring."""
    wanted: list[bool] = []
    for place, part in enumerate(parts):
        if len(wanted) > place:
            continue
        end = place + 1
        while end < len(parts) and parts[end].kind == part.kind and parts[end].before < PARAGRAPH:
            end += 1
        text = page[part.start : parts[end - 1].end].strip()
        whole = ends_a_sentence(text) and not text[0].islower() and not _NOT_PROSE.search(text)
        wanted += [part.kind == "prose" and whole] * (end - place)
    return wanted


def _flat(text: str) -> str:
    return " ".join(_MARKUP.sub(lambda match: match[1] or "", text).split())


def _cut(run: Sequence[Part], shortest: int, longest: int) -> Iterator[Sequence[Part]]:
    """Sections, the small ones joined with the next (the last with the one before), the large ones divided."""
    groups: list[list[Part]] = []
    weight = float(shortest)
    for part in run:
        if not groups or (part.before == SECTION and weight >= shortest):
            groups.append([])
            weight = 0.0
        groups[-1].append(part)
        weight += part.weight
    if len(groups) > 1 and weight < shortest:
        groups[-2:] = [groups[-2] + groups[-1]]
    for group in groups:
        yield from _divide(group, shortest, longest)


def _divide(group: Sequence[Part], shortest: int, longest: int) -> Iterator[Sequence[Part]]:
    """About equal halves, divided again while they are too long. What cannot be divided is left out."""
    waiting = [group]
    while waiting:
        group = waiting.pop()
        if sum(part.weight for part in group) <= longest:
            yield group
        elif place := _best_cut(group, shortest):
            waiting += [group[place:], group[:place]]


def _best_cut(group: Sequence[Part], shortest: int) -> int:
    """The place for a cut that is best and nearest to the middle; 0 if there is none."""
    total = sum(part.weight for part in group)
    best, lowest, behind = 0, float("inf"), 0.0
    for place in range(1, len(group)):
        behind += group[place - 1].weight
        if group[place].before == NEVER and group[place - 1].kind != "heading":
            continue
        small = min(behind, total - behind) < shortest  # such a piece is lost
        cost = abs(behind / total - 0.5) + _COST[group[place].before] + small
        if cost < lowest:
            best, lowest = place, cost
    return best
