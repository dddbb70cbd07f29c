"""Edits of given lines with one right result, computed here: what `verified_edit` asks for (report §5)."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from hornbook.base.sentences import sentences
from hornbook.synthetic.constraints.parts import occurrences
from hornbook.synthetic.constraints.rule import between, one_of
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage

JOINED_BY = ("; ", " / ", " + ", " | ")
FEWEST, MOST = 3, 8  # lines of a text


class Task(NamedTuple):
    """Lines, what is to be done with them in order, the names of these edits, and the result."""

    edits: tuple[str, ...]
    requests: tuple[str, ...]
    text: str
    result: str


class Edit(NamedTuple):
    """One kind of edit.

    Attributes:
        request: with the parameters in quotation marks or as numbers.
        draw: (random generator, lines, passage) → parameters; None where the lines have none.
        apply: (lines, parameters) → lines of the result.
        last: nothing can be done with the result afterwards.
    """

    request: str
    draw: Callable[[np.random.Generator, list[str], Passage], dict[str, str] | None]
    apply: Callable[[list[str], dict[str, str]], list[str]]
    last: bool = False


def no_parameters(rng: np.random.Generator, lines: list[str], passage: Passage) -> dict[str, str] | None:
    return {}


def plain_words(lines: Sequence[str], passage: Passage) -> list[str]:
    """Terms that stand in the lines in one spelling only, and never within another word: no way to count them twice."""
    text = "\n".join(lines)
    return [
        term
        for term in key_terms(passage.text, 10)
        if occurrences(term, text) == len(re.findall(re.escape(term), text, re.IGNORECASE)) == text.count(term) > 0
    ]


def a_word(rng: np.random.Generator, lines: list[str], passage: Passage) -> dict[str, str] | None:
    """A word that some of the lines have, and some have not."""
    telling = [word for word in plain_words(lines, passage) if 0 < sum(word in line for line in lines) < len(lines)]
    return {"word": one_of(rng, telling)} if telling else None


def a_replacement(rng: np.random.Generator, lines: list[str], passage: Passage) -> dict[str, str] | None:
    known = plain_words(lines, passage)
    return {"old": (old := one_of(rng, known)), "new": old.upper()} if known else None


def a_line(rng: np.random.Generator, lines: list[str], passage: Passage) -> dict[str, str] | None:
    return {"n": str(between(rng, 1, len(lines)))}


def a_mark(rng: np.random.Generator, lines: list[str], passage: Passage) -> dict[str, str] | None:
    return {"mark": one_of(rng, JOINED_BY)}


def a_start(rng: np.random.Generator, lines: list[str], passage: Passage) -> dict[str, str] | None:
    return {"n": str(between(rng, 1, 20))}


def different_lengths(rng: np.random.Generator, lines: list[str], passage: Passage) -> dict[str, str] | None:
    return {} if len({len(line) for line in lines}) == len(lines) else None


def plain_letters(rng: np.random.Generator, lines: list[str], passage: Passage) -> dict[str, str] | None:
    """No two alphabets order lines of these letters differently."""
    return {} if all(line.isascii() and line[0].isalpha() and line == line.lower() for line in lines) else None


EDITS: dict[str, Edit] = {
    "replace": Edit(
        'Replace the word "{old}" everywhere by "{new}".',
        a_replacement,
        lambda lines, p: [line.replace(p["old"], p["new"]) for line in lines],
    ),
    "sort": Edit("Sort the lines alphabetically.", plain_letters, lambda lines, p: sorted(lines)),
    "sort_by_length": Edit(
        "Sort the lines by the number of their characters, from the shortest to the longest.",
        different_lengths,
        lambda lines, p: sorted(lines, key=len),
    ),
    "count": Edit(
        'Say how many times the word "{word}" occurs, in the form "{word}: number", and nothing else.',
        a_word,
        lambda lines, p: [f"{p['word']}: {sum(occurrences(p['word'], line) for line in lines)}"],
        last=True,
    ),
    "count_lines": Edit(
        'Say how many lines contain the word "{word}", in the form "{word}: number", and nothing else.',
        a_word,
        lambda lines, p: [f"{p['word']}: {sum(bool(occurrences(p['word'], line)) for line in lines)}"],
        last=True,
    ),
    "extract": Edit(
        'Keep only the lines that contain the word "{word}".',
        a_word,
        lambda lines, p: [line for line in lines if occurrences(p["word"], line)],
    ),
    "remove": Edit(
        'Remove the lines that contain the word "{word}", and leave the others as they are.',
        a_word,
        lambda lines, p: [line for line in lines if not occurrences(p["word"], line)],
    ),
    "reverse": Edit("Put the lines in reverse order, the last one first.", no_parameters, lambda lines, p: lines[::-1]),
    "number": Edit(
        'Number the lines, starting with {n}: write the number, a full stop and a space ("{n}. ") before each.',
        a_start,
        lambda lines, p: [f"{number}. {line}" for number, line in enumerate(lines, int(p["n"]))],
    ),
    "capitals": Edit(
        "Write line {n} in capital letters, and leave the other lines as they are.",
        a_line,
        lambda lines, p: [line.upper() if str(number) == p["n"] else line for number, line in enumerate(lines, 1)],
    ),
    "move": Edit(
        "Move line {n} to the end.",
        a_line,
        lambda lines, p: [*lines[: int(p["n"]) - 1], *lines[int(p["n"]) :], lines[int(p["n"]) - 1]],
    ),
    "join": Edit(
        'Join the lines into one line, with "{mark}" between them.',
        a_mark,
        lambda lines, p: [p["mark"].join(lines)],
        last=True,
    ),
}


def draw_task(passage: Passage, rng: np.random.Generator, most: int = 3) -> Task | None:
    """One to `most` edits of the passage's sentences or terms, drawn, each of the result of the one before.

    None where none fits. Each edit changes something, and is asked for once.
    """
    of_terms = bool(rng.integers(2))
    before = lines = key_terms(passage.text, 7) if of_terms else sentences(passage.text)[:MOST]
    wanted = between(rng, 1, most)
    names: list[str] = []
    requests: list[str] = []
    for number in rng.permutation(len(EDITS)).tolist():
        name = sorted(EDITS)[number]
        edit = EDITS[name]
        given = edit.draw(rng, lines, passage) if len(lines) >= FEWEST and len(names) < wanted else None
        if given is None or (changed := edit.apply(lines, given)) == lines or not changed:
            continue
        names.append(name)
        requests.append(edit.request.format(**given))
        lines = changed
        if edit.last:
            break
    return Task(tuple(names), tuple(requests), "\n".join(before), "\n".join(lines)) if names else None
