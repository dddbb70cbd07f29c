"""Every world: its solver finds a shortest way, its moves survive their own words, what it forbids it explains."""

from collections import deque

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.synthetic.environments import (
    blocks_world,
    grid_maze,
    number_path,
    river_crossing,
    sliding_puzzle,
    tower_of_hanoi,
    water_jugs,
)
from hornbook.synthetic.environments.world import Illegal, apply, draw_solvable, replay, shortest_plan

ROOMS = [blocks_world, grid_maze, number_path, river_crossing, sliding_puzzle, tower_of_hanoi, water_jugs]
REVERSIBLE = [blocks_world, grid_maze, river_crossing, sliding_puzzle, tower_of_hanoi]
TOO_LONG = 9
each = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__.split(".")[-1])


def drawn(room, seed):
    return room.draw(np.random.default_rng(seed))


def by_breadth(world, most):
    """Length of a shortest solution by plain breadth-first search; None if it is longer than `most`."""
    seen, waiting = {world.start}, deque([(world.start, 0)])
    while waiting:
        state, length = waiting.popleft()
        if world.reached(state):
            return length
        for after in world.successors(state).values() if length < most else []:
            if after not in seen:
                seen.add(after)
                waiting.append((after, length + 1))
    return None


@each
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_solver_finds_a_shortest_way(room, seed):
    world = drawn(room, seed)
    shortest = by_breadth(world, TOO_LONG)
    way = shortest_plan(world, world.start)
    if shortest is None:
        assert way is None or len(way) > TOO_LONG
    else:
        assert len(way) == shortest
        assert world.reached(replay(world, way)[-1])


@each
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), steps=st.lists(st.integers(0, 50), max_size=8))
def test_moves_survive_their_words_and_a_world_its_json(room, seed, steps):
    world = drawn(room, seed)
    assert msgspec.json.decode(msgspec.json.encode(world), type=type(world)) == world
    state, told, moves = world.start, "", []
    for step in steps:
        following = world.successors(state)
        if not following:
            break
        move = list(following)[step % len(following)]
        told += f"Here I {move}. "
        moves.append(move)
        state = apply(world, state, move)
        assert world.show(state)
    assert world.read(told) == moves
    assert replay(world, moves)[-1] == state


@pytest.mark.parametrize("room", REVERSIBLE, ids=lambda room: room.__name__.split(".")[-1])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_is_done_can_be_undone(room, seed):
    world = drawn(room, seed)
    for after in world.successors(world.start).values():
        assert world.start in world.successors(after).values()


@each
def test_an_instance_is_as_long_as_was_asked_for_and_the_same_for_the_same_seed(room):
    worlds = [draw_solvable(room.draw, np.random.default_rng(3), range(3, 5)) for _ in range(2)]
    assert worlds[0] == worlds[1]
    assert len(shortest_plan(worlds[0], worlds[0].start)) in (3, 4)
    with pytest.raises(HornbookError, match="none of"):
        draw_solvable(room.draw, np.random.default_rng(3), range(400, 401))


@each
def test_the_example_is_read_as_its_move(room):
    """And belongs to no task that can be drawn with that text: it teaches the form, not the answer."""
    world = drawn(room, 1)
    if room is river_crossing:
        world = msgspec.structs.replace(world, start=(0, 0, 0), things=("pig", "corn"), conflicts=(("pig", "corn"),))
    assert world.read(f"So I {room.EXAMPLE.move}.") == [room.EXAMPLE.move] == world.read(room.EXAMPLE.move)


FORBIDDEN = [
    (tower_of_hanoi.TowerOfHanoi((0, 0, 1), 2), "move disk 2 from peg A to peg C", "not the topmost"),
    (tower_of_hanoi.TowerOfHanoi((0, 1), 2), "move disk 2 from peg B to peg A", "smaller disk"),
    (tower_of_hanoi.TowerOfHanoi((0, 1), 2), "move disk 2 from peg A to peg C", "not on peg A"),
    (water_jugs.WaterJugs((5, 3), 4), "empty the 5-litre jug", "empty already"),
    (water_jugs.WaterJugs((5, 3), 4), "pour the 5-litre jug into the 3-litre jug", "is empty"),
    (
        river_crossing.RiverCrossing((0, 0, 0), ("fox", "hen"), (("fox", "hen"),), 1),
        "cross alone",
        "The fox would eat the hen",
    ),
    (
        river_crossing.RiverCrossing((0, 0, 1), ("fox", "hen"), (("fox", "hen"),), 1),
        "cross with the hen",
        "other bank",
    ),
    (grid_maze.GridMaze((".#", ".."), (0, 0), (1, 1)), "go east", "wall at row 1, column 2"),
    (grid_maze.GridMaze((".#", ".."), (0, 0), (1, 1)), "go north", "out of the maze"),
    (blocks_world.BlocksWorld((("A", "B"), ("C",)), (("A",),)), "move block A onto block C", "block on block A"),
    (sliding_puzzle.SlidingPuzzle((1, 2, 0, 3), 2), "slide tile 2 left", "not left of tile 2"),
    (number_path.NumberPath(5, 9, (("subtract", 7), ("divide by", 2))), "subtract 7", "-2 is not"),
    (number_path.NumberPath(5, 9, (("subtract", 7), ("divide by", 2))), "divide by 2", "cannot be divided"),
    (number_path.NumberPath(5, 9, (("subtract", 7),)), "add 4", "no such move"),
]


@pytest.mark.parametrize(
    ("world", "move", "reason"), FORBIDDEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_forbidden_move_is_refused_with_its_rule(world, move, reason):
    with pytest.raises(Illegal, match=reason):
        apply(world, world.start, move)


def test_moves_are_read_from_free_prose():
    hanoi = tower_of_hanoi.TowerOfHanoi((0, 0), 2)
    assert hanoi.read("I begin by moving disk 1 from A to B, then I move the larger disk 2 from peg A onto peg C.") == [
        "move disk 1 from peg A to peg B",
        "move disk 2 from peg A to peg C",
    ]
    jugs = water_jugs.WaterJugs((5, 3), 4)
    assert jugs.read("After filling the 5-litre jug I pour from the 5-liter jug into the 3-liter jug.") == [
        "fill the 5-litre jug",
        "pour the 5-litre jug into the 3-litre jug",
    ]
    river = river_crossing.RiverCrossing((0, 0, 0, 0), ("fox", "hen", "grain"), (("fox", "hen"),), 1)
    assert river.read("I take the hen across. Then I cross back alone.") == ["cross with the hen", "cross alone"]
    assert number_path.NumberPath(5, 9, ()).read("Adding 4 gives 9; multiplying it by 2 gives 18.") == [
        "add 4",
        "multiply by 2",
    ]
