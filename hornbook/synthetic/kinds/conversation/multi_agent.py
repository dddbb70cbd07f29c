"""Two agents discuss a passage, and review and plan between their turns (report §2.2, D.1.3).

Profiles are drawn by program. The first turn comes from the passage; after each turn the next speaker reviews the
conversation and plans a move other than the last one, which the turn is then held to. Midway a new scenario is
injected, and one of the two sums up.
"""

import re
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.dialogue import CHECKS, check_turn, spoken
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.kinds.conversation._profiles import Profile, two_profiles
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, describe, first_accepted, shot
from hornbook.synthetic.seed_sampling import from_passages

Line = Annotated[str, Meta(min_length=5, max_length=100)]


class Move(NamedTuple):
    """What a turn does: as it is asked for, how it is recognised, and a turn that does it, for the example passage."""

    task: str
    mark: re.Pattern[str]
    shown: str


MOVES = {
    "ask": Move("asks a question about it", re.compile(r"\?"), "But where is the smallest element then?"),
    "explain": Move(
        "explains it and gives the reason",
        re.compile(r"\b(because|since|so|therefore|thus|means|as|due|reason)\b", re.I),
        "Every parent is smaller than or equal to its children, so the smallest element must be at the root.",
    ),
    "example": Move(
        "gives an example or a case",
        re.compile(r"\b(example|instance|suppose|imagine|say|case|when|if|such as|like)\b", re.I),
        "For example, if a child is 3, its parent is 3 or smaller.",
    ),
    "doubt": Move(
        "names a limit or what could be misunderstood",
        re.compile(r"\b(but|however|although|unless|only|not|never|no|except|without|cannot|though)\b|n't", re.I),
        "But the children are not sorted: only the parent is smaller.",
    ),
}
OPEN = "Begin a conversation about the passage with one short question that it answers."
OPENED = "Where in a binary heap is the smallest element?"
SCENARIO = "Write one new situation that the passage applies to, in one sentence that begins with `Suppose`."
SUPPOSED = "Suppose a child is smaller than its parent in the binary tree."
SUMMED = "We saw that a binary heap is a complete binary tree whose smallest element is always at the root."
SHOWN_LAST = "I know how the elements of a binary heap are ordered."
SHOWN_TALK = " ".join([OPENED, SUPPOSED, SUMMED, *(move.shown for move in MOVES.values())])


class MultiAgentSettings(KindSettings):
    """Conversations between two agents."""

    records: int = setting(12, "passages to talk about", ge=0)
    temperature: float = setting(0.6, "sampling temperature of the turns", ge=0)
    max_tokens: int = setting(60, "longest turn, in tokens", ge=1)
    turns: int = setting(6, "turns, the closing summary not counted", ge=4)
    tries: int = setting(4, "times that a turn is written, at most", ge=1)
    remembered: int = setting(3, "latest turns that a speaker is shown", ge=1)
    min_grounded: float = setting(0.5, "least share of a turn's words that the source holds", ge=0, le=1)


class Turn(NamedTuple):
    speaker: Profile
    text: str


async def make(passage: Passage, ask: RecordContext, settings: MultiAgentSettings) -> list[Made]:
    await describe(passage, ask)
    speakers = two_profiles(ask.rng)
    checks, source, scenario = Checks(), passage.text, ""
    opening = f"You are {speakers[0]}. {OPEN}"
    turns = [Turn(speakers[0], await say("open", source, opening, OPENED, [], ask, settings, MOVES["ask"]))]
    moves = ["ask"]
    for number in range(1, settings.turns):
        if number == settings.turns // 2:
            scenario = await inject(passage, turns, ask, settings)
            source = f"{source}\n{scenario}"
        moves.append(await review(passage, turns, moves[-1], ask, settings))
        injected = scenario if number == settings.turns // 2 else ""
        speaker = speakers[number % 2]
        turns.append(Turn(speaker, await next_turn(source, turns, speaker, moves[-1], injected, ask, settings)))
    last = speakers[settings.turns % 2]
    closing = f"You are {last}. Sum up what was found in one sentence."
    summary = await say("summarise", source, closing, SUMMED, turns, ask, settings)
    for name in (*CHECKS, "scenario", "keeps to the plan"):
        checks.require(name, True)
    ask.facts["different_moves"] = float(len(set(moves)))
    return [Made(checks.passed, text=written(passage, [*turns, Turn(last, summary)], scenario))]


