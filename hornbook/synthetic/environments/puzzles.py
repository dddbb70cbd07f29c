"""Puzzles as seeds: instances of an environment, drawn and solved by program (report §D.3)."""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Literal, Protocol

import msgspec
import numpy as np

from hornbook.base.records import Question, make_id
from hornbook.synthetic.environments.world import WorkedMove, World, draw_solvable, shortest_plan
from hornbook.synthetic.kind import Material

WorldName = Literal[
    "blocks_world", "grid_maze", "number_path", "river_crossing", "sliding_puzzle", "tower_of_hanoi", "water_jugs"
]
SHAPES = {"blocks_world": "BlocksWorld", "grid_maze": "GridMaze", "number_path": "NumberPath",
          "river_crossing": "RiverCrossing", "sliding_puzzle": "SlidingPuzzle", "tower_of_hanoi": "TowerOfHanoi",
          "water_jugs": "WaterJugs"}  # fmt: skip
DRAWS_PER_SEED = 20


class PuzzleSettings(Protocol):
    """What is drawn: which environment, and how long its shortest solution may be, in moves."""

    world: WorldName
    least_moves: int
    most_moves: int


def drawn_puzzles(material: Material, count: int, rng: np.random.Generator, settings: PuzzleSettings) -> list[Question]:
    """Different puzzles, each as a question whose entry is the world and whose answer is the least number of moves."""
    draw: Callable[[np.random.Generator], World] = _module(settings.world).draw
    found: dict[str, Question] = {}
    for _ in range(DRAWS_PER_SEED * count):
        if len(found) == count:
            break
        world = draw_solvable(draw, rng, range(settings.least_moves, settings.most_moves + 1))
        task, entry = world.task(), msgspec.json.encode(world).decode()
        best = str(len(shortest_plan(world, world.start) or []))
        question = Question(id=make_id("task", task), task="agent", prompt=task, answer=best, entry=entry)
        found.setdefault(question.id, question)
    return list(found.values())


def world_of(name: WorldName, puzzle: Question) -> World:
    world: World = msgspec.json.decode(puzzle.entry, type=getattr(_module(name), SHAPES[name]))
    return world


def worked_move(name: WorldName) -> WorkedMove:
    example: WorkedMove = _module(name).EXAMPLE
    return example


def _module(name: WorldName) -> ModuleType:
    return importlib.import_module(f"hornbook.synthetic.environments.{name}")
