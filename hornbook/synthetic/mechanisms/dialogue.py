"""A conversation between two, about a passage or a page (report §2.2, D.1.3).

Turn by turn, if the kind has a prompt for `review`: after each turn the conversation is reviewed and the next move
planned, midway a scenario is injected. Otherwise it is planned, and then written whole; a page in parts, one after
another, with a look back at the end (`recall`). `options.speakers` names the two. A judge and the verifier read all.
"""

import re
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext
from hornbook.synthetic.mechanisms.judging import require_judged
from hornbook.synthetic.mechanisms.mechanism import (
    Mechanism,
    Option,
    Prompts,
    Stage,
    Usual,
    record_of,
    requirements,
)
from hornbook.synthetic.mechanisms.text_checks import TextSettings, check_text, text_check_names
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.prompts import render, source_of
from hornbook.synthetic.words import copied, words

MOST_SAID_BEFORE = 0.5  # share of a turn's 5-grams that earlier turns have
SHORT = 12  # words of a turn that may repeat what was said ("Yes, exactly.")
TALK = "speakers parts part count plan scenario talk"  # what templates see of a conversation
MOVE = "speaker left inject next"  # what they see more where it is written turn by turn
PER_TURN = 60  # tokens of a source that one more turn may come from
ROOM = 2  # turns by which a writer may miss the number that was asked for, and two more for the close


class DialogueSettings(TextSettings):
    """Conversations between two."""

    turns: tuple[int, int] = setting((8, 20), "least and most turns")
    until_repeated: bool = setting(False, "end it before a turn that says again what was said, instead of rejecting it")
    parts: int = setting(1, "parts of a page that are talked about one after another", ge=1)
    min_tokens: int = setting(0, "least tokens of the whole record, with the passages that it shows", ge=0)


class Turn(NamedTuple):
    """What a speaker says. `shown` is the text of a page's part that is read before it."""

    speaker: str
    text: str
    shown: str = ""


class Review(msgspec.Struct):
    """The conversation as reviewed after a turn, and the plan of the next move."""

    review: str
    next: str
    finished: bool = False


async def make(seed: Passage | Page, ask: RecordContext, settings: DialogueSettings) -> list[Made]:
    speakers = [render(name, ask.values) for name in ask.kind.options["speakers"]]
    ask.values |= {"speakers": speakers, "scenario": "", "plan": ""}
    parts = parts_of(seed, settings.parts)
    ask.values |= {"parts": len(parts), "count": count_of(seed.text, len(parts), ask, settings)}
    turns: list[Turn] = []
    for number, part in enumerate(parts, start=1):
        ask.values |= {"part": number, "source": "\n\n".join(map(source_of, part)), "talk": talk(turns)}
        if "plan" in ask.kind.prompts:
            ask.values["plan"] = await ask.write("plan")
        said = await (turn_by_turn(ask, settings) if "review" in ask.kind.prompts else whole("write", ask))
        shown = "\n\n".join(passage.text for passage in part)
        turns += [turn._replace(shown="" if place else shown) for place, turn in enumerate(said)]
    ask.values["talk"] = talk(turns)
    if "recall" in ask.kind.prompts:
        turns += await whole("recall", ask)
        ask.values["talk"] = talk(turns)
    summary = await ask.write("summary") if "summary" in ask.kind.prompts else ""
    return [await checked(seed, turns, summary, ask, settings)]


def parts_of(seed: Passage | Page, most: int) -> list[list[Passage]]:
    """The passages in order, in at most `most` parts of about the same length."""
    passages = seed.passages if isinstance(seed, Page) else [seed]
    size = sum(estimate_tokens(passage.text) for passage in passages) / most
    parts: list[list[Passage]] = [[]]
    for passage in passages:
        full = sum(estimate_tokens(one.text) for one in parts[-1]) >= size
        if full and len(parts) < most:
            parts.append([])
        parts[-1].append(passage)
    return parts


