"""Sampling the seeds of a kind: spread over subjects, kinds of information and documents, and reproducible.

Passages of one subject and kind of information are a group. What is rare is drawn more: a group of a quarter of the
mean size is drawn twice as often as its share, one of four times the mean size half as often.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Question, make_id
from hornbook.synthetic.kind import Material, Seed
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.words import STEM, stems

MOST_FAVOURED = (
    4.0  # a group is drawn at most so many times as often as its share, and no less than one part in so many
)
LARGEST_SUBJECT = 0.05  # share of the passages that a term may be in and be a subject; what is in more tells little
MOST_SLOTS = 1 << 20  # of a cycle


class Draw(NamedTuple):
    """The draw `number`. In its group all passages are drawn once before any is drawn in the next `round`."""

    number: int
    round: int
    passage: Passage


class SeedOrder:
    """An endless sequence of draws from passages; draw number k is a function of the random generator's seed and k.

    Memory does not grow with the number of draws (about 30 bytes for each passage). A cycle of slots, in each of which
    one group has its turn, is repeated. Within a group, each document gives one passage before any gives a second.
    """

    def __init__(self, passages: Sequence[Passage], rng: np.random.Generator) -> None:
        self.passages = passages
        if not passages:
            return
        groups = [f"{passage.information}\n{passage.subject}" for passage in passages]
        _, group_N, size_G = np.unique(groups, return_inverse=True, return_counts=True)
        _, document_N = np.unique([passage.document for passage in passages], return_inverse=True)
        random_N = rng.permutation(len(passages))
        self._order_N = np.lexsort((random_N, _turns(document_N, random_N), group_N))
        self._size_G = size_G
        self._first_G = np.cumsum(size_G) - size_G
        favour_G = np.clip(np.sqrt(size_G.mean() / size_G), 1 / MOST_FAVOURED, MOST_FAVOURED)
        wanted_G = size_G * favour_G
        scale = min(1 / wanted_G.min(), MOST_SLOTS / wanted_G.sum())
        self._slots_G = np.maximum(1, np.round(wanted_G * scale)).astype(np.int64)
        group_S = np.repeat(np.arange(len(size_G)), self._slots_G)
        rank_S = np.arange(len(group_S)) - np.repeat(np.cumsum(self._slots_G) - self._slots_G, self._slots_G)
        time_S = (rank_S + rng.random(len(size_G))[group_S]) / self._slots_G[group_S]  # evenly spaced over the cycle
        order_S = np.argsort(time_S, kind="stable")
        self._group_S, self._rank_S = group_S[order_S], rank_S[order_S]
        self._key = int(rng.integers(1 << 62))

    def __getitem__(self, number: int) -> Draw:
        """Raises IndexError when there are no passages."""
        if not self.passages:
            raise IndexError("there are no passages to draw")
        cycle, slot = divmod(number, len(self._group_S))
        group = int(self._group_S[slot])
        size = int(self._size_G[group])
        turn, place = divmod(cycle * int(self._slots_G[group]) + int(self._rank_S[slot]), size)
        if turn:  # another order: the places times a number that has no divisor in common with their number
            step = (self._key ^ (turn * 0x9E3779B97F4A7C15)) % size
            while math.gcd(step, size) > 1:
                step += 1
            place = (step * place + turn) % size
        return Draw(number, turn, self.passages[self._order_N[self._first_G[group] + place]])

    def draw(self, start: int = 0) -> Iterator[Draw]:
        """The draws from number `start` on, without end; none when there are no passages."""
        number = start
        while self.passages:
            yield self[number]
            number += 1


def _turns(document_N: np.ndarray, random_N: np.ndarray) -> np.ndarray:
    """How many passages of its document come before each passage."""
    order_N = np.lexsort((random_N, document_N))
    ordered_N = document_N[order_N]
    begins_N = np.r_[True, ordered_N[1:] != ordered_N[:-1]]
    first_N = np.maximum.accumulate(np.where(begins_N, np.arange(len(order_N)), 0))
    turn_N = np.empty(len(order_N), np.int64)
    turn_N[order_N] = np.arange(len(order_N)) - first_N
    return turn_N


def spread_over_documents(passages: Sequence[Passage], count: int, rng: np.random.Generator) -> list[Passage]:
    """`count` different passages, or as many as there are, in the order of `SeedOrder`."""
    wanted = min(count, len(passages))
    chosen: list[Passage] = []
    for drawn in SeedOrder(passages, rng).draw():
        if len(chosen) == wanted:
            break
        if drawn.round == 0:
            chosen.append(drawn.passage)
    return chosen


def name_subjects(passages: Sequence[Passage]) -> None:
    """Give each passage without a subject one: that of its key terms which most other passages share."""
    terms = [key_terms(passage.text) for passage in passages]
    shared = Counter(term for each in terms for term in each)
    most = max(2.0, LARGEST_SUBJECT * len(passages))
    for passage, each in zip(passages, terms, strict=True):
        if not passage.subject:
            passage.subject = max(
                (term for term in each if 1 < shared[term] <= most), key=lambda term: (shared[term], term), default=""
            )


def from_passages(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    return spread_over_documents(material.passages, count, rng)


def from_functions(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    return spread_over_documents(material.functions, count, rng)


def from_questions(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    return [material.questions[number] for number in rng.permutation(len(material.questions))[:count].tolist()]


def questions_and_passages(material: Material, count: int, rng: np.random.Generator, settings: Any) -> Sequence[Seed]:
    """Questions that were given and passages to ask about, in the settings' proportion where both suffice."""
    given = from_questions(material, round(count * settings.asked) if material.passages else count, rng, settings)
    return [*given, *spread_over_documents(material.passages, count - len(given), rng)]


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


