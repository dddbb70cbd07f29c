"""Sampling the seeds of a kind: spread over documents, and reproducible from the random seed."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hornbook.base.records import make_id
from hornbook.synthetic.kind import Material, Seed
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.words import STEM, stems


def spread_over_documents(passages: Sequence[Passage], count: int, rng: np.random.Generator) -> list[Passage]:
    """`count` passages in random order, one of each document before a second of any, for diversity."""
    by_document: dict[str, list[Passage]] = defaultdict(list)
    for number in rng.permutation(len(passages)).tolist():
        by_document[passages[number].document].append(passages[number])
    chosen: list[Passage] = []
    turn = 0
    while len(chosen) < count and turn < max(map(len, by_document.values()), default=0):
        chosen += [group[turn] for group in by_document.values() if len(group) > turn]
        turn += 1
    return chosen[:count]


def from_passages(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    return spread_over_documents(material.passages, count, rng)


def from_functions(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    return spread_over_documents(material.functions, count, rng)


def from_questions(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    return [material.questions[number] for number in rng.permutation(len(material.questions))[:count].tolist()]


def from_pages(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Pages with at least two passages."""
    pages = [page for page in material.pages if len(page.passages) > 1]
    return [pages[number] for number in rng.permutation(len(pages))[:count].tolist()]


def from_related(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Two passages of one page, of each page that has two: any one, and the one with most of its key terms."""
    return [_related(page, rng) for page in from_pages(material, count, rng, settings) if isinstance(page, Page)]


def _related(page: Page, rng: np.random.Generator) -> Page:
    order = [page.passages[number] for number in rng.permutation(len(page.passages)).tolist()]
    terms = {term[:STEM] for term in key_terms(order[0].text, 12)}
    pair = [order[0], max(order[1:], key=lambda passage: len(terms & stems(passage.text)))]
    text = "\n\n".join(passage.text for passage in pair)
    names = [passage.id for passage in pair]
    return Page(
        id=make_id("pair", *names),
        parents=[page.id],
        text=text,
        origin=page.origin,
        passages=pair,
        language=page.language,
    )


def from_reading_lists(material: Material, count: int, rng: np.random.Generator, settings: Any) -> Sequence[Seed]:
    """Pages, with those most like them until they are long enough for the kind."""
    from hornbook.synthetic.kinds.long._pages import reading_lists, shuffled

    return reading_lists(shuffled(material, rng), count, settings.source_tokens())


SEEDS: dict[str, Callable[[Material, int, np.random.Generator, Any], Sequence[Seed]]] = {
    "passages": from_passages,
    "functions": from_functions,
    "questions": from_questions,
    "pages": from_pages,
    "related": from_related,
    "reading_lists": from_reading_lists,
}