def count_of(source: str, parts: int, ask: RecordContext, settings: DialogueSettings) -> int:
    """How many turns of each part to ask for: an even number, more of them the longer the source is."""
    least = settings.turns[0] + ROOM
    most = min(max(least, settings.turns[1] - 2 * ROOM), least + estimate_tokens(source) // PER_TURN)
    return max(2, int(ask.rng.integers(least // 2, most // 2 + 1)) // parts * 2)


async def whole(stage: str, ask: RecordContext) -> list[Turn]:
    return turns_of(await ask.write(stage), ask.values["speakers"])


async def turn_by_turn(ask: RecordContext, settings: DialogueSettings) -> list[Turn]:
    """The turns, each after a review of those before; it ends early when a review finds that all is said."""
    turns: list[Turn] = []
    speakers, count = ask.values["speakers"], ask.values["count"]
    for number in range(count):
        speaker, inject = speakers[number % 2], "scenario" in ask.kind.prompts and number == count // 2
        ask.values |= {"talk": talk(turns), "speaker": speaker, "left": count - number, "inject": inject, "next": ""}
        if inject:
            ask.values["scenario"] = await ask.write("scenario")
        if turns:
            review = await ask.fill("review", Review)
            if review.finished and len(turns) >= settings.turns[0] and len(turns) % 2 == 0:
                break
            ask.values["next"] = review.next
        said = await ask.write("write", label=speaker, preamble=False)
        turns.append(turns_of(f"{speaker}: {said}", speakers)[0])  # a writer may go on with the other's turn
    return turns


def turns_of(text: str, speakers: Sequence[str]) -> list[Turn]:
    """The turns of a written conversation; what stands before the first is left out, a speaker's next paragraphs are
    one turn. Names may be bold, followed by a remark in brackets, and in any case."""
    names = "|".join(map(re.escape, speakers))
    label = re.compile(rf"^[*_#>\s]*({names})(?:\s*\([^)\n]*\))?[*_\s]*[:：][*_]*[ \t]*", re.IGNORECASE | re.MULTILINE)
    found = list(label.finditer(text))
    turns: list[Turn] = []
    for place, match in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        said = text[match.end() : end].strip()
        speaker = next(name for name in speakers if name.casefold() == match[1].casefold())
        if turns and turns[-1].speaker == speaker:
            turns[-1] = Turn(speaker, f"{turns[-1].text}\n\n{said}".strip())
        else:
            turns.append(Turn(speaker, said))
    return turns


def talk(turns: Sequence[Turn]) -> str:
    return "\n\n".join(f"{turn.speaker}: {turn.text}" for turn in turns)


async def checked(
    seed: Passage | Page, turns: list[Turn], summary: str, ask: RecordContext, settings: DialogueSettings
) -> Made:
    """The record. The verifier reads the turns of those speakers who must be right (`options.verified`), with what the
    kind's file takes for granted beside the source (`options.given`). Raises Rejected."""
    options, speakers = ask.kind.options, ask.values["speakers"]
    if settings.until_repeated:
        again = (place for place in range(len(turns)) if turns[place] in turns[:place] or repeats(turns, place))
        turns = turns[: next(again, len(turns))]
    chat = "text" not in ask.kind.record
    if chat and len(turns) % 2:  # nobody learns a last "thank you"
        turns = turns[:-1]
    require_turns(turns, speakers, settings)
    right = [turn for turn in turns if turn.speaker in options.get("verified", speakers)]
    text, claims = (f"{talk(some)}\n\n{summary}".strip() for some in (turns, right))
    given = render(options.get("given", ""), ask.values)
    checks = await check_text(text, seed, ask, settings, claims=claims, given=given)
    checks.require("turns", True)
    if "judge" in ask.kind.prompts:
        await require_judged(checks, "judged", "judge", ask, talk=text)
    if chat:
        made = Made(checks.passed, messages=messages_of(turns, ask))
    else:
        made = record_of(ask, checks, talk=talk(turns), summary=summary)
    size = estimate_tokens(made.text + "\n\n".join(message.content for message in made.messages))
    ask.facts |= {"turns": float(len(turns)), "tokens": float(size)}
    if settings.min_tokens:
        checks.require("long", size >= settings.min_tokens, f"about {size} of {settings.min_tokens} tokens")
    return made


def messages_of(turns: list[Turn], ask: RecordContext) -> list[Message]:
    """The turns as a chat. The turn that opens a part is worded by the kind's file, which may show the part."""
    roles = dict(zip(ask.values["speakers"], ("user", "assistant"), strict=True))
    opening = ask.kind.record["user"]
    return [
        Message(
            roles[one.speaker],
            render(opening, ask.values | {"turn": one.text, "shown": one.shown}) if one.shown else one.text,
        )
        for one in turns
    ]


def require_turns(turns: list[Turn], speakers: Sequence[str], settings: DialogueSettings) -> None:
    """As many as wanted, the first speaker first, and none that says again what was said. Raises Rejected."""
    checks = Checks()
    least, most = settings.turns
    checks.require("turns", least <= len(turns) <= most, f"{len(turns)} turns, {least} to {most} are wanted")
    checks.require("turns", turns[0].speaker == speakers[0], f"{turns[0].speaker} begins")
    for place, turn in enumerate(turns):
        checks.require("turns", bool(turn.text), f"{turn.speaker} says nothing")
        checks.require("turns", not repeats(turns, place), f"said before: {turn.text[:80]}")


def repeats(turns: Sequence[Turn], place: int) -> bool:
    """Whether the turn at that place says mostly what was said before it."""
    said = turns[place].text
    return len(words(said)) > SHORT and copied(said, talk(turns[:place])) > MOST_SAID_BEFORE


def calls(settings: DialogueSettings, prompts: Prompts) -> dict[str, int]:
    by_turns = "review" in prompts
    return {
        "plan": 2 * settings.parts,
        "scenario": 2,
        "review": 2 * settings.turns[1],
        "write": 2 * (settings.turns[1] if by_turns else settings.parts),
        "recall": 2,
        "summary": 2,
        "judge": 2,
    }


def usual(settings: DialogueSettings, kind: Kind) -> dict[str, Usual]:
    if "review" not in kind.prompts:
        size = float(settings.parts * (kind.prompts["write"].tokens or 0))
        return {
            "plan": Usual(settings.parts),
            "write": Usual(settings.parts, shown=size * (settings.parts - 1) / settings.parts / 2),
            "recall": Usual(shown=size),
            "judge": Usual(shown=size),
        }
    turns = sum(settings.turns) / 2
    size = turns * (kind.prompts["write"].tokens or 0)
    return {
        "scenario": Usual(shown=size / 2),
        "review": Usual(turns - 1, shown=size / 2),
        "write": Usual(turns, shown=size / 2),
        "summary": Usual(shown=size),
        "judge": Usual(shown=size),
    }


def checks(settings: DialogueSettings, prompts: Prompts) -> tuple[str, ...]:
    named = text_check_names(settings)
    form = ["form"] if "review" in prompts or "judge" in prompts else []
    judged = ["judged"] if "judge" in prompts else []
    return ("turns", *named, *form, *judged, *(["long"] if settings.min_tokens else []))


MECHANISM = Mechanism(
    make=make,
    settings=DialogueSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={
        "plan": Stage(TALK),
        "scenario": None,
        "review": None,
        "write": Stage(TALK, needed=True),
        "recall": Stage(TALK),
        "summary": Stage(TALK),
        "judge": Stage(f"{TALK} must"),
    },
    record={"text": f"{TALK} summary", "user": f"{TALK} turn shown"},
    options={
        "speakers": Option(
            "the two names, in order", Annotated[list[str], Meta(min_length=2, max_length=2)], True, sees=""
        ),
        "verified": Option("speakers whose turns must be true", list[str]),
        "given": Option("what is taken for granted beside the source", sees=TALK),
        **requirements("judge", TALK),
    },
    chosen_by="prompts.review",
    cases={"no": {}, "yes": {**dict.fromkeys(("scenario", "review"), Stage(f"{TALK} {MOVE}")), "write": Stage(MOVE)}},
)