def later(place: str) -> Callable[[Material, int, np.random.Generator, Any], Sequence[Seed]]:
    """The seeds that the function `module:name` draws; it is imported when it is first called."""

    def drawn(material: Material, count: int, rng: np.random.Generator, settings: Any) -> Sequence[Seed]:
        module, name = place.split(":")
        found: Sequence[Seed] = getattr(import_module(f"hornbook.synthetic.{module}"), name)(
            material, count, rng, settings
        )
        return found

    return drawn


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


def from_axes(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Seeds with nothing in them: all that a record is about is drawn from the axes of its kind."""
    first = int(rng.integers(2**53))
    ids = (make_id("drawn", str(first + number)) for number in range(count))
    return [Question(id=one, task="drawn", prompt="", oracle="none") for one in ids]


def from_long_pages(material: Material, count: int, rng: np.random.Generator, settings: Any) -> Sequence[Seed]:
    """Pages, joined by those most like them, with three quarters of the tokens that a record must have."""
    from hornbook.synthetic.kinds.long._pages import reading_lists, shuffled

    return reading_lists(shuffled(material, rng), count, max(1, 3 * settings.min_tokens // 4))


def checkable(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Questions whose answers a program can judge."""
    found = [one for one in material.questions if one.oracle in CHECKABLE and one.answer.strip()]
    return [found[number] for number in rng.permutation(len(found))[:count].tolist()]


def numeric(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Of those, the ones with one number as their answer, and numbers to compute it from."""
    from hornbook.synthetic.arithmetic import numbers

    found = [one for one in material.questions if len(numbers(one.answer)) == 1 and numbers(one.prompt)]
    return checkable(msgspec.structs.replace(material, questions=found), count, rng, settings)


CHECKABLE = ("number", "math", "exact", "reasoning-gym")
SEEDS: dict[str, Callable[[Material, int, np.random.Generator, Any], Sequence[Seed]]] = {
    "passages": from_passages,
    "functions": from_functions,
    "questions": from_questions,
    "pages": from_pages,
    "questions and passages": questions_and_passages,
    "related": from_related,
    "reading_lists": from_reading_lists,
    "functions that run": later("programs.behaviour:from_runnable"),
    "functions with broken variants": later("programs.mutants:from_breakable"),
    "functions that run in JavaScript": later("programs.javascript:from_translatable"),
    "made-up queries": later("programs.sql:made_up_queries"),
    "puzzles": later("environments.puzzles:drawn_puzzles"),
    "reasoning": reasoning_first,
    "ordered": ordered_steps,
    "axes": from_axes,
    "long pages": from_long_pages,
    "checkable": checkable,
    "numeric": numeric,
    "function requests": later("kinds.preference._functions:from_requests"),
}
