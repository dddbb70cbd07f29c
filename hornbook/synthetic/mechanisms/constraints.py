"""Requests with constraints that a program draws and checks: texts, rewrites, lists, conversations (report §4.1, §5).

The teacher words the request, the program adds constraints and sends back what a reply breaks. A judge says whether the
reply does what it was asked for, the verifier whether what it says is true.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from pydantic import field_validator

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.base.settings import nearest, setting
from hornbook.synthetic.constraints.drawing import RULES, as_instruction, broken, draw_constraints
from hornbook.synthetic.constraints.oracle import constraint_question
from hornbook.synthetic.constraints.parts import UNSPACED
from hornbook.synthetic.constraints.rule import SHORT, Constraint, Topic
from hornbook.synthetic.kind import Kind, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Option, Prompts, Stage, Usual, record_of
from hornbook.synthetic.mechanisms.text_checks import TextSettings, check_text, text_check_names
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.words import words

LAYOUTS = ("{request} {inline}", "{request}\n\n{inline}", "{request}\n\n{bullets}", "{bullets}\n\n{request}")
UNCOUNTED = (  # rules that need no words, nor the punctuation of one script
    *("bullets", "numbered", "table", "title", "exact_paragraphs", "highlights", "most_characters", "no_digits"),
)
CANDIDATES = 4  # constraints from which the next of a conversation is chosen


class ConstraintSettings(TextSettings):
    """Replies under constraints that a program checks."""

    same_language: bool = setting(False, "the reply must be in the passage's language")
    constraints: tuple[int, int] = setting((2, 4), "least and most constraints of a record")
    rules: list[str] = setting([], "rules to draw constraints from; all that fit the kind, if none is named")
    size: int = setting(300, "about how many words a reply has; the numbers in the constraints fit it", ge=1)
    tries: int = setting(2, "replies tried until one keeps to all constraints", ge=1)
    repairs: int = setting(3, "times the best of them is sent back with what it breaks, at most", ge=0)

    @field_validator("rules")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in RULES:
                raise HornbookError(f"rules: no such rule '{name}'{nearest(name, sorted(RULES))}")
        return names


class Judged(msgspec.Struct):
    """What the judge says: a reason first."""

    why: str
    fulfils: Literal["yes", "no"]


async def make(seed: Passage, ask: RecordContext, settings: ConstraintSettings) -> list[Made]:
    request = " ".join((await ask.write("request")).split())
    least, most = settings.constraints
    count = int(ask.rng.integers(least, most + 1))
    if "turns" in ask.kind.options:
        return [await conversation(request, count, seed, ask, settings)]
    constraints = drawn(request, count, [], seed, ask, settings)
    asked = worded(request, constraints, ask)
    reply = await kept_reply(constraints, ask, settings, asked=asked, turns=[])
    checks = await checked(reply, asked, constraints, seed, ask, settings)
    made = record_of(ask, checks, asked=asked, reply=reply)
    made.question = constraint_question(ask.kind.name, made.messages[-2].content, reply, constraints)
    ask.facts["constraints"] = float(len(constraints))
    return [made]


async def conversation(
    request: str, count: int, seed: Passage, ask: RecordContext, settings: ConstraintSettings
) -> Made:
    """In each turn the user adds a constraint, if possible one that the last reply breaks; all stay in force."""
    constraints: list[Constraint] = []
    turns: list[Message] = []
    further = ask.kind.options["turns"]
    for number in range(count):
        last = turns[-1].content if turns else ""
        candidates = drawn(request, CANDIDATES, constraints, seed, ask, settings)
        new = (broken(candidates, last) if turns else candidates)[:1]
        if not new:
            break
        constraints += new
        wish = f"{further[int(ask.rng.integers(len(further)))]} {as_instruction(new[0])}"
        asked = wish if number else worded(request, new, ask)
        reply = await kept_reply(constraints, ask, settings, asked=asked, turns=turns)
        checks = await checked(reply, asked, constraints, seed, ask, settings, turns)
        turns += [Message("user", asked), Message("assistant", reply)]
    checks.require("turns", len(constraints) >= settings.constraints[0], f"{len(constraints)} constraints")
    said = "\n".join(turn.content for turn in turns if turn.role == "user")
    question = constraint_question(ask.kind.name, said, turns[-1].content, constraints)
    return Made(checks.passed, messages=turns, question=question)


def drawn(
    request: str,
    count: int,
    given: Sequence[Constraint],
    seed: Passage,
    ask: RecordContext,
    settings: ConstraintSettings,
) -> list[Constraint]:
    """Constraints that go together: first one of the kind's `one_of`, if it names some."""
    left_out = ask.kind.options.get("without", ())
    names = [name for name in settings.rules or sorted(RULES) if name not in left_out]
    if seed.language in UNSPACED:
        names = [name for name in names if name in UNCOUNTED]
    english = seed.language == "en"  # terms of other languages are not told from their function words
    size = (
        min(settings.size, max(SHORT, len(words(seed.text)))) if ask.kind.options.get("text_given") else settings.size
    )
    topic = Topic(request, key_terms(seed.text) if english else [], size)
    always = ask.kind.options.get("one_of", ())
    first = draw_constraints(ask.rng, topic, 1, always, given) if always and not given else []
    return [*first, *draw_constraints(ask.rng, topic, count - len(first), names, [*given, *first])]


