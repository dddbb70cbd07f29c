"""Question-answer pairs drawn from deduction chains in prose: each key step with its answer (§2.2, seeds, 3)."""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.chains import capitalised, chains_first, find_chain, in_sentence
from hornbook.synthetic.groundedness import states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage, ReasoningStep
from hornbook.synthetic.prompting import SHOWN, brief_answers, describe, first_accepted, unlabelled
from hornbook.synthetic.words import grounded, leaked, stems, words

SHOWN_STEP = ReasoningStep(
    "every parent is smaller than or equal to its children", "the smallest element is at the root", ""
)
SHOWN_QUESTION = "Where is the smallest element?"


class DeductionSettings(KindSettings):
    """Questions and answers from chains of reasoning."""

    temperature: float = setting(0.5, "sampling temperature of questions and answers", ge=0)
    steps: int = setting(3, "steps of a chain that become questions, at most", ge=1)
    tries: int = setting(3, "wordings of a question tried, at most", ge=1)
    answers: int = setting(3, "independent answers from the passage that must find the conclusion again", ge=1)
    min_agree: float = setting(0.3, "least share of them that must", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: DeductionSettings) -> list[Made]:
    await describe(passage, ask)
    chain = await find_chain(passage, ask)
    made, failure = [], Rejected("question")
    for step in chain[: settings.steps]:
        try:
            made.append(await from_step(step, passage, ask, settings))
        except Rejected as rejected:  # the other steps may do
            failure = rejected
    if not made:
        raise failure
    return made


async def from_step(step: ReasoningStep, passage: Passage, ask: RecordContext, settings: DeductionSettings) -> Made:
    async def word(number: int) -> str:
        answer = await ask("question", question_prompt(step), max_tokens=60, stop=["\n"], sample=number)
        return check_question(unlabelled(answer.text), step)

    question = await first_accepted(settings.tries, word)
    answers = await brief_answers(ask, "answer", passage.text, question, settings.answers)
    share = sum(finds(answer, step) for answer in answers) / len(answers)
    checks = Checks()
    checks.require("chain", True)
    checks.require("question", True)
    checks.require("found again", share >= settings.min_agree, f"by {share:.2f} of the answers: {answers[0][:80]}")
    answer = f"Since {in_sentence(step.assumption)}, {in_sentence(step.conclusion)}."
    return Made(
        checks.passed, messages=[Message("user", question), Message("assistant", answer)], grade=round(share, 4)
    )


def question_prompt(step: ReasoningStep) -> list[Message]:
    def task(step: ReasoningStep) -> str:
        known, wanted = capitalised(step.assumption), capitalised(step.conclusion)
        return (
            f"Known: {known}\nAnswer: {wanted}\n\nWrite one short question that has this answer. Do not give it away."
        )

    return [*example(task(SHOWN_STEP), SHOWN_QUESTION), Message("user", task(step))]


def check_question(text: str, step: ReasoningStep) -> str:
    """What is known, and the question that the conclusion answers, if it does not give it away. Raises Rejected."""
    question = text[: text.find("?") + 1]
    if not 3 <= len(words(question)) <= 40:
        raise Rejected("question", "no question" if not question else "too short or too long")
    new = stems(step.conclusion) - stems(step.assumption)
    if not new or len(new & stems(question)) > 0.6 * len(new):
        raise Rejected("question", f"holds its own answer: {question}")
    about = f"{step.assumption} {step.conclusion}"
    if grounded(question, about) < 0.6 or leaked(question, SHOWN, about):
        raise Rejected("question", f"about something else: {question}")
    return f"Suppose that {in_sentence(step.assumption)}. {question}"


def finds(answer: str, step: ReasoningStep) -> bool:
    """Whether an answer of a few words says the conclusion, or what is new in it."""
    new = stems(step.conclusion) - stems(step.assumption)
    return states_reference(answer, step.conclusion) or (bool(new) and len(new & stems(answer)) >= 0.5 * len(new))


KIND = Kind(
    about="Each key step of a passage's chain of reasoning as a question, with the step as its worked answer.",
    source="synthetic",
    report="2.2",
    seeded_by="passages, those that state a chain of reasoning first",
    seeds=chains_first,
    make=make,
    stages=("describe", "chain", "question", "answer"),
    checks=("educational value", "form", "chain", "question", "found again"),
    calls=lambda settings: 3 + settings.steps * (settings.tries + settings.answers),
    settings=DeductionSettings,
)
