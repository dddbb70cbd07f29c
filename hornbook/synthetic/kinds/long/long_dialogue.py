"""A long discussion of a page, and at its end questions about its first turns (report §2.2, D.1.3, §3.3).

It coheres because both read the same page in its order: the reader quotes a passage, asks, and is answered from it;
question, answer and what was said so far stay in the conversation. The recall questions at the end ask for what was
said at the beginning, and a program compares the replies with it.
"""

import numpy as np

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.dialogue import CHECKS, agreed_answer, check_turn, spoken
from hornbook.synthetic.groundedness import is_supported
from hornbook.synthetic.kind import Checks, Kind, Made, Material, RecordContext, Rejected, example
from hornbook.synthetic.kinds.long._pages import (
    LongSettings,
    most_passages,
    reading_lists,
    require_long,
    shuffled,
    tokens,
)
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.prompting import SHOWN, ask_about
from hornbook.synthetic.words import words

EXAMPLE_QUESTION = "Where in a binary heap is the smallest element?"
ANSWER = "Answer in one or two sentences."
ANSWERED = "It is always at the root, because every parent is smaller than or equal to its children."
LEADS = (
    "Let us read on.", "Next I read this.", "The text goes on.", "Here is the next part.", "Further down it says:",
    "I have come to this part.", "Then there is this.",
)  # fmt: skip
RECALLS = (
    "Back to the beginning of our talk: {}", "Do you remember what we said at first? {}", "One thing from earlier: {}"
)  # fmt: skip


class LongDialogueSettings(LongSettings):
    """Long discussions."""

    max_tokens: int = setting(70, "longest answer, in tokens", ge=1)
    recalls: int = setting(2, "recall questions at the end", ge=1, le=len(RECALLS))
    answers: int = setting(3, "independent answers that must agree on what is recalled", ge=2)
    min_exchanges: float = setting(0.5, "least share of the passages read that come with an exchange", ge=0, le=1)


class Exchange:
    """A passage, a question on it and the answer; empty where none passed: then the passage is read only."""

    def __init__(self, passage: Passage, question: str = "", answer: str = "") -> None:
        self.passage, self.question, self.answer = passage, question, answer


def seeds(material: Material, count: int, rng: np.random.Generator, settings: LongDialogueSettings) -> list[Page]:
    """Pages of three quarters of the length: what is said of them is the rest."""
    return reading_lists(shuffled(material, rng), count, 3 * settings.min_tokens // 4)


async def make(page: Page, ask: RecordContext, settings: LongDialogueSettings) -> list[Made]:
    exchanges: list[Exchange] = []
    for passage in page.passages:
        exchanges.append(await discuss(passage, [one.answer for one in exchanges if one.answer], ask, settings))
    talked = [one for one in exchanges if one.answer]
    share = len(talked) / len(exchanges)
    ask.facts["discussed"] = share
    checks = Checks()
    checks.require("discussed", share >= settings.min_exchanges, f"{share:.2f} of the passages")
    recalls = await recall(talked, ask, settings)
    messages = conversation(exchanges, recalls)
    ask.facts["tokens"] = float(sum(tokens(message.content) for message in messages))
    require_long(checks, "\n".join(message.content for message in messages), settings)
    for name in ("question", *CHECKS, "agreement", "answer", "recall"):
        checks.require(name, True)
    return [Made(checks.passed, messages=messages)]


async def discuss(passage: Passage, earlier: list[str], ask: RecordContext, settings: LongDialogueSettings) -> Exchange:
    """A question on the passage and its answer; the passage alone when none of the tries passes."""
    for number in range(settings.tries):
        try:
            question = await ask_about(passage, ask, sample=number)
            prompt = [
                *example(f"{SHOWN}\n\n{EXAMPLE_QUESTION} {ANSWER}", ANSWERED),
                Message("user", f"{passage.text}\n\n{question} {ANSWER}"),
            ]
            text = spoken((await ask("discuss", prompt, stop=["\n"], sample=number)).text)
            source = f"{passage.text} {question}"
            check_turn(text, earlier, source, ANSWERED, settings.min_grounded, before=question)
            return Exchange(passage, question, text)
        except Rejected:
            continue
    return Exchange(passage)


async def recall(talked: list[Exchange], ask: RecordContext, settings: LongDialogueSettings) -> list[tuple[str, str]]:
    """(question, what was answered) of the first third of the talk, as found again there by independent readers.

    Raises Rejected ("recall") when none is found again.
    """
    found: list[tuple[str, str]] = []
    early = talked[: max(settings.recalls, len(talked) // 3)]
    said = " ".join(one.answer for one in early)
    for one in early:
        if len(found) == settings.recalls:
            break
        try:
            answer = await agreed_answer(ask, "recall", said, one.question, settings.answers, 0.6)
        except Rejected:
            continue
        if is_supported(answer, one.answer) and not any(words(one.question) == words(asked) for asked, _ in found):
            found.append((one.question, one.answer))
    Checks().require("recall", bool(found), "no early answer is found again in the talk")
    return found


def conversation(exchanges: list[Exchange], recalls: list[tuple[str, str]]) -> list[Message]:
    """The talk in the page's order; passages without an exchange go with the next; recalls at the end."""
    messages: list[Message] = []
    held = ""
    for number, one in enumerate(exchanges):
        lead = f"{LEADS[number % len(LEADS)]}\n\n" if number else ""
        held += f"{lead if not held else ''}{one.passage.text}\n\n"
        if one.answer:
            messages += [Message("user", held + one.question), Message("assistant", one.answer)]
            held = ""
    for form, (question, answer) in zip(RECALLS, recalls, strict=False):
        messages += [Message("user", form.format(question)), Message("assistant", f"As I said then: {answer}")]
    return messages


KIND = Kind(
    about="A long discussion of a page, passage by passage, with questions at the end on its first turns.",
    source="synthetic",
    report="2.2, D.1.3, 3.3",
    seeded_by="pages, with those most like them until long enough",
    seeds=seeds,
    make=make,
    stages=("question", "discuss", "recall"),
    checks=("discussed", "question", *CHECKS, "agreement", "answer", "recall", "long"),
    calls=lambda settings: (2 * settings.tries + 3 * settings.answers) * most_passages(3 * settings.min_tokens // 4),
    settings=LongDialogueSettings,
)
