"""Agents: what they do is answered by the world, and what they tell of it is replayed."""

import json
import re

import numpy as np
import pytest

from hornbook.synthetic.environments.puzzles import world_of
from hornbook.synthetic.environments.tower_of_hanoi import TowerOfHanoi
from hornbook.synthetic.environments.world import replay, shortest_plan
from hornbook.synthetic.kind import Material, RecordContext, Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.mechanisms.environment import Step, told_moves, without_loops
from hornbook.synthetic.passages import PassageSettings
from tests.synthetic.kinds.planned import first_prompts, framed
from tests.synthetic.kinds.scripted import run_kind

KINDS = sorted(name for name, family in FAMILIES.items() if family == "agents")
NOTHING = Material([], [], [], [], PassageSettings())
PLAN = "The one that is in the way of all others has to go first; what is left after it is short and nearly forced."
LEARNT = "I took it to be free, and it is not. The one above has to go first."
OPENING = (
    "What does the goal ask for, and in which order? I look at what stands in the way of everything else, since that "
    "has to move first, and think of the last step before I settle on the first. A hasty start would cost me two "
    "moves: what looks like progress has to be undone."
)
REASONS = [
    "This is forced, because nothing else leaves room for what comes next.",
    "Now there is a choice, and I take the side that keeps the other one free.",
    "That undoes nothing and brings me closer, so I go on.",
    "The obvious alternative would lead back to where I have been.",
    "Only one thing is still in the way, and here it goes.",
    "From here on the rest follows by itself.",
]


@pytest.fixture(autouse=True)
def verified(monkeypatch):
    """A verifier that finds everything true but what speaks of the moon: (text, source) of each time it is asked."""
    asked = []

    async def verify(self, checks, text, source, *, absent="none", numbers=True):
        asked.append((text, source))
        checks.require("truth", "the moon" not in text)

    monkeypatch.setattr(RecordContext, "verify", verify)
    return asked


def puzzle(name, seed=1, **settings):
    kind = load_kind(name)
    return kind.seeds(NOTHING, 1, np.random.default_rng(seed), kind.settings.parse(settings, name))[0]


def solver(name, question):
    world = world_of(name, question)
    return shortest_plan(world, world.start)


def telling(moves):
    parts = [OPENING]
    for number, move in enumerate(moves):
        parts += [f"{REASONS[number % len(REASONS)]}", f"Move: {move}"]
    return "\n\n".join([*parts, "With this the position is the one that was asked for."])


def script(moves, tell=None, acts=None):
    """A teacher that makes these moves, or those of `acts`, and tells them."""
    made = iter(acts or moves)
    return {
        "plan": PLAN,
        "act": lambda prompt, sample: json.dumps({"thought": "It leads on.", "move": next(made)}),
        "reflect": LEARNT,
        "tell": telling(moves) if tell is None else tell,
    }


@pytest.mark.parametrize("name", KINDS)
def test_a_good_agents_told_moves_reach_the_goal_in_whatever_form_it_tells_them(name, verified):
    seed = puzzle(name)
    way = solver(name, seed)
    for tell in framed(telling(way)):
        (made,) = run_kind(name, seed, script(way, tell), tokens=[60, 2600])
        assert made.grade == 1.0
        assert [turn.content for turn in made.messages] == [seed.prompt, telling(way)]
    world = world_of(name, seed)
    read = told_moves(world, made.messages[1].content)
    assert len(read) == int(seed.answer) and world.reached(replay(world, read)[-1])
    assert f"The least number of moves that can is {seed.answer}" in verified[0][1]


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("replayed", lambda text: text.replace("Move: ", "I ", 1)),
        ("replayed", lambda text: text[: text.rindex("Move: ")] + "And so on."),
        ("replayed", lambda text: re.sub(r"(\n\nMove: .*)", r"\1\1", text, count=1)),
        ("replayed", lambda text: re.sub(r"Move: .*", "Move: sing a song", text, count=1)),
        ("truth", lambda text: text.replace("This is forced", "Here on the moon this is forced")),
        ("length", lambda text: "\n".join(re.findall("Move: .*", text))),
        ("no repetition", lambda text: text + "\nAnd so I went on and on." * 60),
        ("finished", lambda text: ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["tower_of_hanoi", "sliding_puzzle"])
def test_a_telling_with_one_defect_is_rejected(name, check, change):
    seed = puzzle(name)
    way = solver(name, seed)
    with pytest.raises(Rejected) as caught:
        run_kind(name, seed, script(way, change(telling(way))))
    assert caught.value.check == check, caught.value


