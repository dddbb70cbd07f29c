"""Sampling the seeds of a kind: spread over documents, and reproducible from the random seed."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

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


def later(place: str) -> Callable[[Material, int, np.random.Generator, Any], Sequence[Seed]]:
    """The seeds that the function `module:name` draws; it is imported when it is first called."""

    def drawn(material: Material, count: int, rng: np.random.Generator, settings: Any) -> Sequence[Seed]:
        module, name = place.split(":")
        found: Sequence[Seed] = getattr(import_module(f"hornbook.synthetic.{module}"), name)(
            material, count, rng, settings
        )
        return found

    return drawn


SEEDS = {
    "passages": from_passages,
    "functions": from_functions,
    "questions": from_questions,
    "pages": from_pages,
    "functions that run": later("programs.behaviour:from_runnable"),
    "functions with broken variants": later("programs.mutants:from_breakable"),
    "functions that run in JavaScript": later("programs.javascript:from_translatable"),
    "made-up queries": later("programs.sql:made_up_queries"),
    "puzzles": later("environments.puzzles:drawn_puzzles"),
}
