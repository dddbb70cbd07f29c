"""Sampling the seeds of a kind: spread over documents, and reproducible from the random seed."""

from collections import defaultdict
from collections.abc import Sequence

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


def reasoning_first(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Passages in which a chain of reasoning was found, then others: the teacher may find one in them."""
    known = [passage for passage in material.passages if passage.has_chain]
    others = [passage for passage in material.passages if not passage.has_chain]
    chosen = spread_over_documents(known, count, rng)
    return [*chosen, *spread_over_documents(others, count - len(chosen), rng)]


def ordered_steps(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Worked solutions whose steps have one order, up to half; the others are passages, procedures first."""
    from hornbook.synthetic.programs.steps import solution_steps

    worked = [question for question in material.questions if solution_steps(question)]
    procedures = [passage for passage in material.passages if passage.information == "procedure"]
    others = [passage for passage in material.passages if passage.information != "procedure"]
    share = max(count // 2, count - len(material.passages))
    chosen: list[Seed] = [worked[number] for number in rng.permutation(len(worked))[:share].tolist()]
    chosen += spread_over_documents(procedures, count - len(chosen), rng)
    return [*chosen, *spread_over_documents(others, count - len(chosen), rng)]


SEEDS = {
    "passages": from_passages,
    "functions": from_functions,
    "questions": from_questions,
    "pages": from_pages,
    "reasoning": reasoning_first,
    "ordered": ordered_steps,
}
