"""Sliding puzzle: numbered tiles and one gap in a tray, to be slid into order."""

import re

import msgspec
import numpy as np

from hornbook.synthetic.environments.world import WorkedMove

GAP = 0
TRAYS = [(2, 2), (2, 3), (3, 3)]  # rows, columns
MOST_SLIDES = 16  # by which a tray is shuffled
WAYS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
MOVE = re.compile(
    r"\b(?:slid(?:e[sd]?|ing)?|mov(?:e[sd]?|ing)|push(?:es|ed|ing)?) (?:the )?tile (\d)(?: to the)?"
    r" (up|down|left|right)\b",
    re.IGNORECASE,
)
EXAMPLE = WorkedMove(
    "The tray is 1 2 3 / 4 _ 5.",
    "slide tile 5 left",
    "Tile 5 belongs where the gap is.",
)

Tiles = tuple[int, ...]  # row by row, GAP for the gap


class SlidingPuzzle(msgspec.Struct, frozen=True):
    """A state is the tiles row by row; in the goal they are in order, the gap last."""

    start: Tiles
    columns: int

    def task(self) -> str:
        goal = (*range(1, len(self.start)), GAP)
        return (
            f"Tiles numbered 1 to {len(self.start) - 1} lie in a tray of {len(self.start) // self.columns} rows and "
            f"{self.columns} columns with one gap, written _ (rows are separated by /). {self.show(self.start)} A "
            f"tile beside the gap can slide into it: up, down, left or right. In the end: {self.show(goal)}"
        )

    def show(self, state: Tiles) -> str:
        cells = [str(tile) if tile else "_" for tile in state]
        rows = [" ".join(cells[first : first + self.columns]) for first in range(0, len(cells), self.columns)]
        return f"The tray is {' / '.join(rows)}."

    def successors(self, state: Tiles) -> dict[str, Tiles]:
        gap = state.index(GAP)
        following = {}
        for way in WAYS:
            place = self._from(gap, way)
            if place is not None:
                after = list(state)
                after[gap], after[place] = after[place], after[gap]
                following[f"slide tile {state[place]} {way}"] = tuple(after)
        return following

    def why_not(self, state: Tiles, move: str) -> str:
        found = MOVE.search(move)
        if not found or int(found[1]) not in state or found[1] == str(GAP):
            return "There is no such move."
        return f"The gap is not {_side(found[2].lower())} tile {found[1]}."

    def reached(self, state: Tiles) -> bool:
        return state == (*range(1, len(state)), GAP)

    def remaining(self, state: Tiles) -> int:
        """The sum of the tiles' distances from their places, along rows and columns."""
        total = 0
        for place, tile in enumerate(state):
            if tile != GAP:
                here, there = divmod(place, self.columns), divmod(tile - 1, self.columns)
                total += abs(here[0] - there[0]) + abs(here[1] - there[1])
        return total

    def read(self, text: str) -> list[str]:
        return [f"slide tile {tile} {way.lower()}" for tile, way in MOVE.findall(text)]

    def _from(self, gap: int, way: str) -> int | None:
        """The place of the tile that slides that way into the gap."""
        down, right = WAYS[way]
        row, column = divmod(gap, self.columns)
        row, column = row - down, column - right
        inside = 0 <= row < len(self.start) // self.columns and 0 <= column < self.columns
        return row * self.columns + column if inside else None


def draw(rng: np.random.Generator) -> SlidingPuzzle:
    """A solved tray, shuffled by random slides, so that it can be solved."""
    rows, columns = TRAYS[int(rng.integers(len(TRAYS)))]
    tray = SlidingPuzzle((*range(1, rows * columns), GAP), columns)
    state = tray.start
    for _ in range(int(rng.integers(1, MOST_SLIDES + 1))):
        following = list(tray.successors(state).values())
        state = following[int(rng.integers(len(following)))]
    return SlidingPuzzle(state, columns)


def _side(way: str) -> str:
    return {"up": "above", "down": "below", "left": "left of", "right": "right of"}[way]
