"""Agents in small environments (report §D.3): plan, act and reflect, then the whole rewritten as one author's thoughts.

The world answers each move as a tool does. What is kept is not the log but a text that stands alone, and only if the
moves that it tells, replayed, lead from the start to the goal.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from hornbook.base.records import Question
from hornbook.base.settings import setting
from hornbook.synthetic.environments.puzzles import WorldName, worked_move, world_of
from hornbook.synthetic.environments.world import Illegal, State, World, apply, replay, shortest_plan
from hornbook.synthetic.kind import VERIFY, Checks, Kind, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Prompts, Stage, Usual, both, record_of
from hornbook.synthetic.mechanisms.text_checks import WritingSettings, require_form
from hornbook.synthetic.verification import CHECKS

ACT = "example wording listed plan steps now options hint"  # what its prompt sees
REPEATED = 10  # words; shorter parts of a position are named again and again
TOLD_MOVE = re.compile(r"^\W*move(?: \d+)?\W*[:.]\s*(.+)$", re.IGNORECASE | re.MULTILINE)


class EnvironmentSettings(WritingSettings):
    """An agent in a small world."""

    world: WorldName = setting("tower_of_hanoi", "the environment")
    least_moves: int = setting(4, "least moves of the shortest solution", ge=1)
    most_moves: int = setting(12, "most moves of the shortest solution", ge=1)
    slack: float = setting(2.0, "longest solution kept, in lengths of the shortest", ge=1)
    failures: int = setting(6, "moves that fail before the agent is given up", ge=0)
    listed: bool = setting(False, "show the possible moves, and take no other; the agent then cannot err against rules")
    patience: int = setting(2, "moves that fail before the solver gives a hint", ge=1)
    hints: float = setting(0.0, "most hints, as a share of the moves of the shortest solution", ge=0)
    tellings: int = setting(3, "attempts at telling it; a failure goes back with what is wrong", ge=1)


class Step(NamedTuple):
    """What the agent thought, what it called, what the world answered, and what it learnt where that failed."""

    thought: str
    move: str
    result: str
    learnt: str = ""


class Journey(NamedTuple):
    """What an agent did: its plan, every step, and the hints it needed."""

    plan: str
    steps: list[Step]
    hints: int


async def make(seed: Question, ask: RecordContext, settings: EnvironmentSettings) -> list[Made]:
    world, best = world_of(settings.world, seed), int(seed.answer)
    journey = await travel(world, best, ask, settings)
    moves, reasons = without_loops(world, [step for step in journey.steps if not step.learnt])
    ask.facts |= {"moves": float(len(moves)), "hints": float(journey.hints)}
    if len(moves) > settings.slack * best:
        raise Rejected("solution", f"{len(moves)} moves, {best} would do")
    if "tell" in ask.kind.prompts:
        text = await told(world, journey, moves, ask, settings)
    else:
        text = put_together(world, moves, reasons)
    checks = Checks()
    for name in ("form", "finished", "goal", "hints", "solution"):
        checks.require(name, True)
    problem = wrong_way(world, text, best, settings)
    checks.require("replayed", not problem, problem)
    words = TOLD_MOVE.sub("", text) if "tell" in ask.kind.prompts else "\n".join(reasons)
    require_form(checks, words, settings.tokens, words=REPEATED)
    read = told_moves(world, text)
    if settings.verified:
        await ask.verify(checks, text, facts(world, read, best), absent=settings.absent)
    grade = best / len(read) * (1 - journey.hints / (journey.hints + len(read)))
    return [record_of(ask, checks, grade=grade, text=text)]


async def travel(world: World, best: int, ask: RecordContext, settings: EnvironmentSettings) -> Journey:
    """Act until the goal is reached. Raises Rejected when moves, failures or hints run out.

    Where hints are given, a move back to where the agent has been is refused like one against the rules.
    """
    wording = list(world.successors(world.start))[:3]
    known: dict[str, Any] = {"example": worked_move(settings.world), "wording": wording, "listed": settings.listed}
    plan = await ask.write("plan", **known)
    state, been, steps = world.start, {world.start}, list[Step]()
    failed: list[str] = []  # moves since the last that worked
    hint, hints, failures = "", 0, 0
    for number in range(most_steps(best, settings)):
        left = tuple(move for move in world.successors(state) if move not in failed)
        if settings.hints and not hint and (len(failed) >= settings.patience or not left):
            hint, hints = (await ask.compute(shortest_plan, world, state) or [""])[0], hints + 1
            if not hint or hints > settings.hints * best:
                raise Rejected("hints", f"{hints} for {best} moves" if hint else "no way leads on")
        options = tuple(dict.fromkeys((hint, *left))) if hint else left
        seen = known | {"plan": plan, "steps": steps, "now": world.show(state), "options": options, "hint": hint}
        chosen: Any = await ask.fill("act", _choice(options) if settings.listed else _Free, attempt=number, **seen)
        move = (world.read(chosen.move) or [""])[0]
        after, feedback = _tried(world, state, move)
        if not feedback and settings.hints and after in been and move != hint:
            feedback = "That leads back to where you have been."
        if feedback:
            failures += 1
            if failures > settings.failures:
                break
            failure = f"{move or chosen.move[:80]}: {feedback}"
            learnt = await ask.write("reflect", attempt=number, failure=failure, **seen)
            steps.append(Step(chosen.thought.strip(), move or chosen.move[:80], feedback, learnt))
            failed.append(move)
            continue
        state, failed, hint = after, [], ""
        been.add(state)
        steps.append(Step(chosen.thought.strip(), move, world.show(state)))
        if world.reached(state):
            return Journey(plan, steps, hints)
    raise Rejected("goal", f"not reached with {len(steps)} moves, {failures} of which failed")


def most_steps(best: int, settings: EnvironmentSettings) -> int:
    return int(settings.slack * best) + settings.failures


def _tried(world: World, state: State, move: str) -> tuple[State, str]:
    """The state after the move, or why it cannot be made."""
    try:
        return apply(world, state, move), ""
    except Illegal as illegal:
        return state, str(illegal)


class _Free(msgspec.Struct):
    thought: str
    move: str


@lru_cache(maxsize=4096)
def _choice(legal: tuple[str, ...]) -> type[msgspec.Struct]:
    """An answer whose move is one of the legal ones: servers with JSON schemas can hold the teacher to them. They also
    keep to the length of the thought, which small teachers never end."""
    thought = Annotated[str, msgspec.Meta(max_length=120)]
    return msgspec.defstruct("Choice", [("thought", thought), ("move", Literal[legal])])  # type: ignore[valid-type]


def without_loops(world: World, steps: Sequence[Step]) -> tuple[list[str], list[str]]:
    """The moves, with their reasons, that are left when every return to an earlier state is cut out."""
    states = replay(world, [step.move for step in steps])
    kept: list[Step] = []
    place = 0
    while place < len(steps):
        place = max(number for number, state in enumerate(states) if state == states[place])
        if place < len(steps):
            kept.append(steps[place])
            place += 1
    return [step.move for step in kept], [step.thought for step in kept]


async def told(
    world: World, journey: Journey, moves: Sequence[str], ask: RecordContext, settings: EnvironmentSettings
) -> str:
    """The journey as one author's thoughts. A telling whose moves do not lead to the goal goes back with the reason."""
    text = problem = ""
    best = shortest_plan(world, world.start) or []
    for number in range(settings.tellings):
        text = await ask.write(
            "tell", attempt=number, preamble=False, journey=journey, moves=moves, before=text, problem=problem,
            example=worked_move(settings.world),
        )  # fmt: skip
        problem = wrong_way(world, text, len(best), settings)
        if not problem:
            break
    return text


