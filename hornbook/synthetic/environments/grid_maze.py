"""Grid maze: move from one cell to another, one cell at a time, around walls."""

import re

import msgspec
import numpy as np

from hornbook.synthetic.environments.world import WorkedMove

WALL, FREE = "#", "."
SIZE = (3, 7)  # cells a side
WALLS = 0.3  # share of the cells
STEPS = {"north": (-1, 0), "east": (0, 1), "south": (1, 0), "west": (0, -1)}
MOVE = re.compile(
    r"\b(?:go(?:es|ing)?|went|mov(?:e[sd]?|ing)|walk(?:s|ed|ing)?|step(?:s|ped|ping)?|head(?:s|ed|ing)?)"
    r"(?: (?:one|a) (?:cell|step|square))?(?: to the)? (north|east|south|west)\b",
    re.IGNORECASE,
)
EXAMPLE = WorkedMove(
    "The position is row 4, column 2.",
    "go north",
    "The goal lies in row 3, and the cell above is free.",
)

Cell = tuple[int, int]  # row, column, from 0


class GridMaze(msgspec.Struct, frozen=True):
    """A state is the current cell."""

    rows: tuple[str, ...]
    start: Cell
    goal: Cell

    def task(self) -> str:
        drawn = "\n".join(" ".join(row) for row in self.rows)
        return (
            f"A maze of {len(self.rows)} rows and {len(self.rows[0])} columns; row 1 is the northernmost, column 1 the "
            f"westernmost, {WALL} is a wall:\n{drawn}\n{self.show(self.start)} Each step goes one cell north, east, "
            f"south or west, not into a wall and not out of the maze. Get to {_name(self.goal)}."
        )

    def show(self, state: Cell) -> str:
        return f"The position is {_name(state)}."

    def successors(self, state: Cell) -> dict[str, Cell]:
        return {f"go {name}": cell for name in STEPS if self._free(cell := _beside(state, name))}

    def why_not(self, state: Cell, move: str) -> str:
        found = MOVE.search(move)
        if not found:
            return "There is no such move."
        row, column = _beside(state, found[1].lower())
        inside = 0 <= row < len(self.rows) and 0 <= column < len(self.rows[0])
        return f"There is a wall at {_name((row, column))}." if inside else "That leads out of the maze."

    def reached(self, state: Cell) -> bool:
        return state == self.goal

    def remaining(self, state: Cell) -> int:
        return abs(state[0] - self.goal[0]) + abs(state[1] - self.goal[1])

    def read(self, text: str) -> list[str]:
        return [f"go {name.lower()}" for name in MOVE.findall(text)]

    def _free(self, cell: Cell) -> bool:
        row, column = cell
        return 0 <= row < len(self.rows) and 0 <= column < len(self.rows[0]) and self.rows[row][column] == FREE


def draw(rng: np.random.Generator) -> GridMaze:
    """Three to six cells a side, a third of them walls; start and goal anywhere free."""
    height, width = rng.integers(*SIZE, size=2).tolist()
    walls = rng.random((height, width)) < WALLS
    walls[0, 0] = walls[-1, -1] = False
    free = list(zip(*(places.tolist() for places in np.nonzero(~walls)), strict=True))
    first, last = rng.choice(len(free), size=2, replace=False).tolist()
    rows = tuple("".join(WALL if wall else FREE for wall in row) for row in walls.tolist())
    return GridMaze(rows, free[first], free[last])


def _beside(cell: Cell, direction: str) -> Cell:
    down, right = STEPS[direction]
    return cell[0] + down, cell[1] + right


def _name(cell: Cell) -> str:
    return f"row {cell[0] + 1}, column {cell[1] + 1}"