def worded(request: str, constraints: Sequence[Constraint], ask: RecordContext) -> str:
    """The request with its constraints, in one of several layouts."""
    said = [as_instruction(constraint) for constraint in constraints]
    layout = LAYOUTS[int(ask.rng.integers(len(LAYOUTS)))]
    return layout.format(request=request, inline=" ".join(said), bullets="\n".join(f"- {one}" for one in said))


async def kept_reply(
    constraints: Sequence[Constraint], ask: RecordContext, settings: ConstraintSettings, **values: Any
) -> str:
    """A reply that keeps to all constraints: the first of several tries that does, else the best of them is sent back
    with what it breaks. Raises Rejected ("constraints") with those that are still broken."""
    best, wrong = "", list(constraints)
    for number in range(settings.tries + settings.repairs):
        if number < settings.tries:
            written = await ask.write("reply", attempt=number, preamble=False, **values)
        else:
            told = [as_instruction(constraint) for constraint in wrong]
            written = await ask.write("repair", attempt=number, preamble=False, reply=best, broken=told, **values)
        reply = "\n".join(line.rstrip() for line in written.splitlines())
        left = broken(constraints, reply)
        if not best or len(left) < len(wrong):
            best, wrong = reply, left
        if not wrong:
            ask.facts |= {"first_try": float(number == 0), "repaired": float(number >= settings.tries)}
            return best
    raise Rejected("constraints", ", ".join(constraint.rule for constraint in wrong))


async def checked(
    reply: str,
    asked: str,
    constraints: Sequence[Constraint],
    seed: Passage,
    ask: RecordContext,
    settings: ConstraintSettings,
    turns: Sequence[Message] = (),
) -> Any:
    """The checks of a reply that keeps to its constraints. Raises Rejected."""
    judged = await ask.fill("judge", Judged, asked=asked, reply=reply, turns=turns)
    if judged.fulfils != "yes":
        raise Rejected("does the task", judged.why[:200])
    checks = await check_text(reply, seed, ask, settings)
    checks.passed += ["constraints", "does the task"]
    return checks


def calls(settings: ConstraintSettings, prompts: Prompts) -> dict[str, int]:
    rounds = settings.constraints[1]  # as many turns as constraints, in conversations
    return {
        "request": 2,
        "reply": 2 * settings.tries * rounds,
        "repair": 2 * settings.repairs * rounds,
        "judge": 2 * rounds,
    }


def usual(settings: ConstraintSettings, kind: Kind) -> dict[str, Usual]:
    turns = sum(settings.constraints) / 2 if "turns" in kind.options else 1.0
    shown = (turns - 1) / 2 * (kind.prompts["reply"].tokens or settings.size)  # of the turns before
    return {
        "reply": Usual(min(1.3, settings.tries) * turns, shown),
        "repair": Usual(min(0.4, settings.repairs) * turns, shown),
        "judge": Usual(turns, shown),
    }


def checks(settings: ConstraintSettings, prompts: Prompts) -> tuple[str, ...]:
    return ("constraints", "form", "does the task", *text_check_names(settings), "turns")


MECHANISM = Mechanism(
    make=make,
    settings=ConstraintSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={
        "request": Stage(needed=True),
        "reply": Stage("asked turns", needed=True),
        "repair": Stage("asked turns reply broken", needed=True),
        "judge": Stage("asked reply turns", needed=True),
    },
    record={"user": "asked reply", "assistant": "asked reply"},
    options={
        "turns": Option("openings of further wishes; with them, a conversation", list[str]),
        "without": Option("rules that do not fit", list[str]),
        "one_of": Option("rules of which one is always drawn", list[str]),
        "text_given": Option("whether the request gives the passage", bool),
    },
)
