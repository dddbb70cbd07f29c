"""Constraints, and texts of many lines, as oracles of questions: search, preference and evaluation ask them as any."""

from collections.abc import Sequence
from typing import Any

import msgspec

from hornbook.base.records import Question, make_id
from hornbook.synthetic.constraints.drawing import RULES, holds
from hornbook.synthetic.constraints.rule import Constraint

ORACLE = "hornbook.synthetic.constraints.oracle:share_kept"
SAME_TEXT = "hornbook.synthetic.constraints.oracle:same_text"


def share_kept(question: dict[str, Any], completion: str) -> float:
    """Share of the question's constraints that the completion keeps to; 1 is right.

    Raises ValueError for a question that names none, or a rule nobody knows.
    """
    constraints = msgspec.convert(question["entry"].get("constraints", []), list[Constraint])
    unknown = [constraint.rule for constraint in constraints if constraint.rule not in RULES]
    if unknown or not constraints:
        raise ValueError(f"no such rule: {unknown[0]}" if unknown else "the question has no constraints")
    return sum(holds(constraint, completion) for constraint in constraints) / len(constraints)


def same_text(question: dict[str, Any], completion: str) -> bool:
    """Whether the completion is the question's answer and nothing else, line by line but for spaces at the ends."""
    said, wanted = ([line.rstrip() for line in text.strip().splitlines()] for text in (completion, question["answer"]))
    return said == wanted


def question_of(task: str, prompt: str, reply: str, constraints: Sequence[Constraint]) -> Question:
    """A question whose answers are judged by the constraints; `reply` is one that keeps to them all."""
    return Question(
        id=make_id("question", task, prompt),
        task=task,
        prompt=prompt,
        oracle=ORACLE,
        entry=msgspec.json.encode({"constraints": constraints}).decode(),
        solution=reply,
    )
