"""River crossing: a farmer, a small boat, and things that must not be left alone together."""

import re
from itertools import combinations, pairwise

import msgspec
import numpy as np

from hornbook.synthetic.environments.world import WorkedMove, and_list

BANKS = ("left", "right")
CHAINS = [  # each eats its neighbour, unless the farmer is there
    ("wolf", "goat", "cabbage"),
    ("fox", "hen", "grain"),
    ("dog", "cat", "mouse", "cheese"),
    ("lion", "sheep", "hay"),
    ("snake", "frog", "beetle", "leaf"),
    ("cat", "parrot", "seed"),
    ("bear", "salmon", "shrimp"),
    ("eagle", "rabbit", "clover"),
    ("leopard", "deer", "acorn"),
    ("heron", "fish", "worm", "apple"),
    ("jackal", "lamb", "bread"),
    ("owl", "hamster", "corn"),
    ("crocodile", "duck", "snail", "lettuce"),
    ("hawk", "lizard", "cricket", "barley"),
    ("tiger", "pony", "oats"),
    ("ferret", "chick", "rice"),
]
WAY = r"(?: (?:back|over|again|the river|to the (?:left|right) bank))*"
MOVE = re.compile(
    rf"\b(?:cross(?:es|ed|ing)?{WAY} (alone|by myself|with (?:the )?(\w+)(?: and (?:the )?(\w+))?)"
    r"|(?:take|took|carry|carried|bring|brought|ferry|ferried) the (\w+)(?: and the (\w+))? (?:across|over|back))",
    re.IGNORECASE,
)
EXAMPLE = WorkedMove(
    "The farmer, the pig and the corn are on the left bank.",
    "cross with the pig",
    "The pig would eat the corn if they stayed together.",
)


class RiverCrossing(msgspec.Struct, frozen=True):
    """A state is the bank (0 or 1) of the farmer, then of each thing."""

    start: tuple[int, ...]
    things: tuple[str, ...]
    conflicts: tuple[tuple[str, str], ...]  # eater, eaten
    seats: int  # things that fit into the boat beside the farmer

    def task(self) -> str:
        eaten = and_list([f"the {eater} eats the {thing}" for eater, thing in self.conflicts])
        seats = "one of them" if self.seats == 1 else f"up to {self.seats} of them"
        return (
            f"A farmer must bring {and_list([f'the {thing}' for thing in self.things])} to the right bank of a river. "
            f"{self.show(self.start)} The boat carries the farmer, who alone can row, and {seats}. When the farmer is "
            f"on the other bank, {eaten}. Bring everything to the right bank unharmed."
        )

    def show(self, state: tuple[int, ...]) -> str:
        parts = []
        for bank, name in enumerate(BANKS):
            here = [f"the {one}" for one, side in zip(("farmer", *self.things), state, strict=True) if side == bank]
            if here:
                parts.append(f"{and_list(here).capitalize()} {'are' if len(here) > 1 else 'is'} on the {name} bank.")
        return " ".join(parts)

    def successors(self, state: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        here = [thing for thing, side in zip(self.things, state[1:], strict=True) if side == state[0]]
        loads = [load for size in range(self.seats + 1) for load in combinations(here, size)]
        crossed = {_name(load): self._crossed(state, load) for load in loads}
        return {move: after for move, after in crossed.items() if not self._eaten(after)}

    def why_not(self, state: tuple[int, ...], move: str) -> str:
        load = self._load(move)
        if load is None:
            return "There is no such move."
        if len(load) > self.seats:
            return "The boat is too small for that."
        for thing in load:
            if state[1 + self.things.index(thing)] != state[0]:
                return f"The {thing} is on the other bank."
        eaten = self._eaten(self._crossed(state, load))
        return f"The {eaten[0]} would eat the {eaten[1]}." if eaten else "There is no such move."

    def reached(self, state: tuple[int, ...]) -> bool:
        return all(state)

    def remaining(self, state: tuple[int, ...]) -> int:
        return -(-sum(not side for side in state[1:]) // self.seats)  # loads, each a crossing

    def read(self, text: str) -> list[str]:
        loads = [self._load(match[0]) for match in MOVE.finditer(text)]
        return [_name(load) for load in loads if load is not None]

    def _load(self, text: str) -> tuple[str, ...] | None:
        """The load of the crossing that `text` begins with, in the order of the things; None if it is no crossing."""
        match = MOVE.match(text)
        if not match:
            return None
        named = {name.lower() for name in (match[2], match[3], match[4], match[5]) if name}
        load = tuple(thing for thing in self.things if thing in named)
        alone = bool(match[1]) and not match[2]
        return load if load or alone else None

    def _crossed(self, state: tuple[int, ...], load: tuple[str, ...]) -> tuple[int, ...]:
        other = 1 - state[0]
        sides = [other if thing in load else side for thing, side in zip(self.things, state[1:], strict=True)]
        return (other, *sides)

    def _eaten(self, state: tuple[int, ...]) -> tuple[str, str] | None:
        sides = dict(zip(self.things, state[1:], strict=True))
        return next((pair for pair in self.conflicts if sides[pair[0]] == sides[pair[1]] != state[0]), None)


def draw(rng: np.random.Generator) -> RiverCrossing:
    """Things of which each eats the next, some already on the other bank if that is safe; a boat for one or two."""
    things = CHAINS[int(rng.integers(len(CHAINS)))]
    sides = rng.integers(2, size=len(things)).tolist() if rng.random() < 0.5 else [0] * len(things)
    world = RiverCrossing((0, *sides), things, tuple(pairwise(things)), int(rng.integers(1, 3)))
    return world if not world._eaten(world.start) else msgspec.structs.replace(world, start=(0,) * (len(things) + 1))


def _name(load: tuple[str, ...]) -> str:
    return f"cross with {and_list([f'the {thing}' for thing in load])}" if load else "cross alone"
