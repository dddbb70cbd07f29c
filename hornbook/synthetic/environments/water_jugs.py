"""Water jugs: measure out an amount with jugs that have no marks."""

import math
import re

import msgspec
import numpy as np

from hornbook.synthetic.environments.world import WorkedMove, and_list

SIZES = (2, 11)  # litres
MOVE = re.compile(
    r"\b(?:(fill|empt)(?:y|s|ed|ies|ied|ing|ying)?(?: up| out)? (?:the )?(\d+)-lit(?:re|er) jug"
    r"|pour(?:s|ed|ing)?(?: water| it)?(?: from)? (?:the )?(\d+)-lit(?:re|er) jug"
    r" (?:in|on)to (?:the )?(\d+)-lit(?:re|er))",
    re.IGNORECASE,
)
EXAMPLE = WorkedMove(
    "The 7-litre jug holds 7 litres and the 2-litre jug holds 0 litres.",
    "pour the 7-litre jug into the 2-litre jug",
    "That takes 2 litres away and leaves 5.",
)


class WaterJugs(msgspec.Struct, frozen=True):
    """A state is the litres in each jug."""

    sizes: tuple[int, ...]  # litres, all different
    target: int  # litres that one jug must hold

    @property
    def start(self) -> tuple[int, ...]:
        return (0,) * len(self.sizes)

    def task(self) -> str:
        jugs = and_list([f"{'an' if size in (8, 11) else 'a'} {size}-litre jug" for size in self.sizes])
        return (
            f"You have {jugs}, all empty and without marks, and as much water as is wanted. A jug can be filled to "
            "the brim, emptied, or poured into another until that one is full or the first is empty. "
            f"Get exactly {self.target} litre{'s' * (self.target > 1)} into one jug."
        )

    def show(self, state: tuple[int, ...]) -> str:
        held = [
            f"the {size}-litre jug holds {litres} litre{'s' * (litres != 1)}"
            for size, litres in zip(self.sizes, state, strict=True)
        ]
        return and_list(held).capitalize() + "."

    def successors(self, state: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        following = {}
        for jug, (size, litres) in enumerate(zip(self.sizes, state, strict=True)):
            if litres < size:
                following[f"fill the {size}-litre jug"] = _with(state, {jug: size})
            if litres:
                following[f"empty the {size}-litre jug"] = _with(state, {jug: 0})
            for other, room in enumerate(self.sizes):
                poured = min(litres, room - state[other])
                if other != jug and poured:
                    after = _with(state, {jug: litres - poured, other: state[other] + poured})
                    following[f"pour the {size}-litre jug into the {room}-litre jug"] = after
        return following

    def why_not(self, state: tuple[int, ...], move: str) -> str:
        found = MOVE.search(move)
        named = {int(number) for number in (found.groups()[1:] if found else []) if number}
        if not found or not named <= set(self.sizes):
            return "There is no such move."
        if found[1]:
            return f"The {found[2]}-litre jug is {'full' if found[1].lower() == 'fill' else 'empty'} already."
        giver, taker = int(found[3]), int(found[4])
        if giver == taker:
            return "A jug cannot be poured into itself."
        empty = not state[self.sizes.index(giver)]
        return f"The {giver}-litre jug is empty." if empty else f"The {taker}-litre jug is full."

    def reached(self, state: tuple[int, ...]) -> bool:
        return self.target in state

    def remaining(self, state: tuple[int, ...]) -> int:
        return 0

    def read(self, text: str) -> list[str]:
        moves = []
        for verb, jug, giver, taker in MOVE.findall(text):
            if verb:
                moves.append(f"{'fill' if verb.lower() == 'fill' else 'empty'} the {jug}-litre jug")
            else:
                moves.append(f"pour the {giver}-litre jug into the {taker}-litre jug")
        return moves


def draw(rng: np.random.Generator) -> WaterJugs:
    """Two or three jugs, and an amount that they can measure."""
    sizes = rng.choice(np.arange(*SIZES), size=int(rng.integers(2, 4)), replace=False).tolist()
    common = math.gcd(*sizes)
    return WaterJugs(tuple(sizes), common * int(rng.integers(1, max(sizes) // common + 1)))


def _with(state: tuple[int, ...], changed: dict[int, int]) -> tuple[int, ...]:
    return tuple(changed.get(jug, litres) for jug, litres in enumerate(state))
