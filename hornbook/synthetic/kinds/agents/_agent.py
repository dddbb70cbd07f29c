"""Agent trajectories (report §D.3): plan, act and reflect in a small world, then tell it as a chain of thought.

The world answers every move. What is kept is not the log but a thought in the first person that stands alone, and only
if the moves read from it, replayed, lead from the start to the goal.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.environments.world import (
    Illegal,
    Shown,
    State,
    World,
    and_list,
    apply,
    draw_solvable,
    replay,
    solve,
)
from hornbook.synthetic.kind import Ask, Checks, Kind, KindSettings, Made, Material, Rejected, example
from hornbook.synthetic.stages import SMALL_TALK, finished
from hornbook.synthetic.words import words

PLAN = "Which parts of this puzzle matter for a plan? Answer in one or two sentences."
TELL = (
    "Tell this move as your own thought, in one sentence that begins with the reason and ends with the move, "
    "word for word: "
)
TELL_MANY = (
    "Tell these moves as your own thought, in the first person: for each a sentence with the reason and the move, "
    "word for word, in this order: "
)
OUTSIDE = {"hint", "hints", "log", "trajectory", "feedback", "prompt", "notes"}  # what the reader of a thought lacks
NEXT = "Say in one short sentence which move is best and why, then give the move."
DRAWS_PER_SEED = 20
NUMBER = re.compile(r"\d+")


class AgentSettings(KindSettings):
    """An agent in a small world."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(60, "longest plan, reflection or told move, in tokens", ge=1)
    least_moves: int = setting(2, "least moves of the shortest solution", ge=1)
    most_moves: int = setting(4, "most moves of the shortest solution", ge=1)
    choose: Literal["legal moves", "any move"] = setting(
        "legal moves", "what the agent may answer; `any move` lets it err against the rules and learn from that"
    )
    steps: int = setting(16, "most actions before the agent is given up", ge=1)
    patience: int = setting(2, "actions that fail before the solver gives a hint", ge=1)
    most_hints: float = setting(0.67, "most hints, as a share of the moves of the shortest solution", ge=0)
    slack: float = setting(1.5, "longest solution kept, in lengths of the shortest", ge=1)
    at_once: int = setting(1, "moves that one call tells as a thought; small teachers manage one", ge=1)
    tries: int = setting(3, "attempts at telling them", ge=1)


class Journey(NamedTuple):
    """What an agent did: its plan, the moves that led on, why it made each, and the hints it needed."""

    plan: str
    moves: list[str]
    reasons: list[str]
    hints: int


def agent_kind(shape: type, draw: Callable[[np.random.Generator], World], shown: Shown, about: str) -> Kind:
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
        best = str(len(solve(world, world.start) or []))
        question = Question(id=make_id("task", task), task="agent", prompt=task, answer=best, entry=entry)
        found.setdefault(question.id, question)
    return list(found.values())


async def make(shape: type, shown: Shown, seed: Question, ask: Ask, settings: AgentSettings) -> list[Made]:
    world: World = msgspec.json.decode(seed.entry, type=shape)
    best = int(seed.answer)
    journey = await travel(world, best, shown, ask, settings)
    ask.facts |= {"moves": float(len(journey.moves)), "hints": float(journey.hints)}
    check_journey(journey, best, settings)
    told = await tell(world, journey, shown, ask, settings)
    return [check(world, told, journey, best, settings)]


async def travel(world: World, best: int, shown: Shown, ask: Ask, settings: AgentSettings) -> Journey:
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
            hint, hints = (await ask.compute(solve, world, state) or [""])[0], hints + 1
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
    shown: Shown,
    ask: Ask,
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


async def reflect(world: World, state: State, failure: str, ask: Ask, step: int) -> str:
    prompt = (
        f"{world.task()}\nNow: {world.show(state)}\n{failure}\nWhat do you learn from that? Answer in one sentence."
    )
    return finished(await ask("reflect", prompt, max_tokens=40, sample=step))


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


async def tell(world: World, journey: Journey, shown: Shown, ask: Ask, settings: AgentSettings) -> str:
    """The journey as a thought: the teacher's sentences, and between them what the world showed after the moves.

    Raises Rejected when no attempt tells exactly the moves it should, in the first person and without speaking of
    the way in which it was made.
    """
    states = replay(world, journey.moves)
    parts = [world.show(states[0])]
    for first in range(0, len(journey.moves), settings.at_once):
        moves = journey.moves[first : first + settings.at_once]
        reasons = journey.reasons[first : first + settings.at_once]
        after = states[first + len(moves)]
        prompt = tell_prompt(shown, world.show(states[first]), moves, reasons, world.show(after))
        failure = Rejected("told in order")
        for attempt in range(settings.tries):
            answer = await ask("tell", prompt, max_tokens=settings.max_tokens * len(moves), sample=attempt)
            told = " ".join(finished(answer).strip('"').split())
            try:
                check_told(world, told, moves, shown, f"{prompt[-1].content} {world.task()}")
            except Rejected as rejected:
                failure = rejected
            else:
                parts.append(f"{told} {world.show(after)}")
                break
        else:
            raise failure
    return "\n".join([*parts, f"That is the goal, reached in {len(journey.moves)} moves."])


def tell_prompt(shown: Shown, before: str, moves: Sequence[str], reasons: Sequence[str], after: str) -> list[Message]:
    """With the example told in the same form, as earlier turns."""

    def asked(before: str, moves: Sequence[str], reasons: Sequence[str], after: str) -> str:
        task = TELL if len(moves) == 1 else TELL_MANY
        return f"Before: {before}\nWhy: {' '.join(reasons)}\nAfter: {after}\n{task}{'; '.join(moves)}."

    solved = example(asked(shown.position, [shown.move], [shown.why], shown.after), shown.told)
    return [*solved, Message("user", asked(before, moves, reasons, after))]


def check_told(world: World, told: str, moves: Sequence[str], shown: Shown, known: str) -> None:
    """Raises Rejected unless the text tells these moves and no other, as a thought of its own.

    `known` is what it can know its numbers from.
    """
    read = world.read(told)
    if read != list(moves):
        raise Rejected("told in order", f"tells of {and_list(read) or 'no move'} instead of {and_list(list(moves))}")
    if "i" not in words(told):
        raise Rejected("first person")
    invented = set(NUMBER.findall(told)) - set(NUMBER.findall(known))
    if invented:
        raise Rejected("grounded", f"speaks of {and_list(sorted(invented))}")
    chat = OUTSIDE & set(words(told))
    if chat or SMALL_TALK.search(told.replace("I am", "").replace("I'm", "")) or told == shown.told:
        raise Rejected("stands alone", f"speaks of {and_list(sorted(chat))}" if chat else "small talk or the example")


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
