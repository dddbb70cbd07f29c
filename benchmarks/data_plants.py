"""Benchmark items as they come to stand in training data: verbatim, reordered, renumbered, embedded, cut."""

import random
from collections.abc import Callable, Sequence

from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.decontaminator import SHORT

LETTERS, ROMAN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
MARKS: list[Callable[[int], str]] = [
    lambda number: "",
    lambda number: f"{LETTERS[number % 26]}. ",
    lambda number: f"({LETTERS[number % 26]}) ",
    lambda number: f"{LETTERS[number % 26].lower()}) ",
    lambda number: f"{number + 1}. ",
]
OTHER_MARKS: list[Callable[[int], str]] = [
    lambda number: f"{ROMAN[number % 10]}) ",
    lambda number: f"({number + 1}) ",
    lambda number: f"{LETTERS[(number + 4) % 26]}: ",
    lambda number: "- ",
]
LONG = 20_000  # characters of the document around an embedded item

Plant = Callable[[BenchmarkItem, random.Random, Sequence[str]], str]


def written(item: BenchmarkItem, mark: Callable[[int], str], order: Sequence[int]) -> str:
    """The item with its choices in this order, marked so; an open one with its answer, a program with its tests."""
    if not item.choices:
        return item.whole
    listed = [f"{mark(place)}{item.choices[number]}" for place, number in enumerate(order)]
    return "\n".join([item.question, *listed])


def verbatim(item: BenchmarkItem, draw: random.Random, clean: Sequence[str]) -> str:
    return written(item, draw.choice(MARKS), range(len(item.choices)))


def reordered(item: BenchmarkItem, draw: random.Random, clean: Sequence[str]) -> str:
    order = list(range(len(item.choices)))
    draw.shuffle(order)
    return written(item, draw.choice(MARKS), order)


def renumbered(item: BenchmarkItem, draw: random.Random, clean: Sequence[str]) -> str:
    return written(item, draw.choice(OTHER_MARKS), range(len(item.choices)))


def embedded(item: BenchmarkItem, draw: random.Random, clean: Sequence[str]) -> str:
    return inside(verbatim(item, draw, clean), draw, clean)


def reordered_embedded(item: BenchmarkItem, draw: random.Random, clean: Sequence[str]) -> str:
    return inside(reordered(item, draw, clean), draw, clean)


def cut(item: BenchmarkItem, draw: random.Random, clean: Sequence[str]) -> str:
    """Two thirds of the item's words in a row."""
    words = verbatim(item, draw, clean).split()
    kept = -(-2 * len(words) // 3)
    start = draw.randint(0, len(words) - kept)
    return " ".join(words[start : start + kept])


def cut_embedded(item: BenchmarkItem, draw: random.Random, clean: Sequence[str]) -> str:
    return inside(cut(item, draw, clean), draw, clean)


def inside(text: str, draw: random.Random, clean: Sequence[str]) -> str:
    """In the middle of clean paragraphs."""
    around: list[str] = []
    while sum(map(len, around)) < LONG:
        around.append(draw.choice(clean))
    place = draw.randint(1, len(around) - 1) if len(around) > 1 else 0
    return "\n\n".join([*around[:place], text, *around[place:]])


PLANTS: dict[str, tuple[Plant, float]] = {  # kind: how it is made, share that must be found
    "verbatim": (verbatim, 1.0),
    "reordered": (reordered, 0.95),
    "renumbered": (renumbered, 0.95),
    "embedded": (embedded, 0.95),
    "reordered, embedded": (reordered_embedded, 0.95),
    "cut to two thirds": (cut, 0.85),
    "cut, embedded": (cut_embedded, 0.85),
}


def long_enough(item: BenchmarkItem) -> bool:
    return len(item.whole.split()) >= SHORT
