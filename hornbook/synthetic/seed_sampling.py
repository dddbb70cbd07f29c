"""Sampling the seeds of a kind: spread over documents, and reproducible from the random seed."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hornbook.base.records import Question, make_id
from hornbook.synthetic.kind import Material, Seed
from hornbook.synthetic.passages import Passage


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


def from_axes(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Seeds with nothing in them: all that a record is about is drawn from the axes of its kind."""
    first = int(rng.integers(2**53))
    ids = (make_id("drawn", str(first + number)) for number in range(count))
    return [Question(id=one, task="drawn", prompt="", oracle="none") for one in ids]


def from_long_pages(material: Material, count: int, rng: np.random.Generator, settings: Any) -> Sequence[Seed]:
    """Pages, joined by those most like them, with three quarters of the tokens that a record must have."""
    from hornbook.synthetic.kinds.long._pages import reading_lists, shuffled

    return reading_lists(shuffled(material, rng), count, max(1, 3 * settings.min_tokens // 4))


SEEDS: dict[str, Callable[[Material, int, np.random.Generator, Any], Sequence[Seed]]] = {
    "passages": from_passages,
    "functions": from_functions,
    "questions": from_questions,
    "pages": from_pages,
    "axes": from_axes,
    "long pages": from_long_pages,
}
