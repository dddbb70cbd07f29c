"""Science questions, checked for relevance, groundedness and balance of difficulty (report §2.2, D: validation).

Grounded is a question whose reference independent answers reach with the passage before them; how hard it is, is seen
from the answers without it.
"""

import msgspec

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.oracles.number import parse_number
from hornbook.synthetic.agreement import comparable_form, same_meaning
from hornbook.synthetic.groundedness import evidence, is_supported, states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, ask_about, brief_answers, describe, first_accepted
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import STEM, grounded, leaked, stems

TASK = "Write one short question about a fact, a cause or a condition that the passage states."


class ScienceQuestionSettings(KindSettings):
    """Questions of fact with short answers."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    tries: int = setting(3, "questions tried, at most", ge=1)
    answers: int = setting(4, "independent answers with the passage", ge=1)
    min_grounded: float = setting(0.5, "least share of them that must say what the reference says", ge=0, le=1)
    unaided: int = setting(4, "independent answers without the passage, for the difficulty", ge=1)
    max_known: float = setting(
        0.75, "largest share of right ones among those: above it the question is dropped", ge=0, le=1
    )


async def make(passage: Passage, ask: RecordContext, settings: ScienceQuestionSettings) -> list[Made]:
    await describe(passage, ask)

    async def question_of(number: int) -> tuple[str, str, Checks]:
        question = await ask_about(passage, ask, TASK, sample=number)
        (reference,) = await brief_answers(ask, "reference", passage.text, question, 1)
        return question, reference, check_question(question, reference, passage)

    question, reference, checks = await first_accepted(settings.tries, question_of)
    answered = await brief_answers(ask, "answer", passage.text, question, settings.answers)
    share = agreeing(answered, reference)
    checks.require("groundedness", share >= settings.min_grounded, f"{share:.2f} of the answers say {reference!r}")
    known = agreeing(await brief_answers(ask, "unaided", "", question, settings.unaided), reference)
    ask.facts |= {"right_without_passage": known, "easy": float(known >= 0.5), "hard": float(known == 0)}
    checks.require("difficulty", known <= settings.max_known, f"{known:.2f} right without the passage")
    return [record(question, reference, known, passage, checks)]


def check_question(question: str, reference: str, passage: Passage) -> Checks:
    """It asks about what the passage is about, and the answer stands in the passage, not in the question."""
    checks = Checks()
    checks.require("question", True)
    terms = {term[:STEM] for term in key_terms(passage.text, 10)}
    checks.require("relevance", bool(terms & stems(question)), "none of the passage's key terms")
    short = comparable_form(reference) is not None and not leaked(reference, SHOWN, passage.text)
    said = is_supported(reference, passage.text, 0.8) and grounded(reference, question) <= 0.7
    checks.require("reference", short and said, f"not in the passage, or in the question: {reference[:80]}")
    return checks


def agreeing(answers: list[str], reference: str) -> float:
    return sum(same_meaning(answer, reference) or states_reference(answer, reference) for answer in answers) / len(
        answers
    )


def record(question: str, reference: str, known: float, passage: Passage, checks: Checks) -> Made:
    prompt = f"{passage.text}\n\n{question}"
    reply = f'The text says: "{evidence(f"{question} {reference}", passage.text)}"\nAnswer: {reference}'
    asked = Question(
        id=make_id("question", prompt, reference),
        task="science_question",
        prompt=prompt,
        answer=reference,
        oracle="number" if parse_number(reference) is not None and len(reference.split()) == 1 else "exact",
        entry=msgspec.json.encode({"right_without_passage": round(known, 4)}).decode(),
        solution=reply,
    )
    messages = [Message("user", prompt), Message("assistant", reply)]
    return Made(checks.passed, messages=messages, grade=round(1 - known, 4), question=asked)


KIND = Kind(
    about="A question of fact with a short answer from the passage, its difficulty measured without the passage.",
    source="synthetic",
    report="2.2, D",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "reference", "answer", "unaided"),
    checks=("educational value", "question", "relevance", "reference", "groundedness", "difficulty"),
    calls=lambda settings: 1 + 2 * settings.tries + settings.answers + settings.unaided,
    settings=ScienceQuestionSettings,
)
