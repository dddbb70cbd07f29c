"""Documents → passages: the seeds of most kinds, each with the metadata of report §D.1.1."""

import re
from collections.abc import Iterator

import msgspec

from hornbook.base.records import Document, Record, make_id
from hornbook.base.sentences import whole_sentences
from hornbook.base.settings import Settings, setting
from hornbook.synthetic.passage_scores import (
    chain_of_reasoning,
    complexity,
    dependencies,
    educational_value,
    information,
)
from hornbook.synthetic.words import Rarity

UNDERLINE = re.compile(r"^\s*[-=~^*#]{3,}\s*$")
MARKUP = re.compile(r":[a-z:]+:`~?\.?([^`]+)`|\[\d+\]_|[`*]{1,2}(?=\S)|(?<=\S)[`*]{1,2}|(?<=\w)_{1,2}(?=[\s.,;:)]|$)")
NOT_PROSE = re.compile(r">>>|\.\. |^\s*[-*+:|]|\{\{|</|^(Parameters|Returns|Examples?|References|See Also|Raises)\b")


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
    information: str  # definition, explanation, procedure, example, statement or function
    description: str = ""  # one line, by the teacher if it was asked
    value: float = 0.0  # educational value in [0, 1]
    page_value: float = 0.0  # of the whole page's prose
    complexity: int = 1  # 1 to 5
    obscurity: int = 1  # 1 to 5: how rare its words are
    has_chain: bool = False
    chain: list[ReasoningStep] = []
    depends_on: list[str] = []
    language: str = "en"


class Page(Record):
    """A whole document with its passages in order: the seed of kinds that need more than one passage."""

    text: str
    origin: str
    passages: list[Passage]
    language: str = "en"


class PassageSettings(Settings):
    """How documents are cut, and which passages are good enough to be seeds."""

    min_chars: int = setting(200, "shorter passages are joined with the next paragraph, or left out", ge=1)
    max_chars: int = setting(600, "longest passage; it must fit the teacher's prompt", ge=1)
    min_page_value: float = setting(0.35, "least educational value of a page that is cut at all", ge=0, le=1)
    min_value: float = setting(0.6, "least educational value, by the words of the passage", ge=0, le=1)
    describe: bool = setting(True, "let the teacher describe and grade each passage: one call more per seed")


def passages(document: Document, settings: PassageSettings, rarity: Rarity) -> list[Passage]:
    """The passages of a page of prose that have educational value, in order; none for code.

    In two steps, as in the report (§2.2, seeds, 1): first the whole page is scored, then each passage.
    """
    if document.kind == "code":
        return []
    page_value = educational_value(" ".join(text for _, _, text in _paragraphs(document.text)))
    if page_value < settings.min_page_value:
        return []
    found = []
    for first, last, text in _excerpts(document.text, settings):
        value = educational_value(text)
        if value >= settings.min_value:
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
                    value=value,
                    page_value=page_value,
                    complexity=complexity(text),
                    obscurity=rarity.grade(text),
                    has_chain=bool(steps),
                    chain=steps,
                    depends_on=dependencies(text, sorted(set(rarity.rare(text)))),
                    language=document.language or "en",
                )
            )
    return found


def _excerpts(page: str, settings: PassageSettings) -> Iterator[tuple[int, int, str]]:
    """(first line, last line, text): neighbouring paragraphs of prose, joined until long enough."""
    held: list[str] = []
    first = last = 0
    for start, end, paragraph in _paragraphs(page):
        size = sum(map(len, held))
        if held and (size >= settings.min_chars or size + len(paragraph) > settings.max_chars or start > last + 3):
            if size >= settings.min_chars:
                yield first, last, " ".join(held)
            held = []
        if len(paragraph) > settings.max_chars:
            paragraph = whole_sentences(paragraph[: settings.max_chars])
        if paragraph:
            first, last = (first if held else start), end
            held.append(paragraph)
    if sum(map(len, held)) >= settings.min_chars:
        yield first, last, " ".join(held)


def _paragraphs(page: str) -> Iterator[tuple[int, int, str]]:
    """(first line, last line, text) of each paragraph of prose: no headings, lists, code or tables."""
    lines = page.split("\n")
    start = 0
    for number in range(len(lines) + 1):
        if number < len(lines) and lines[number].strip():
            continue
        block = lines[start:number]
        text = " ".join(" ".join(block).split())
        ruled = any(UNDERLINE.match(line) for line in block)
        if text and not ruled and not NOT_PROSE.search(text) and text[0].isupper() and text[-1] in ".!?:":
            yield start + 1, number, MARKUP.sub(lambda match: match.group(1) or "", text)
        start = number + 1
