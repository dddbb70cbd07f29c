"""A passage written anew under constraints that a program checks, its key terms and numbers kept (report §2.2, §5)."""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.constraints.drawing import draw_constraints
from hornbook.synthetic.constraints.oracle import constraint_question
from hornbook.synthetic.groundedness import numbers
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, example
from hornbook.synthetic.kinds.instructions._following import (
    CONTENT,
    FollowingSettings,
    all_but,
    calls_of,
    follow,
    require_content,
    topic_for,
    with_constraints,
)
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import STEM, copied, stems

REQUESTS = (
    "Rewrite the text below in your own words.",
    "Say the following in other words.",
    "Write this text anew.",
    "Reword the text below for another reader.",
)
SHOWN_REWRITE = (
    "The smallest element of a binary heap sits at its root. The tree is complete and no parent is larger than its "
    "children."
)
NOT_HERE = ("language", "repeat_request", "placeholders", "most_characters", "two_answers", "json_only", "avoid_words")


class ConstrainedRewriteSettings(FollowingSettings):
    """Rewrites under constraints."""

    constraints: int = setting(2, "constraints of a record, at most; at least one", ge=1)
    max_copied: float = setting(0.7, "largest share of 5-grams taken over from the passage", ge=0, le=1)
    min_terms: float = setting(0.5, "least share of the passage's key terms that must be kept", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: ConstrainedRewriteSettings) -> list[Made]:
    request = REQUESTS[int(ask.rng.integers(len(REQUESTS)))]
    count = int(ask.rng.integers(1, settings.constraints + 1))
    constraints = draw_constraints(ask.rng, topic_for(passage, request), count, settings.drawn_from(all_but(*NOT_HERE)))
    said = with_constraints(request, constraints)
    prompt = f"{said}\n\n{passage.text}"
    terms = key_terms(passage.text)

    def content(reply: str) -> Checks:
        checks = require_content(reply, prompt, passage.text, " ".join(terms), constraints, settings.min_about)
        taken = copied(reply, passage.text)
        checks.require("not a copy", taken <= settings.max_copied, f"{taken:.2f} of its 5-grams are the passage's")
        kept = sum(term[:STEM] in stems(reply) for term in terms) / max(1, len(terms))
        checks.require("key terms", kept >= settings.min_terms, f"keeps {kept:.2f} of them")
        ordinals = set(map(str, range(1, 10)))  # of sections and lists
        new = sorted(numbers(reply) - numbers(passage.text) - ordinals)
        checks.require("numbers", not new, f"{', '.join(new)} not in the passage")
        return checks

    shown = example(f"{REQUESTS[0]} Write at least 20 words.\n\n{SHOWN}", SHOWN_REWRITE)
    reply, passed = await follow([*shown, Message("user", prompt)], constraints, content, ask, settings)
    ask.facts["constraints"] = float(len(constraints))
    messages = [Message("user", prompt), Message("assistant", reply)]
    return [
        Made(passed, messages=messages, question=constraint_question("constrained_rewrite", prompt, reply, constraints))
    ]


KIND = Kind(
    about="A passage rewritten under constraints that a program checks, with its key terms and no other numbers.",
    source="web_rewrite",
    report="2.2, 5",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("write", "repair"),
    checks=(*CONTENT, "not a copy", "key terms", "numbers", "constraints"),
    calls=calls_of,
    settings=ConstrainedRewriteSettings,
)