def test_a_bad_telling_goes_back_with_what_the_replay_found():
    seed = puzzle("grid_maze")
    way = solver("grid_maze", seed)
    prompts = []

    def tell(prompt, sample):
        prompts.append(prompt)
        return telling(way if sample else way[:-1])

    assert run_kind("grid_maze", seed, script(way, tell))[0].grade == 1.0
    assert "the goal is not reached" in prompts[1] and "the goal is not reached" not in prompts[0]


def test_an_agent_that_errs_is_told_why_and_reflects():
    seed = puzzle("tower_of_hanoi", seed=3, most_moves=6)
    way = solver("tower_of_hanoi", seed)
    prompts = []
    acts = iter(["move disk 2 from peg C to peg C", "sing a song", *way])

    def act(prompt, sample):
        prompts.append(prompt)
        return json.dumps({"thought": "So it goes.", "move": next(acts)})

    told = []

    def tell(prompt, sample):
        told.append(prompt)
        return telling(way)

    (made,) = run_kind("tower_of_hanoi", seed, script(way, tell) | {"act": act})
    assert made.grade == 1.0
    assert 'move("move disk 2 from peg C to peg C") -> Disk 2' in prompts[1] and LEARNT in prompts[1]
    assert "There is no such move." in prompts[2] and LEARNT in told[0]
    with pytest.raises(Rejected, match="goal: not reached"):
        acts = iter(["sing a song"] * 9)
        run_kind("tower_of_hanoi", seed, script(way) | {"act": act}, failures=2)


def test_a_long_way_is_kept_up_to_a_limit_and_graded():
    drawn = [puzzle("tower_of_hanoi", number, least_moves=3, most_moves=3) for number in range(8)]
    seed, longer = next(
        (one, [move, *onward])
        for one in drawn
        for world in [world_of("tower_of_hanoi", one)]
        for move, after in world.successors(world.start).items()
        if len(onward := shortest_plan(world, after) or []) == 3
    )
    (made,) = run_kind("tower_of_hanoi", seed, script(longer))
    assert made.grade == 0.75
    with pytest.raises(Rejected, match="solution: 4 moves, 3 would do"):
        run_kind("tower_of_hanoi", seed, script(longer), slack=1.0)


def test_ways_back_are_cut_out():
    world = TowerOfHanoi((0, 1), 1)
    moves = ["move disk 1 from peg A to peg C", "move disk 1 from peg C to peg A", "move disk 1 from peg A to peg B"]
    steps = [Step(thought, move, "") for thought, move in zip("abc", moves, strict=True)]
    assert without_loops(world, steps) == (moves[2:], ["c"])
    assert without_loops(world, steps[2:]) == (moves[2:], ["c"])


@pytest.mark.parametrize("name", KINDS)
def test_few_puzzles_give_many_different_prompts(name):
    kind = load_kind(name)
    seeds = kind.seeds(NOTHING, 20, np.random.default_rng(4), kind.settings())
    assert seeds == kind.seeds(NOTHING, 20, np.random.default_rng(4), kind.settings())
    assert len({one.id for one in seeds}) == 20
    prompts = first_prompts(name, seeds, 1000)
    assert len(prompts) == 1000 and len(set(prompts)) >= 990


# The profile for small teachers: moves are listed, the solver gives hints, and the agent's own reasons are put together


def options(prompt):
    return prompt.rsplit("Possible moves: ", 1)[1].split(".\n")[0].split("; ")


def test_a_small_teacher_chooses_from_a_list_and_gets_hints_that_cost_grade():
    settings = {"least_moves": 3, "most_moves": 3, "patience": 1}
    kind = load_kind("tower_of_hanoi", "small")
    (seed,) = kind.seeds(NOTHING, 1, np.random.default_rng(3), kind.settings.parse(settings, "small"))
    way = solver("tower_of_hanoi", seed)
    world = world_of("tower_of_hanoi", seed)
    prompts = []

    def act(prompt, sample):
        prompts.append(prompt)
        done = re.findall(r"^(move .*): Peg", prompt.split("Now: ")[0], re.MULTILINE)
        right = way[len(done)]
        back = [move for move in options(prompt) if replay(world, [*done, move])[-1] == world.start]
        move = back[0] if back and len(done) == 1 and "Hint" not in prompt else right
        return json.dumps({"thought": f"It is thought number {len(done)}.", "move": move})

    (made,) = run_kind("tower_of_hanoi", seed, script(way) | {"act": act}, profile="small", **settings)
    assert any(f"Hint: {way[1]} now." in prompt for prompt in prompts)
    assert made.grade == pytest.approx(0.75)
    told = made.messages[1].content
    assert told_moves(world, told) == way and "It is thought number 2." in told
