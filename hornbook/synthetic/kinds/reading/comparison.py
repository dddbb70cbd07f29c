"""A question that needs two passages of one page, answered from both; either alone does not do (report §2.2)."""

import numpy as np

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.groundedness import states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Page
from hornbook.synthetic.prompting import finished, first_accepted, require_fluent, require_grounded, unlabelled
from hornbook.synthetic.seed_sampling import from_pages
from hornbook.synthetic.words import STEM, leaked, stems, words

ONE = "A stack gives back the element that was put in last. It is used to undo steps."
OTHER = "A queue gives back the element that was put in first. It is used to serve requests in order."
ASK = 'Write one question about how "{}" and "{}" differ or go together, which takes both texts to answer.'
ASKED = "How do a stack and a queue differ in the element they give back?"
ANSWER = "Answer from the text, in two or three sentences."
ANSWERED = "A stack gives back the element that was put in last, but a queue gives back the one that was put in first."


class ComparisonSettings(KindSettings):
    """Questions about two passages."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(110, "longest answer, in tokens", ge=1)
    tries: int = setting(3, "questions and answers tried, at most", ge=1)
    min_grounded: float = setting(0.7, "least share of the answer's content words that the passages hold", ge=0, le=1)
    min_own: int = setting(2, "least number of words that the answer takes from each passage alone", ge=1)


class Two:
    """Two passages, and the stems that only the one or only the other has."""

    def __init__(self, one: str, other: str) -> None:
        self.texts = (one, other)
        self.own = (stems(one) - stems(other), stems(other) - stems(one))
        self.both = f"{one}\n\n{other}"

    def subjects(self) -> list[str]:
        """The key term of each that the other has not."""
        found = []
        for text, own in zip(self.texts, self.own, strict=True):
            terms = [term for term in key_terms(text, 24) if term[:STEM] in own]
            if not terms:
                raise Rejected("question", "a passage has no key term of its own")
            found.append(terms[0])
        return found

    def uses(self, text: str) -> tuple[int, int]:
        mine = stems(text)
        return len(mine & self.own[0]), len(mine & self.own[1])


async def make(page: Page, ask: RecordContext, settings: ComparisonSettings) -> list[Made]:
    two = related(page, ask.rng)
    prompt = shot(ASK.format("stack", "queue"), ASKED, two.both, ASK.format(*two.subjects()))

    async def compare(number: int) -> Made:
        asked = await ask("question", prompt, max_tokens=48, stop=["\n"], sample=number)
        question = check_question(unlabelled(asked.text), two)
        answer = await ask("answer", shot(f"{ASKED} {ANSWER}", ANSWERED, two.both, f"{question} {ANSWER}"))
        text = unlabelled(finished(answer))
        checks = check_answer(text, question, two, settings)
        for given, part in enumerate(two.texts):
            alone = await ask("alone", shot(f"{ASKED} {ANSWER}", ANSWERED, part, f"{question} {ANSWER}"))
            checks.require(
                "needs both", needs_both(alone.text, text, question, given, two), f"passage {given + 1} will do"
            )
        return Made(checks.passed, messages=[Message("user", f"{two.both}\n\n{question}"), Message("assistant", text)])

    return [await first_accepted(settings.tries, compare)]


def related(page: Page, rng: np.random.Generator) -> Two:
    """A passage of the page, and the other one with which it shares the most key terms (the first of equals)."""
    order = [page.passages[number].text for number in rng.permutation(len(page.passages)).tolist()]
    terms = {term[:STEM] for term in key_terms(order[0], 12)}
    return Two(order[0], max(order[1:], key=lambda text: len(terms & stems(text))))


def shot(shown: str, answered: str, text: str, task: str = "") -> list[Message]:
    return [*example(f"{ONE}\n\n{OTHER}\n\n{shown}", answered), Message("user", f"{text}\n\n{task or shown}")]


def check_question(text: str, two: Two) -> str:
    """The question, where it speaks of something that only the one and something that only the other passage has."""
    question = text[: text.find("?") + 1]
    if not 5 <= len(words(question)) <= 40 or {"text", "texts", "passage", "passages"} & set(words(question)):
        raise Rejected("question", "no question, too short or too long, or about the texts as texts")
    if min(two.uses(question)) < 1 or leaked(question, f"{ONE} {OTHER} {ASKED}", two.both):
        raise Rejected("question", "not about both passages")
    return question


def check_answer(text: str, question: str, two: Two, settings: ComparisonSettings) -> Checks:
    checks = Checks()
    checks.require("question", True)
    require_fluent(checks, text, (50, 1500), f"{ONE} {OTHER} {ANSWERED}", two.both)
    require_grounded(checks, text, two.both, settings.min_grounded)
    used = two.uses(text)
    checks.require(
        "uses both", min(used) >= settings.min_own, f"{used[0]} and {used[1]} words of the one and the other"
    )
    return checks


def needs_both(alone: str, answer: str, question: str, given: int, two: Two) -> bool:
    """Whether an answer from passage `given` alone falls short: it does not say the answer, or has nothing of the
    other passage but what the question holds."""
    return not states_reference(alone, answer) or not (stems(alone) - stems(question)) & two.own[1 - given]


KIND = Kind(
    about="A question that takes two passages of a page to answer, with its answer from both.",
    source="synthetic",
    report="2.2",
    seeded_by="pages with two passages or more",
    seeds=from_pages,
    make=make,
    stages=("question", "answer", "alone"),
    checks=(
        "question",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "groundedness",
        "numbers",
        "uses both",
        "needs both",
    ),
    calls=lambda settings: 4 * settings.tries,
    settings=ComparisonSettings,
)