async def say(
    stage: str, source: str, task: str, shown: str, turns: list[Turn], ask: RecordContext, settings: MultiAgentSettings,
    move: Move | None = None, before: str = "",
) -> str:  # fmt: skip
    """One turn that passes the checks, of at most `tries`."""
    talk, shown_talk = (latest(turns, settings), f"Tom: {SHOWN_LAST}") if turns else ("", "")
    prompt = [
        *example(f"{task}\n\nPassage: {SHOWN}\n\n{shown_talk}".strip(), shown),
        Message("user", f"{task}\n\nPassage: {source}\n\n{talk}".strip()),
    ]

    async def attempt(number: int) -> str:
        text = spoken((await ask(stage, prompt, stop=["\n"], sample=number)).text)
        checks = check_turn(
            text, [turn.text for turn in turns], source, SHOWN_TALK, settings.min_grounded, before=before
        )
        checks.require("keeps to the plan", not move or bool(move.mark.search(text)))
        return text

    return await first_accepted(settings.tries, attempt)


async def inject(passage: Passage, turns: list[Turn], ask: RecordContext, settings: MultiAgentSettings) -> str:
    """A new situation for the speakers to talk about. Raises Rejected ("scenario" and the checks of a turn)."""
    prompt = shot(SCENARIO, SUPPOSED, passage)

    async def attempt(number: int) -> str:
        text = spoken((await ask("scenario", prompt, stop=["\n"], sample=number)).text)
        checks = Checks()
        checks.require("scenario", text.startswith("Suppose") and text.endswith("."), f"no situation: {text[:80]}")
        earlier = [turn.text for turn in turns]
        check_turn(text, earlier, passage.text, SHOWN_TALK, settings.min_grounded, before=passage.text)
        return text

    return await first_accepted(settings.tries, attempt)


async def review(
    passage: Passage, turns: list[Turn], last: str, ask: RecordContext, settings: MultiAgentSettings
) -> str:
    """The name of the next move: as the speaker plans it after reviewing the talk, and never the one just made."""
    task = "Review the conversation: was the last turn clear? Then plan the next move, as JSON."
    shown = msgspec.json.encode({"review": "It asks where the smallest element is.", "next": next_shown(last)}).decode()
    prompt = [
        *example(f"{SHOWN}\n\n{MOVES[last].shown}\n{task}", shown),
        Message("user", f"{passage.text}\n\n{latest(turns, settings)}\n{task}"),
    ]
    plan: Any = await ask.json("review", prompt, plan_shape(last), max_tokens=80)
    return str(plan.next)


def next_shown(last: str) -> str:
    names = list(MOVES)
    return names[(names.index(last) + 1) % len(names)]


@cache
def plan_shape(last: str) -> type[msgspec.Struct]:
    """A review in one line, and a move other than the last one."""
    names = tuple(name for name in MOVES if name != last)
    return msgspec.defstruct("Plan", [("review", Line), ("next", Literal[names])])


async def next_turn(
    source: str, turns: list[Turn], speaker: Profile, planned: str, scenario: str, ask: RecordContext,
    settings: MultiAgentSettings,
) -> str:  # fmt: skip
    """The next turn: to the plan, and about the new situation where one was just injected."""
    move = MOVES[planned]
    given = f"New situation: {scenario}\n" if scenario else ""
    task = f"{given}You are {speaker}. Reply with one turn that {move.task}."
    return await say("turn", source, task, move.shown, turns, ask, settings, move, before=scenario)


def latest(turns: list[Turn], settings: MultiAgentSettings) -> str:
    return "\n".join(f"{turn.speaker.name}: {turn.text}" for turn in turns[-settings.remembered :])


def written(passage: Passage, turns: list[Turn], scenario: str) -> str:
    """The passage, who speaks, and the turns; the scenario stands where it was injected."""
    first, second = turns[0].speaker, turns[1].speaker
    lines = [f"{turn.speaker.name}: {turn.text}" for turn in turns]
    lines.insert((len(turns) - 1) // 2, f"({scenario})")
    return "\n".join([passage.text, "", f"{first}, talks with {second}.", "", *lines])


KIND = Kind(
    about="Two agents with drawn profiles discuss a passage, plan each move, meet a new scenario and sum up.",
    source="synthetic",
    report="2.2, D.1.3",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "open", "review", "scenario", "turn", "summarise"),
    checks=("educational value", *CHECKS, "scenario", "keeps to the plan"),
    calls=lambda settings: 1 + settings.tries * (settings.turns + 2) + 2 * (settings.turns - 1),
    settings=MultiAgentSettings,
)
