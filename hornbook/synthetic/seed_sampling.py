"""Sampling the seeds of a kind: spread over documents, and reproducible from the random seed."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np

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


def checkable(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Questions whose answers a program can judge."""
    found = [one for one in material.questions if one.oracle in CHECKABLE and one.answer.strip()]
    return [found[number] for number in rng.permutation(len(found))[:count].tolist()]


def numeric(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Of those, the ones with one number as their answer, and numbers to compute it from."""
    from hornbook.synthetic.arithmetic import numbers

    found = [one for one in material.questions if len(numbers(one.answer)) == 1 and numbers(one.prompt)]
    return checkable(msgspec.structs.replace(material, questions=found), count, rng, settings)


def function_requests(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    from hornbook.synthetic.kinds.preference._functions import from_requests

    return from_requests(material, count, rng, settings)


CHECKABLE = ("number", "math", "exact", "reasoning-gym")
SEEDS = {
    "passages": from_passages,
    "functions": from_functions,
    "questions": from_questions,
    "pages": from_pages,
    "checkable": checkable,
    "numeric": numeric,
    "function requests": function_requests,
}
