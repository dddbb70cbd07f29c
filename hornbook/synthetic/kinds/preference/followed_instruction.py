"""A reply that keeps to the constraints of a request, preferred to a fluent one that does not (report §4.2, §5)."""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.constraints.drawing import broken, draw_constraints
from hornbook.synthetic.constraints.oracle import constraint_question
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, Rejected
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
    tidied,
    topic_for,
    with_constraints,
)
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import finished
from hornbook.synthetic.seed_sampling import from_passages


class FollowedInstructionSettings(FollowingSettings):
    """Replies that follow, and replies that do not."""

    worse: int = setting(3, "replies to the request without its constraints, to find one that breaks them", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: FollowedInstructionSettings) -> list[Made]:
    topic = await name_topic(passage, ask)
    request = request_about(topic, ask.rng)
    count = int(ask.rng.integers(1, settings.constraints + 1))
    constraints = draw_constraints(ask.rng, topic_for(passage, request), count, settings.drawn_from(all_but()))
    prompt = with_constraints(request, constraints)

    def content(reply: str) -> Checks:
        return require_content(reply, request, passage.text, topic, constraints, settings.min_about)

    reply, passed = await follow(ask_from_notes(prompt, passage), constraints, content, ask, settings)
    answers = await ask.many("ignore", ask_from_notes(request, passage), settings.worse)
    worse = [text for answer in answers if sound(text := tidied(finished(answer)), request, passage, topic, settings)]
    failing = [text for text in worse if broken(constraints, text)]
    if not failing:
        raise Rejected("worse reply", f"none of {len(answers)} is fluent and breaks a constraint")
    ask.facts["constraints"] = float(len(constraints))
    messages = [Message("user", prompt), Message("assistant", reply)]
    question = constraint_question("followed_instruction", prompt, reply, constraints)
    return [Made(["topic", *passed, "worse reply"], messages=messages, question=question, rejected=failing[0])]


def sound(reply: str, request: str, passage: Passage, topic: str, settings: FollowedInstructionSettings) -> bool:
    """Whether the worse reply is about the topic and fluent: the pair is to differ in what was asked for alone."""
    try:
        require_content(reply, request, passage.text, topic, [], settings.min_about)
    except Rejected:
        return False
    return True


KIND = Kind(
    about="A reply that keeps to all constraints of a request, preferred to a fluent one that breaks some.",
    source="synthetic",
    report="4.2, 5",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("topic", "write", "repair", "ignore"),
    checks=("topic", *CONTENT, "constraints", "worse reply"),
    calls=lambda settings: 2 + calls_of(settings) + settings.worse,
    settings=FollowedInstructionSettings,
)
