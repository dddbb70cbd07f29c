"""A question that a passage does not answer, and a reply that says so and what is missing (report §4.4, A.1).

The question comes from another passage of the same page: it is about the same subject, and a real one. That this
passage does not answer it is found by its words and by independent answers, most of which find nothing in it.
"""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.groundedness import is_supported, support
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.kinds.safety._refusing import NOT_STATED
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.prompting import (
    MOST_REPEATED,
    SHOWN,
    ask_about,
    describe,
    finished,
    first_accepted,
    unlabelled,
)
from hornbook.synthetic.seed_sampling import from_pages
from hornbook.synthetic.words import content_words, leaked, repetition, stems, words

BRIEFLY = "Give only the final answer, in a few words. If the text does not say it, answer `not stated`."
ANSWERED, UNANSWERED = "Where is the smallest element?", "How many children may a parent have?"
REPLY = "The text does not say it. Tell the reader what the text does not say, in one or two sentences."
REPLIED = (
    "The text does not say how many children a parent may have. It only says how a parent compares with its children."
)


class UnanswerableSettings(KindSettings):
    """Questions without an answer."""

    temperature: float = setting(0.6, "sampling temperature", ge=0)
    max_tokens: int = setting(70, "longest reply, in tokens", ge=1)
    tries: int = setting(4, "questions and replies tried, at most", ge=1)
    answers: int = setting(3, "independent answers from the passage", ge=1)
    min_without: float = setting(0.6, "least share of them that must find nothing in the passage", ge=0, le=1)
    max_support: float = setting(0.7, "largest share of the question that two neighbouring sentences hold", gt=0)
    min_grounded: float = setting(0.6, "least share of the reply's words that passage or question hold", ge=0, le=1)


async def make(page: Page, ask: RecordContext, settings: UnanswerableSettings) -> list[Made]:
    shown, other = (page.passages[place] for place in ask.rng.choice(len(page.passages), size=2, replace=False))
    await describe(other, ask)

    async def attempt(number: int) -> str:
        question = await ask_about(other, ask, sample=number)
        check_question(question, shown, settings)
        return question

    question = await first_accepted(settings.tries, attempt)
    share = await without_answer(question, shown, ask, settings)
    ask.facts["found_nothing"] = share
    Checks().require("unanswered", share >= settings.min_without, f"{share:.2f} find nothing in the passage")
    prompt = [
        *example(f"{SHOWN}\n\n{UNANSWERED}\n{REPLY}", REPLIED),
        Message("user", f"{shown.text}\n\n{question}\n{REPLY}"),
    ]

    async def reply(number: int) -> Made:
        text = unlabelled(finished(await ask("reply", prompt, stop=["\n\n"], sample=number)))
        checks = check_reply(text, question, shown, settings)
        messages = [Message("user", f"{shown.text}\n\n{question}"), Message("assistant", text)]
        return Made(checks.passed, messages=messages, grade=round(share, 4))

    return [await first_accepted(settings.tries, reply)]


def check_question(question: str, shown: Passage, settings: UnanswerableSettings) -> None:
    """About the subject of the passage shown, but asking for what no two sentences of it speak of. Raises Rejected."""
    checks = Checks()
    checks.require("same subject", bool(stems(question) & stems(shown.text)), question[:80])
    share = support(question, shown.text)
    checks.require("unanswered", share <= settings.max_support, f"{share:.2f} of the question is in the passage")


async def without_answer(question: str, shown: Passage, ask: RecordContext, settings: UnanswerableSettings) -> float:
    """Share of independent answers that say there is none, or that the passage does not bear out."""
    prompt = [
        *example(f"{SHOWN}\n\n{ANSWERED}\n{BRIEFLY}", "at the root"),
        *example(f"{SHOWN}\n\n{UNANSWERED}\n{BRIEFLY}", "not stated"),
        Message("user", f"{shown.text}\n\n{question}\n{BRIEFLY}"),
    ]
    answers = await ask.many("answer", prompt, settings.answers, max_tokens=24, stop=["\n"])
    texts = [unlabelled(answer.text) for answer in answers]
    nothing = [bool(NOT_STATED.search(text)) or not is_supported(f"{question} {text}", shown.text) for text in texts]
    return sum(nothing) / len(nothing)


def check_reply(text: str, question: str, shown: Passage, settings: UnanswerableSettings) -> Checks:
    """Says that it is not said, names what is missing, and claims nothing else. Raises Rejected."""
    checks = Checks()
    for name in ("question", "same subject", "unanswered"):
        checks.require(name, True)
    checks.require("says so", bool(NOT_STATED.search(text)), text[:100])
    missing = stems(question) - stems(shown.text)
    checks.require("what is missing", bool(missing & stems(text)), f"not a word of {', '.join(sorted(missing))}")
    allowed = stems(f"{shown.text} {question} text passage say state mention give information provide explain")
    mine = {word[:5] for word in content_words(text)}
    share = len(mine & allowed) / max(1, len(mine))
    checks.require("groundedness", share >= settings.min_grounded, f"{share:.2f} of its words are there")
    checks.require("not the example", not leaked(text, f"{SHOWN} {REPLIED}", f"{shown.text} {question} the text say"))
    checks.require("length", 5 <= len(words(text)) <= 80, f"{len(words(text))} words")
    checks.require("no repetition", repetition(text) <= MOST_REPEATED)
    return checks


KIND = Kind(
    about="A question that a passage does not answer, and a reply that says what is missing.",
    source="synthetic",
    report="4.4, A.1",
    seeded_by="pages of two passages or more: one is shown, the question comes from another",
    seeds=from_pages,
    make=make,
    stages=("describe", "question", "answer", "reply"),
    checks=(
        "educational value", "question", "same subject", "unanswered", "says so", "what is missing", "groundedness",
        "not the example", "length", "no repetition",
    ),
    calls=lambda settings: 1 + 2 * settings.tries + settings.answers,
    settings=UnanswerableSettings,
)  # fmt: skip
