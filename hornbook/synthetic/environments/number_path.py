"""Number path: from one number to another with a few operations."""

import re

import msgspec
import numpy as np

from hornbook.synthetic.environments.world import WorkedMove, and_list

LARGEST = 200
VERBS = ("add", "subtract", "multiply by", "divide by")
MOVE = re.compile(
    r"\b(add|subtract|multipl|divid)(?:y|s|e[sd]?|ed|ies|ied|ing|ying)?"
    r"(?: it| this| that| the number)?(?: by)? (\d+)\b",
    re.IGNORECASE,
)
EXAMPLE = WorkedMove(
    "The number is 11.",
    "multiply by 3",
    "Three times 11 is 33, one short of 34.",
)


class NumberPath(msgspec.Struct, frozen=True):
    """A state is the number."""

    start: int
    goal: int
    operations: tuple[tuple[str, int], ...]  # verb, number

    def task(self) -> str:
        operations = and_list([f"{verb} {number}" for verb, number in self.operations])
        return (
            f"Begin with the number {self.start} and reach {self.goal}. Each move is one of these: {operations}. The "
            f"number must stay a whole number from 1 to {LARGEST}. Moves can be used as often as needed, in any order."
        )

    def show(self, state: int) -> str:
        return f"The number is {state}."

    def successors(self, state: int) -> dict[str, int]:
        computed = {f"{verb} {number}": _compute(state, verb, number) for verb, number in self.operations}
        return {move: after for move, after in computed.items() if after is not None and 1 <= after <= LARGEST}

    def why_not(self, state: int, move: str) -> str:
        found = next((pair for pair in self.operations if f"{pair[0]} {pair[1]}" == move), None)
        if not found:
            return "There is no such move."
        after = _compute(state, *found)
        return f"{state} cannot be divided by {found[1]}." if after is None else f"{after} is not from 1 to {LARGEST}."

    def reached(self, state: int) -> bool:
        return state == self.goal

    def remaining(self, state: int) -> int:
        return int(state != self.goal)

    def read(self, text: str) -> list[str]:
        verbs = {verb.split()[0][:3]: verb for verb in VERBS}
        return [f"{verbs[verb[:3].lower()]} {number}" for verb, number in MOVE.findall(text)]


def draw(rng: np.random.Generator) -> NumberPath:
    """Three or four operations, and a goal that a few of them reach."""
    verbs = ["add", *rng.permutation(VERBS[1:])[: int(rng.integers(2, 4))].tolist()]
    operations = tuple((verb, int(rng.integers(2, 4 if verb.endswith("by") else 10))) for verb in verbs)
    return NumberPath(int(rng.integers(2, 30)), int(rng.integers(2, 100)), operations)


def _compute(number: int, verb: str, other: int) -> int | None:
    if verb == "add":
        return number + other
    if verb == "subtract":
        return number - other
    if verb == "multiply by":
        return number * other
    return number // other if number % other == 0 else None
