"""Steps of worked solutions that can stand in one order only (report §D.2)."""

import re
from collections.abc import Sequence
from itertools import permutations

from hornbook.base.records import Question

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
LETTERS = "ABCDEFG"
FEWEST, MOST_PERMUTED = 3, 6


def solution_steps(question: Question) -> list[str]:
    """The steps of the worked solution, if they are different and can stand in one order only; else none."""
    steps = [line.strip() for line in question.solution.splitlines() if line.strip()]
    steps = [step for step in steps if not step.lower().startswith("answer")]
    if not FEWEST <= len(steps) <= MOST_PERMUTED or len(set(steps)) < len(steps) or not follows(steps):
        return []
    return steps if sum(follows(order) for order in permutations(steps)) == 1 else []


def follows(steps: Sequence[str]) -> bool:
    """Whether each step uses the result of the one before: the number after its last equals sign."""
    results = [NUMBER.findall(step.rpartition("=")[2]) for step in steps]
    used = [NUMBER.findall(step.rpartition("=")[0].replace(" - ", " ")) for step in steps]
    return all(result and result[-1] in inputs for result, inputs in zip(results, used[1:], strict=False))


def order_in(answer: str, count: int) -> list[str]:
    """The letters of an order such as "C, A, B" or "CAB"; none where it names none."""
    letters = LETTERS[:count]
    run = re.search(rf"(?<!\w)[{letters}]{{{count}}}(?!\w)", answer)
    return list(run[0]) if run and count > 1 else re.findall(rf"(?<!\w)[{letters}](?!\w)", answer)
