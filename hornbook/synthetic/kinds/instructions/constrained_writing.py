"""Writing about a topic under one to three constraints that a program checks; kept only if all of them hold (§5)."""

from hornbook.base.records import Message
from hornbook.synthetic.constraints.drawing import draw_constraints
from hornbook.synthetic.constraints.oracle import constraint_question
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


async def make(passage: Passage, ask: RecordContext, settings: FollowingSettings) -> list[Made]:
    topic = await name_topic(passage, ask)
    request = request_about(topic, ask.rng)
    count = int(ask.rng.integers(1, settings.constraints + 1))
    constraints = draw_constraints(ask.rng, topic_for(passage, request), count, settings.drawn_from(all_but()))
    prompt = with_constraints(request, constraints)

    def content(reply: str) -> Checks:
        return require_content(reply, request, passage.text, topic, constraints, settings.min_about)

    reply, passed = await follow(ask_from_notes(prompt, passage), constraints, content, ask, settings)
    ask.facts["constraints"] = float(len(constraints))
    messages = [Message("user", prompt), Message("assistant", reply)]
    question = constraint_question("constrained_writing", prompt, reply, constraints)
    return [Made(["topic", *passed], messages=messages, question=question)]


KIND = Kind(
    about="A text about a topic under one to three constraints that a program checks, repaired until all hold.",
    source="synthetic",
    report="4.1, 5",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("topic", "write", "repair"),
    checks=("topic", *CONTENT, "constraints"),
    calls=lambda settings: 2 + calls_of(settings),
    settings=FollowingSettings,
)
