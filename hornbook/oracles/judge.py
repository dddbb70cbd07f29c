"""`hornbook.judge`: judge replies given as plain texts, without records.

>>> hornbook.judge("The total is $42.", 42)
Judgement(score=1.0, reason='', extracted='42', outcome='correct')
"""

from collections.abc import Sequence
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.oracles.judgement import Judgement, not_judged
from hornbook.oracles.parse_question import parse_question
from hornbook.oracles.score import judge_pairs
from hornbook.oracles.settings import OracleSettings

Reference = str | int | float | Sequence[str] | None  # several texts: each of them is right
Tests = str | Sequence[str | dict[str, str]]

NO_PROMPT = "(no question given)"


def judge(
    reply: str,
    reference: Reference,
    oracle: str = "auto",
    *,
    choices: Sequence[str] | None = None,
    tests: Tests | None = None,
    prompt: str = "",
    settings: OracleSettings | None = None,
) -> Judgement:
    """Judge one reply within limits on time and memory (report §4.3: an oracle decides what succeeds).

    Args:
        reply: the whole reply, including thinking blocks.
        reference: the right answer, several that are right, or, with `choices`, also the index of the right one.
        oracle: number, math, choice, exact, fuzzy, trivia, code, reasoning-gym, or `file.py:function`; "auto" takes
            what fits: code if there are tests, choice if there are choices, else by the form of the reference.
        choices: the texts of a multiple choice, in order.
        tests: for code: Python texts, or {"input": ..., "output": ...} cases.
        prompt: the question; for code, it may be a header that the reply continues (HumanEval).

    The result has `right` (True, False, or None where it could not be judged), `extracted`, `outcome` ("correct",
    "wrong", "not attempted" or "not judged") and `reason`. A reply whose thinking block is cut off is not attempted.
    Raises HornbookError for an unknown oracle, and for one that lacks a package, a function or a sandbox.
    """
    (judgement,) = judge_many(
        [reply], [reference], oracle, choices=[choices], tests=[tests], prompts=[prompt], settings=settings
    )
    return judgement


def judge_many(
    replies: Sequence[str],
    references: Sequence[Reference],
    oracle: str | Sequence[str] = "auto",
    *,
    choices: Sequence[Sequence[str] | None] | None = None,
    tests: Sequence[Tests | None] | None = None,
    prompts: Sequence[str] | None = None,
    settings: OracleSettings | None = None,
) -> list[Judgement]:
    """Judge many replies in parallel, each with the reference, choices, tests and prompt at its index; see `judge`.

    `oracle` is one for all, or one for each reply. A reply that makes its oracle hang or crash fails only its own
    judgement. Raises HornbookError as `judge`, and if the lists differ in length.
    """
    count = len(replies)
    oracles = [oracle] * count if isinstance(oracle, str) else list(oracle)
    columns = {"references": references, "oracle": oracles, "choices": choices, "tests": tests, "prompts": prompts}
    for name, column in columns.items():
        if column is not None and len(column) != count:
            raise HornbookError(f"judge_many: {name}: {len(column)} for {count} replies; expected one for each")
    judgements: list[Judgement | None] = [None] * count
    pairs: list[tuple[Question, str]] = []
    places: list[int] = []
    for place in range(count):
        row = {
            "question": (prompts[place] if prompts else "") or NO_PROMPT,
            "choices": list(choices[place] or []) if choices else [],
            "tests": tests[place] if tests else None,
        }
        try:
            questions = [
                parse_question(row | {"answer": one}, _named(oracles[place])) for one in _each(references[place])
            ]
        except ValueError as error:
            judgements[place] = not_judged(str(error))
            continue
        pairs += [(question, replies[place]) for question in questions]
        places += [place] * len(questions)
    for place, judgement in zip(places, judge_pairs(pairs, settings), strict=True):
        judgements[place] = _better(judgements[place], judgement)
    return [judgement for judgement in judgements if judgement is not None]


def _named(oracle: str) -> str:
    return "" if oracle == "auto" else oracle


def _each(reference: Reference) -> list[Any]:
    if reference is None or isinstance(reference, str | int | float):
        return [reference]
    return list(reference) or [None]


def _better(one: Judgement | None, other: Judgement) -> Judgement:
    """The better of two judgements of one reply; a failed one is worse than any other."""
    if one is None:
        return other
    return max(one, other, key=lambda judgement: (not judgement.failed, judgement.score))
