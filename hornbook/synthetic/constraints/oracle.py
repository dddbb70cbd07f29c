"""Oracles for constraints and for exact texts, usable like any other oracle."""

from collections.abc import Sequence
from typing import Any

import msgspec

from hornbook.base.records import Question, make_id
from hornbook.synthetic.constraints.drawing import RULES, holds
from hornbook.synthetic.constraints.rule import Constraint

ORACLE = "hornbook.synthetic.constraints.oracle:share_kept"
SAME_TEXT = "hornbook.synthetic.constraints.oracle:same_text"


def share_kept(question: dict[str, Any], completion: str) -> float:
    """Share of the question's constraints that the completion satisfies; 1 is right.

    Raises ValueError for a question without constraints, or an unknown rule.
    """
    constraints = msgspec.convert(question["entry"].get("constraints", []), list[Constraint])
    unknown = [constraint.rule for constraint in constraints if constraint.rule not in RULES]
    if unknown or not constraints:
        raise ValueError(f"no such rule: {unknown[0]}" if unknown else "the question has no constraints")
    return sum(holds(constraint, completion) for constraint in constraints) / len(constraints)


def same_text(question: dict[str, Any], completion: str) -> bool:
    """Whether the completion equals the question's answer, ignoring trailing spaces of lines."""
    said, wanted = ([line.rstrip() for line in text.strip().splitlines()] for text in (completion, question["answer"]))
    return said == wanted


def constraint_question(task: str, prompt: str, reply: str, constraints: Sequence[Constraint]) -> Question:
    """A question whose answers are judged by the constraints; `reply` satisfies them all."""
    return Question(
        id=make_id("question", task, prompt),
        task=task,
        prompt=prompt,
        oracle=ORACLE,
        entry=msgspec.json.encode({"constraints": constraints}).decode(),
        solution=reply,
    )
