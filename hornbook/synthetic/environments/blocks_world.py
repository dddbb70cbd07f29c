"""Blocks world: stacks of blocks to be put in another order, one free block at a time."""

import re

import msgspec
import numpy as np

from hornbook.synthetic.environments.world import WorkedMove

NAMES = "ABCDE"
BLOCKS = (3, 5)
MOVE = re.compile(
    r"\b(?:mov(?:e[sd]?|ing)|put(?:s|ting)?|plac(?:e[sd]?|ing)|stack(?:s|ed|ing)?) (?:the )?block ([A-E])(?: down)?"
    r" (?:on ?to|on top of|on) (?:(the table)|(?:the )?block ([A-E]))\b",
    re.IGNORECASE,
)
EXAMPLE = WorkedMove(
    "Stack 1: A on B on C.",
    "move block A onto the table",
    "Block B cannot be moved while A lies on it.",
)

Stacks = tuple[tuple[str, ...], ...]  # each from the bottom to the top, in the order of their lowest blocks


class BlocksWorld(msgspec.Struct, frozen=True):
    """A state is the stacks."""

    start: Stacks
    goal: Stacks

    def task(self) -> str:
        count = sum(map(len, self.start))
        return (
            f"On a table stand {count} blocks. {self.show(self.start)} Only a block with nothing on it can be moved, "
            "onto the table or onto another block with nothing on it. The stacks should be, in whatever order: "
            f"{self.show(self.goal)}"
        )

    def show(self, state: Stacks) -> str:
        return " ".join(f"Stack {number}: {' on '.join(reversed(stack))}." for number, stack in enumerate(state, 1))

    def successors(self, state: Stacks) -> dict[str, Stacks]:
        following = {}
        for stack in state:
            left = [other for other in state if other != stack]
            below = [stack[:-1]] if len(stack) > 1 else []
            if below:
                following[f"move block {stack[-1]} onto the table"] = _sorted([*left, *below, (stack[-1],)])
            for other in left:
                rest = [one for one in left if one != other]
                after = _sorted([*rest, *below, (*other, stack[-1])])
                following[f"move block {stack[-1]} onto block {other[-1]}"] = after
        return following

    def why_not(self, state: Stacks, move: str) -> str:
        found = MOVE.search(move)
        present = {block for stack in state for block in stack}
        named = {name.upper() for name in (found[1], found[3]) if name} if found else set()
        if not found or not named <= present:
            return "There is no such move."
        tops = {stack[-1] for stack in state}
        for block in sorted(named):
            if block not in tops:
                return f"There is a block on block {block}."
        return f"Block {found[1].upper()} is there already." if found[2] else "A block cannot lie on itself."

    def reached(self, state: Stacks) -> bool:
        return state == self.goal

    def remaining(self, state: Stacks) -> int:
        """Blocks that do not lie on what they should: each must be moved once."""
        below = {block: under for stack in self.goal for under, block in zip(("", *stack), stack, strict=False)}
        return sum(below[block] != under for stack in state for under, block in zip(("", *stack), stack, strict=False))

    def read(self, text: str) -> list[str]:
        return [
            f"move block {block.upper()} onto {'the table' if table else f'block {other.upper()}'}"
            for block, table, other in MOVE.findall(text)
        ]


def draw(rng: np.random.Generator) -> BlocksWorld:
    """Three to five blocks in stacks at random, twice."""
    count = int(rng.integers(BLOCKS[0], BLOCKS[1] + 1))
    return BlocksWorld(_stacks(rng, count), _stacks(rng, count))


def _stacks(rng: np.random.Generator, count: int) -> Stacks:
    stacks: list[list[str]] = []
    for number in rng.permutation(count).tolist():
        place = int(rng.integers(len(stacks) + 1))
        if place == len(stacks):
            stacks.append([])
        stacks[place].append(NAMES[number])
    return _sorted([tuple(stack) for stack in stacks])


def _sorted(stacks: list[tuple[str, ...]]) -> Stacks:
    return tuple(sorted(stacks))
