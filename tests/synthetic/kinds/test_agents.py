"""Agents: what they do is answered by the world, and what they tell of it is replayed."""

import json

import msgspec
import numpy as np
import pytest

from hornbook.synthetic.environments.tower_of_hanoi import TowerOfHanoi
from hornbook.synthetic.environments.world import replay, shortest_plan
from hornbook.synthetic.kind import Material, Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.kinds.agents import _agent
from hornbook.synthetic.passages import PassageSettings
from tests.synthetic.kinds.scripted import run_kind

KINDS = sorted(name for name, family in FAMILIES.items() if family == "agents")
NOTHING = Material([], [], [], [], PassageSettings())


def puzzle(name, seed=1, **settings):
    kind = load_kind(name)
    return kind.seeds(NOTHING, 1, np.random.default_rng(seed), kind.settings.parse(settings, name))[0]


def options(prompt):
    return prompt.split("Possible moves: ")[1].split(".\n")[0].split("; ")


def choose(pick):
    """An `act` answer: `pick` of the moves on offer."""
    return lambda prompt, sample: json.dumps({"thought": "It leads on.", "move": pick(prompt, options(prompt))})


def good_tell(prompt, sample):
    return f"Since that is what the goal needs, I {prompt.split('word for word: ')[1].removesuffix('.')}."


def script(act, tell=good_tell):
    return {"plan": "The last one comes first.", "reflect": "Not that again.", "act": act, "tell": tell}


def world_of(name, question):
    return msgspec.json.decode(question.entry, type=load_kind(name).make.args[0])


def solver(name, question):
    world = world_of(name, question)
    return shortest_plan(world, world.start)


@pytest.mark.parametrize("name", KINDS)
def test_a_good_agent_makes_a_record_whose_told_moves_reach_the_goal(name):
    seed = puzzle(name)
    way = iter(solver(name, seed))
    made = run_kind(name, seed, script(choose(lambda prompt, moves: next(way))))[0]
    assert made.grade == 1.0
    assert made.messages[0].content == seed.prompt
    world = world_of(name, seed)
    told = world.read(made.messages[1].content)
    assert len(told) == int(seed.answer)
    assert world.reached(replay(world, told)[-1])


def test_puzzles_are_different_and_the_same_for_the_same_seed():
    kind = load_kind("blocks_world")
    drawn = [kind.seeds(NOTHING, 30, np.random.default_rng(4), kind.settings()) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len({one.id for one in drawn[0]}) == 30
    assert all(2 <= int(one.answer) <= 4 for one in drawn[0])


def test_an_agent_that_errs_is_told_why_reflects_and_gets_hints_that_cost_grade():
    seed = puzzle("tower_of_hanoi", seed=3, least_moves=3, most_moves=3)
    way = solver("tower_of_hanoi", seed)
    prompts = []

    def act(prompt, sample):
        prompts.append(prompt)
        now = prompt.split("Moves so far: ")[1].split(".\n")[0]
        right = way[0 if now == "none" else now.count(";") + 1]
        bad = len(prompts) <= 2
        return json.dumps({"thought": "So it goes.", "move": "move disk 2 from peg C to peg C" if bad else right})

    made = run_kind("tower_of_hanoi", seed, script(act), choose="any move", most_hints=1.0)[0]
    assert "Trying to move disk 2 from peg C to peg C fails: Disk 2" in prompts[1]
    assert "Not that again." in prompts[1]
    assert f"Hint: {way[0]} now." in prompts[2]
    assert "Hint" not in prompts[3]
    assert made.grade == pytest.approx(0.75)
    with pytest.raises(Rejected, match="hints"):
        prompts.clear()
        run_kind("tower_of_hanoi", seed, script(act), choose="any move", most_hints=0.0)


def test_an_agent_that_never_gets_there_is_given_up():
    seed = puzzle("grid_maze")
    never = json.dumps({"thought": "Hm.", "move": "sing a song"})
    with pytest.raises(Rejected, match="goal: not reached in 3"):
        run_kind("grid_maze", seed, script(lambda prompt, sample: never), choose="any move", steps=3, patience=9)


@pytest.mark.parametrize(
    ("tell", "check"),
    [
        (lambda prompt, sample: "I think of the goal and move on.", "told in order"),
        (lambda prompt, sample: good_tell(prompt, 0) + " " + good_tell(prompt, 0), "told in order"),
        (lambda prompt, sample: good_tell(prompt, 0).replace(", I", ", you"), "first person"),
        (lambda prompt, sample: "There are 987 ways. " + good_tell(prompt, 0), "grounded: speaks of 987"),
        (lambda prompt, sample: "The hint is clear. " + good_tell(prompt, 0), "stands alone"),
    ],
)
def test_what_is_told_must_be_the_moves_in_the_first_person_and_stand_alone(tell, check):
    seed = puzzle("number_path")
    way = iter(solver("number_path", seed))
    with pytest.raises(Rejected, match=check):
        run_kind("number_path", seed, script(choose(lambda prompt, moves: next(way)), tell))


def test_the_told_moves_are_replayed_not_the_log():
    world = TowerOfHanoi((0, 1), 1)
    told = "I move disk 1 from peg A to peg C."
    journey = _agent.Journey("", ["move disk 1 from peg A to peg C"], [""], 0)
    with pytest.raises(Rejected, match="replayed: the goal is not reached"):
        _agent.check(world, told, journey, 1, _agent.AgentSettings())
    away = ["move disk 1 from peg A to peg C", "move disk 1 from peg C to peg B"]
    told = " ".join(f"I {move}." for move in away)
    assert _agent.check(world, told, _agent.Journey("", away, [], 0), 1, _agent.AgentSettings(slack=2.0)).grade == 0.5
    with pytest.raises(Rejected, match="length: 2 moves, 1 would do"):
        _agent.check(world, told, _agent.Journey("", away, [], 0), 1, _agent.AgentSettings())
    illegal = ["move disk 2 from peg A to peg C"]
    with pytest.raises(Rejected, match="replayed: Disk 2 is not on peg A"):
        _agent.check(world, f"I {illegal[0]}.", _agent.Journey("", illegal, [], 0), 1, _agent.AgentSettings())


def test_ways_back_are_cut_out():
    world = TowerOfHanoi((0, 1), 1)
    moves = ["move disk 1 from peg A to peg C", "move disk 1 from peg C to peg A", "move disk 1 from peg A to peg B"]
    assert _agent.without_loops(world, moves, ["a", "b", "c"]) == (moves[2:], ["c"])
    assert _agent.without_loops(world, moves[2:], ["c"]) == (moves[2:], ["c"])
