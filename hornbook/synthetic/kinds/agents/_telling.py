"""An agent's journey told as a chain of thought in the first person, which stands alone (report §D.3)."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.environments.world import WorkedMove, World, and_list, replay
from hornbook.synthetic.kind import KindSettings, RecordContext, Rejected, example
from hornbook.synthetic.prompting import SMALL_TALK, finished
from hornbook.synthetic.words import words

TELL = (
    "Tell this move as your own thought, in one sentence that begins with the reason and ends with the move, "
    "word for word: "
)
TELL_MANY = (
    "Tell these moves as your own thought, in the first person: for each a sentence with the reason and the move, "
    "word for word, in this order: "
)
OUTSIDE = {"hint", "hints", "log", "trajectory", "feedback", "prompt", "notes"}  # what the reader of a thought lacks
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


async def tell(world: World, journey: Journey, shown: WorkedMove, ask: RecordContext, settings: AgentSettings) -> str:
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
        known = " ".join([world.task(), world.show(states[first]), *moves, world.show(after)])  # not: its own reasons
        failure = Rejected("told in order")
        for attempt in range(settings.tries):
            answer = await ask("tell", prompt, max_tokens=settings.max_tokens * len(moves), sample=attempt)
            told = " ".join(finished(answer).strip('"').split())
            try:
                check_told(world, told, moves, shown, known)
            except Rejected as rejected:
                failure = rejected
            else:
                parts.append(f"{told} {world.show(after)}")
                break
        else:
            raise failure
    return "\n".join([*parts, f"That is the goal, reached in {len(journey.moves)} moves."])


def tell_prompt(
    shown: WorkedMove, before: str, moves: Sequence[str], reasons: Sequence[str], after: str
) -> list[Message]:
    """With the example told in the same form, as earlier turns."""

    def asked(before: str, moves: Sequence[str], reasons: Sequence[str], after: str) -> str:
        task = TELL if len(moves) == 1 else TELL_MANY
        return f"Before: {before}\nWhy: {' '.join(reasons)}\nAfter: {after}\n{task}{'; '.join(moves)}."

    solved = example(asked(shown.position, [shown.move], [shown.why], shown.after), shown.told)
    return [*solved, Message("user", asked(before, moves, reasons, after))]


def check_told(world: World, told: str, moves: Sequence[str], shown: WorkedMove, known: str) -> None:
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