def put_together(world: World, moves: Sequence[str], reasons: Sequence[str]) -> str:
    """The journey as the agent's own reasons, with each move and what it leads to: for teachers that cannot rewrite."""
    states = replay(world, moves)
    parts = [world.show(states[0])]
    for reason, move, after in zip(reasons, moves, states[1:], strict=True):
        parts.append(f"{reason}\nMove: {move}\n{world.show(after)}")
    return "\n".join([*parts, f"That is the goal, reached in {len(moves)} moves."])


def told_moves(world: World, text: str) -> list[str]:
    """The moves of the lines that begin with `Move:`; other lines only weigh moves. "" for an unknown one."""
    return [(world.read(line) or [""])[0] for line in TOLD_MOVE.findall(text)]


def wrong_way(world: World, text: str, best: int, settings: EnvironmentSettings) -> str:
    """Why the moves that the text tells do not lead from the start to the goal; "" where they do."""
    read = told_moves(world, text)
    state = world.start
    for number, move in enumerate(read, 1):
        state, feedback = _tried(world, state, move)
        if feedback:
            return f"move {number} ({move or 'in words that are not those of the moves'}): {feedback}"
    if not world.reached(state):
        return f"after its {len(read)} lines with Move: the goal is not reached: {world.show(state)}"
    return "" if len(read) <= settings.slack * best else f"{len(read)} moves, {best} would do"


def facts(world: World, moves: Sequence[str], best: int) -> str:
    """What is true of the way that was told, for the verifier."""
    states = replay(world, moves)
    after = "\n".join(
        f"{number}. {move}. Then: {world.show(state)}"
        for number, (move, state) in enumerate(zip(moves, states[1:], strict=True), 1)
    )
    return (
        f"{world.task()}\n\nThe moves, and what each leads to:\n{after}\n\nThat reaches the goal. The least number of "
        f"moves that can is {best}."
    )


def calls(settings: EnvironmentSettings, prompts: Prompts) -> dict[str, int]:
    acts = 2 * most_steps(settings.most_moves, settings)  # an answer that does not fit the form is asked for again
    return {"plan": 2, "act": acts, "reflect": 2 * settings.failures, "tell": 2 * settings.tellings}


def usual(settings: EnvironmentSettings, kind: Kind) -> dict[str, Usual]:
    moves, step = (settings.least_moves + settings.most_moves) / 2, 70  # tokens of a step as prompts show it
    failures = min(0.2 * moves, settings.failures)
    return {
        "plan": Usual(answer=150),
        "act": Usual(moves + failures, shown=step * moves / 2, answer=60),
        "reflect": Usual(failures, answer=60),
        "tell": Usual(min(1.2, settings.tellings), shown=step * (moves + failures)),
        VERIFY: Usual(shown=20 * moves),
    }


def checks(settings: EnvironmentSettings, prompts: Prompts) -> tuple[str, ...]:
    written = ("length", "no repetition", *(CHECKS if settings.verified else ()))
    return ("form", "finished", "goal", "hints", "solution", "replayed", *written)


MECHANISM = Mechanism(
    make=make,
    settings=EnvironmentSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="puzzles",
    stages={
        "plan": Stage("example wording listed", needed=True),
        "act": Stage(ACT, needed=True),
        "reflect": Stage(f"{ACT} failure", needed=True),
        "tell": Stage("journey moves before problem example"),
    },
    record=both("text"),
)
