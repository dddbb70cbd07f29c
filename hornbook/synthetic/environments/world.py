"""The interface of an environment, and what all have in common: applying moves, replaying, solving (report §D.3)."""

import heapq
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple, Protocol

import numpy as np

from hornbook.base.errors import HornbookError

State = Any  # a hashable value of the environment
LARGEST_SEARCH = 200_000  # states; the environments here have far fewer
MOST_DRAWS = 400


class World(Protocol):
    """One instance of an environment: its start, moves and goal.

    Moves are short imperative phrases ("pour the 5-litre jug into the 3-litre jug"). States are immutable: a move gives
    a new one. Each world is a msgspec.Struct, so it can be stored as JSON.
    """

    @property
    def start(self) -> State: ...

    def task(self) -> str:
        """A complete description: the rules, the start and the goal."""

    def show(self, state: State) -> str:
        """The state in one or a few sentences."""

    def successors(self, state: State) -> Mapping[str, State]:
        """Legal move → the state it leads to, in a fixed order."""

    def why_not(self, state: State, move: str) -> str:
        """The rule that `move`, which is not legal here, would break."""

    def reached(self, state: State) -> bool:
        """Whether `state` is the goal."""

    def remaining(self, state: State) -> int:
        """A lower bound on the number of moves to the goal; 0 if nothing better is known."""

    def read(self, text: str) -> list[str]:
        """The moves that a text mentions, in order, in their standard wording."""


class WorkedMove(NamedTuple):
    """A solved example for small teachers: a position, a good move, and its reason."""

    position: str
    move: str
    why: str


class Illegal(Exception):
    """An illegal move; the message names the rule, as feedback for the agent."""


def apply(world: World, state: State, move: str) -> State:
    """The state after `move`. Raises Illegal."""
    following = world.successors(state)
    if move not in following:
        raise Illegal(world.why_not(state, move))
    return following[move]


def replay(world: World, moves: Sequence[str]) -> list[State]:
    """The states along the moves, beginning with the start. Raises Illegal at the first illegal move."""
    states = [world.start]
    for move in moves:
        states.append(apply(world, states[-1], move))
    return states


def shortest_plan(world: World, state: State) -> list[str] | None:
    """A shortest sequence of moves from `state` to the goal, by A*; None if there is none. Deterministic.

    Raises ValueError if the world is too large to search.
    """
    order = count()  # breaks ties by age, because states need not be comparable
    waiting: list[tuple[int, int, int, State]] = [(world.remaining(state), next(order), 0, state)]
    came: dict[Hashable, tuple[State, str]] = {}
    lengths: dict[Hashable, int] = {state: 0}
    while waiting:
        _, _, length, here = heapq.heappop(waiting)
        if length > lengths[here]:
            continue  # a shorter path was found since
        if world.reached(here):
            return _way(came, state, here)
        for move, there in world.successors(here).items():
            if length + 1 < lengths.get(there, LARGEST_SEARCH):
                lengths[there] = length + 1
                came[there] = (here, move)
                heapq.heappush(waiting, (length + 1 + world.remaining(there), next(order), length + 1, there))
        if len(lengths) > LARGEST_SEARCH:
            raise ValueError(f"more than {LARGEST_SEARCH} states")
    return None


def _way(came: Mapping[Hashable, tuple[State, str]], first: State, last: State) -> list[str]:
    moves = []
    while last != first:
        last, move = came[last]
        moves.append(move)
    return moves[::-1]


def draw_solvable(draw: Callable[[np.random.Generator], World], rng: np.random.Generator, lengths: range) -> World:
    """A world whose shortest solution has a length in `lengths`.

    Raises HornbookError if none is found in MOST_DRAWS tries.
    """
    for _ in range(MOST_DRAWS):
        world = draw(rng)
        solution = shortest_plan(world, world.start)
        if solution is not None and len(solution) in lengths:
            return world
    wanted = f"{lengths.start} to {lengths.stop - 1} moves (least_moves, most_moves)"
    raise HornbookError(f"none of {MOST_DRAWS} instances is solved in {wanted}")


def and_list(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
