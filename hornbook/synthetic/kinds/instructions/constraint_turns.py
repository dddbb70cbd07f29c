"""A conversation in which the user adds a constraint each turn; every reply keeps to all those so far (report §5)."""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.constraints.drawing import as_instruction, draw_constraints
from hornbook.synthetic.constraints.oracle import constraint_question
from hornbook.synthetic.constraints.rule import Constraint
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext
from hornbook.synthetic.kinds.instructions._following import (
    CONTENT,
    FollowingSettings,
    all_but,
    ask_from_notes,
    calls_of,
    follow,
    name_topic,
    request_about,
    require_content,
    topic_for,
    with_constraints,
)
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.seed_sampling import from_passages

FURTHER = ("Good. Now one thing more:", "Please write it again.", "Change it once more.", "Thanks. And another wish:")
NOT_HERE = ("repeat_request", "two_answers", "language", "json_only")


class ConstraintTurnsSettings(FollowingSettings):
    """Conversations of growing demands."""

    tries: int = setting(3, "replies tried in each turn until one keeps to all constraints", ge=1)
    repairs: int = setting(1, "times the best of them is sent back with what it breaks, at most", ge=0)
    constraints: int = setting(3, "turns, each with a constraint more", ge=2)


async def make(passage: Passage, ask: RecordContext, settings: ConstraintTurnsSettings) -> list[Made]:
    topic = await name_topic(passage, ask)
    request = request_about(topic, ask.rng)
    drawn = draw_constraints(
        ask.rng, topic_for(passage, request), settings.constraints, settings.drawn_from(all_but(*NOT_HERE))
    )
    turns: list[Message] = []
    checks: list[str] = []
    for number, constraint in enumerate(drawn):
        asked = f"{FURTHER[int(ask.rng.integers(len(FURTHER)))]} {as_instruction(constraint)}"
        turns.append(Message("user", asked if number else with_constraints(request, [constraint])))
        so_far = drawn[: number + 1]
        first, *rest = turns
        prompt = [*ask_from_notes(first.content, passage), *rest]

        def content(reply: str, so_far: list[Constraint] = so_far) -> Checks:
            checks = require_content(reply, request, passage.text, topic, so_far, settings.min_about)
            said_before = any(message.role == "assistant" and message.content == reply for message in turns)
            checks.require("changed", not said_before or so_far[-1].rule.startswith("no_"), "says the same again")
            return checks

        reply, checks = await follow(prompt, so_far, content, ask, settings, number)
        turns.append(Message("assistant", reply))
    whole = "\n".join(message.content for message in turns if message.role == "user")
    question = constraint_question("constraint_turns", whole, turns[-1].content, drawn)
    return [Made(["topic", *checks], messages=turns, question=question)]


KIND = Kind(
    about="A conversation of growing demands: each turn adds a constraint, and each reply keeps to all of them.",
    source="synthetic",
    report="4.1, 5",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("topic", "write", "repair"),
    checks=("topic", *CONTENT, "changed", "constraints"),
    calls=lambda settings: 2 + calls_of(settings, settings.constraints),
    settings=ConstraintTurnsSettings,
)
