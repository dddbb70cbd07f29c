"""Edits of a given text with one right result, computed here: what `verified_edit` asks for (report §5)."""

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


class Task(NamedTuple):
    """A text, what is to be done with it, and the result."""

    edit: str
    request: str
    text: str
    result: str


class Edit(NamedTuple):
    """One kind of edit.

    Attributes:
        lines: what the text consists of: sentences of the passage, or its terms.
        request: with the parameters in quotation marks or as numbers.
        reworded: the same in other words, with parameters of its own: an example for the wording of other edits.
        keeps: in any wording of the request, one word of each group must stand (as beginnings of words).
        draw: (random generator, lines, passage) → parameters; None where the lines have none.
        apply: (lines, parameters) → result.
    """

    lines: Callable[[Passage], list[str]]
    request: str
    reworded: tuple[str, str]
    keeps: tuple[tuple[str, ...], ...]
    draw: Callable[[np.random.Generator, list[str], Passage], dict[str, str] | None]
    apply: Callable[[list[str], dict[str, str]], str]


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


def text_lines(passage: Passage) -> list[str]:
    return sentences(passage.text)


def term_lines(passage: Passage) -> list[str]:
    return key_terms(passage.text, 7)


EDITS: dict[str, Edit] = {
    "replace": Edit(
        text_lines,
        'Replace the word "{old}" everywhere by "{new}".',
        ('Replace the word "heap" everywhere by "HEAP".', 'Wherever the word "heap" stands, change it to "HEAP".'),
        (("replac", "chang", "substitut", "swap", "turn"),),
        a_replacement,
        lambda lines, p: "\n".join(lines).replace(p["old"], p["new"]),
    ),
    "sort": Edit(
        term_lines,
        "Sort these lines alphabetically.",
        ("Sort these lines alphabetically.", "Put these lines into alphabetical order."),
        (("sort", "order", "arrang", "put", "list"), ("alphabet",)),
        no_parameters,
        lambda lines, p: "\n".join(sorted(lines)),
    ),
    "sort_by_length": Edit(
        text_lines,
        "Sort these lines by their length, from the shortest to the longest.",
        (
            "Sort these lines by their length, from the shortest to the longest.",
            "Arrange these lines so that the shortest comes first and the longest last.",
        ),
        (("sort", "order", "arrang", "put"), ("short",), ("long",)),
        different_lengths,
        lambda lines, p: "\n".join(sorted(lines, key=len)),
    ),
    "count": Edit(
        text_lines,
        'How many times does the word "{word}" occur? Answer in the form "{word}: number".',
        (
            'How many times does the word "tree" occur? Answer in the form "tree: number".',
            'Count how often the word "tree" occurs, and answer in the form "tree: number".',
        ),
        (("how", "count", "number"), ("form", "as"), ("time", "often", "occur", "appear")),
        a_word,
        lambda lines, p: f"{p['word']}: {sum(occurrences(p['word'], line) for line in lines)}",
    ),
    "count_lines": Edit(
        text_lines,
        'How many lines contain the word "{word}"? Answer in the form "{word}: number".',
        (
            'How many lines contain the word "root"? Answer in the form "root: number".',
            'In the form "root: number", tell me in how many lines the word "root" is contained.',
        ),
        (("how", "count", "number"), ("line",), ("contain", "with", "hav", "includ")),
        a_word,
        lambda lines, p: f"{p['word']}: {sum(bool(occurrences(p['word'], line)) for line in lines)}",
    ),
    "extract": Edit(
        text_lines,
        'Give only the lines that contain the word "{word}".',
        (
            'Give only the lines that contain the word "parent".',
            'I need just those lines that have the word "parent" in them.',
        ),
        (("only", "just", "extract", "select"), ("line",), ("contain", "with", "hav", "includ")),
        a_word,
        lambda lines, p: "\n".join(line for line in lines if occurrences(p["word"], line)),
    ),
    "remove": Edit(
        text_lines,
        'Remove the lines that contain the word "{word}", and give the others as they are.',
        (
            'Remove the lines that contain the word "child", and give the others as they are.',
            'Drop each line with the word "child" in it and leave the rest alone.',
        ),
        (("remov", "delet", "drop", "leave"), ("line",), ("contain", "with", "hav", "includ")),
        a_word,
        lambda lines, p: "\n".join(line for line in lines if not occurrences(p["word"], line)),
    ),
    "reverse": Edit(
        term_lines,
        "Give these lines in reverse order, the last one first.",
        (
            "Give these lines in reverse order, the last one first.",
            "Turn the order of these lines round: begin with the last one.",
        ),
        (("revers", "backward", "last"),),
        no_parameters,
        lambda lines, p: "\n".join(reversed(lines)),
    ),
    "number": Edit(
        term_lines,
        'Number these lines, starting with {n}: write the number, a full stop and a space ("{n}. ") before each.',
        (
            'Number these lines, starting with 3: write the number, a full stop and a space ("3. ") before each.',
            'Put a number with a full stop and a space ("3. ") before each line, beginning with 3.',
        ),
        (("number",), ("start", "begin"), ("line",)),
        a_start,
        lambda lines, p: "\n".join(f"{number}. {line}" for number, line in enumerate(lines, int(p["n"]))),
    ),
    "capitals": Edit(
        text_lines,
        "Write line {n} in capital letters and leave the other lines as they are.",
        (
            "Write line 2 in capital letters and leave the other lines as they are.",
            "Line 2 should be all in capitals; please keep the other lines.",
        ),
        (("capital", "upper"), ("line",), ("other", "rest", "remain")),
        a_line,
        lambda lines, p: "\n".join(
            line.upper() if str(number) == p["n"] else line for number, line in enumerate(lines, 1)
        ),
    ),
    "pick": Edit(
        text_lines,
        "Copy line {n}, and nothing else.",
        ("Copy line 2, and nothing else.", "Give me line 2 alone."),
        (("copy", "give", "quote", "write", "repeat", "show"), ("line",)),
        a_line,
        lambda lines, p: lines[int(p["n"]) - 1],
    ),
    "join": Edit(
        term_lines,
        'Join these lines into one line, with "{mark}" between them.',
        (
            'Join these lines into one line, with " - " between them.',
            'Make one line of these lines, and put " - " between them.',
        ),
        (("join", "combin", "merg", "connect", "put"), ("between", "separat"), ("line",)),
        a_mark,
        lambda lines, p: p["mark"].join(lines),
    ),
}


def draw_task(passage: Passage, rng: np.random.Generator) -> Task | None:
    """An edit of the passage's lines, drawn; None where none fits, or its result is the text itself."""
    for number in rng.permutation(len(EDITS)).tolist():
        name = sorted(EDITS)[number]
        edit = EDITS[name]
        lines = edit.lines(passage)
        given = edit.draw(rng, lines, passage) if len(lines) >= 3 else None
        if given is None:
            continue
        text, result = "\n".join(lines), edit.apply(lines, given)
        if result != text:
            return Task(name, edit.request.format(**given), text, result)
    return None
