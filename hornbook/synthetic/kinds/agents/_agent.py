"""Agent trajectories (report §D.3): plan, act and reflect in a small world, then tell it as a chain of thought.

The world answers every move. What is kept is not the log but a thought in the first person that stands alone, and only
if the moves read from it, replayed, lead from the start to the goal.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.synthetic.environments.world import (
    Illegal,
    State,
    WorkedMove,
    World,
    apply,
    draw_solvable,
    replay,
    shortest_plan,
)
from hornbook.synthetic.kind import Checks, Kind, Made, Material, RecordContext, Rejected, example
from hornbook.synthetic.kinds.agents._telling import AgentSettings, Journey, tell
from hornbook.synthetic.prompting import finished

PLAN = "Which parts of this puzzle matter for a plan? Answer in one or two sentences."
NEXT = "Say in one short sentence which move is best and why, then give the move."
DRAWS_PER_SEED = 20


def agent_kind(shape: type, draw: Callable[[np.random.Generator], World], shown: WorkedMove, about: str) -> Kind:
    """The kind of trajectories in the worlds of type `shape` that `draw` draws."""
    return Kind(
        about=about,
        source="synthetic",
        report="D.3",
        seeded_by="its own puzzles, drawn and solved by program",
        seeds=partial(puzzles, draw),
        make=partial(make, shape, shown),
        stages=("plan", "act", "reflect", "tell"),
        checks=(
            "form",
            "goal",
            "hints",
            "told in order",
            "first person",
            "grounded",
            "stands alone",
            "replayed",
            "length",
        ),
        calls=lambda settings: (
            1 + 3 * settings.steps + settings.tries * -(-int(settings.slack * settings.most_moves) // settings.at_once)
        ),
        settings=AgentSettings,
    )


def puzzles(
    draw: Callable[[np.random.Generator], World],
    material: Material,
    count: int,
    rng: np.random.Generator,
    settings: AgentSettings,
) -> list[Question]:
    """Different puzzles, each as a question whose entry is the world and whose answer is the least number of moves."""
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


async def make(
    shape: type, shown: WorkedMove, seed: Question, ask: RecordContext, settings: AgentSettings
) -> list[Made]:
    world: World = msgspec.json.decode(seed.entry, type=shape)
    best = int(seed.answer)
    journey = await travel(world, best, shown, ask, settings)
    ask.facts |= {"moves": float(len(journey.moves)), "hints": float(journey.hints)}
    check_journey(journey, best, settings)
    told = await tell(world, journey, shown, ask, settings)
    return [check(world, told, journey, best, settings)]


async def travel(world: World, best: int, shown: WorkedMove, ask: RecordContext, settings: AgentSettings) -> Journey:
    """Act until the goal is reached. Raises Rejected when steps or hints run out.

    A move back to where the agent has been is refused like one against the rules, unless the hint says so.
    """
    plan = finished(await ask("plan", f"{world.task()}\n\n{PLAN}"))
    state, been = world.start, {world.start}
    moves: list[str] = []
    reasons: list[str] = []
    failed: dict[str, list[str]] = {}  # what was tried in vain since the last move: feedback and reflection
    hint, hints = "", 0
    for step in range(settings.steps):
        left = tuple(move for move in world.successors(state) if move not in failed)
        if not hint and (sum(map(len, failed.values())) >= 2 * settings.patience or not left):
            hint, hints = (await ask.compute(shortest_plan, world, state) or [""])[0], hints + 1
            if not hint or hints > settings.most_hints * best:
                raise Rejected("hints", f"{hints} for {best} moves" if hint else "no way leads on")
        known = [
            world.task(),
            f"Plan: {plan}",
            f"Moves so far: {'; '.join(moves) or 'none'}.",
            *(line for lines in failed.values() for line in lines),
            f"Hint: {hint} now." if hint else "",
        ]
        options = tuple(dict.fromkeys((hint, *left))) if hint else left
        thought, move = await act(world, state, known, options, shown, ask, settings, step)
        try:
            after = apply(world, state, move)
            feedback = "That leads back to where you have been." if after in been and move != hint else ""
        except Illegal as illegal:
            feedback = str(illegal)
        if feedback:
            failure = f"Trying to {move or 'do something unknown'} fails: {feedback}"
            failed.setdefault(move, []).extend([failure, await reflect(world, state, failure, ask, step)])
            continue
        state, failed, hint = after, {}, ""
        been.add(state)
        moves.append(move)
        reasons.append(thought)
        if world.reached(state):
            return Journey(plan, *without_loops(world, moves, reasons), hints)
    raise Rejected("goal", f"not reached in {settings.steps} actions")


async def act(
    world: World,
    state: State,
    known: Sequence[str],
    options: tuple[str, ...],
    shown: WorkedMove,
    ask: RecordContext,
    settings: AgentSettings,
    step: int,
) -> tuple[str, str]:
    """(why, the move), "" where no move can be read."""
    listed = settings.choose == "legal moves"

    def asked(before: Sequence[str], position: str, moves: Sequence[str]) -> str:
        possible = f"Possible moves: {'; '.join(moves)}." if listed else ""
        return "\n".join(filter(None, [*before, f"Now: {position}", possible, NEXT]))

    solved = msgspec.json.encode(_Free(shown.why, shown.move)).decode()
    messages = [
        *example(asked([], shown.position, [shown.move]), solved),
        Message("user", asked(known, world.show(state), options)),
    ]
    chosen: Any = await ask.json("act", messages, _choice(options) if listed else _Free, max_tokens=160, sample=step)
    read = world.read(chosen.move)
    return chosen.thought.strip(), read[0] if read else ""


Thought = Annotated[str, msgspec.Meta(max_length=120)]  # a bound that servers keep to: small teachers never stop


class _Free(msgspec.Struct):
    thought: Thought
    move: str


@lru_cache(maxsize=4096)
def _choice(legal: tuple[str, ...]) -> type[msgspec.Struct]:
    """An answer whose move is one of the legal ones: servers with JSON schemas can hold the teacher to them."""
    return msgspec.defstruct("Choice", [("thought", Thought), ("move", Literal[legal])])  # type: ignore[valid-type]


def without_loops(world: World, moves: Sequence[str], reasons: Sequence[str]) -> tuple[list[str], list[str]]:
    """The moves, with their reasons, that are left when every return to an earlier state is cut out."""
    states = replay(world, moves)
    kept: list[int] = []
    place = 0
    while place < len(moves):
        place = max(number for number, state in enumerate(states) if state == states[place])
        if place < len(moves):
            kept.append(place)
            place += 1
    return [moves[number] for number in kept], [reasons[number] for number in kept]


async def reflect(world: World, state: State, failure: str, ask: RecordContext, step: int) -> str:
    prompt = (
        f"{world.task()}\nNow: {world.show(state)}\n{failure}\nWhat do you learn from that? Answer in one sentence."
    )
    return finished(await ask("reflect", prompt, max_tokens=40, sample=step))


def check_journey(journey: Journey, best: int, settings: AgentSettings) -> None:
    """Before it costs anything to tell it. Raises Rejected."""
    length = len(journey.moves)
    if length > settings.slack * best:
        raise Rejected("length", f"{length} moves, {best} would do")
    if journey.hints > settings.most_hints * best:
        raise Rejected("hints", f"{journey.hints} for {best} moves")


def check(world: World, told: str, journey: Journey, best: int, settings: AgentSettings) -> Made:
    """The moves are read from the finished text, not from the log: what the text says must be what works."""
    checks = Checks()
    read = world.read(told)
    checks.require("told in order", read == journey.moves)
    try:
        states = replay(world, read)
    except Illegal as illegal:
        raise Rejected("replayed", str(illegal)) from None
    checks.require("replayed", all(map(world.reached, states[-1:])), "the goal is not reached")
    checks.require("length", len(read) <= settings.slack * best, f"{len(read)} moves, {best} would do")
    passed = ["goal", "hints", "first person", "grounded", "stands alone", *checks.passed]
    grade = best / len(read) * (1 - journey.hints / (journey.hints + len(read)))
    messages = [Message("user", world.task()), Message("assistant", told)]
    return Made(passed, messages=messages, grade=round(grade, 4))
