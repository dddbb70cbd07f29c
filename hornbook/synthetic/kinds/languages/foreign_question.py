"""Question and answer in another language about an English passage (report §2.2, §4).

They are found in English first, where programs can hold them to the passage: the answer is the plurality of independent
ones and stands there. Then both go into the other language, and back again to see that they still say it.
"""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.dialogue import agreed_answer
from hornbook.synthetic.groundedness import evidence
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext
from hornbook.synthetic.kinds.languages._languages import (
    CHECKS,
    LanguageSettings,
    back,
    check_foreign,
    draw_language,
    into,
    require_same,
)
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import ask_about, describe, first_accepted
from hornbook.synthetic.seed_sampling import from_passages


class ForeignQuestionSettings(LanguageSettings):
    """Questions in another language."""

    answers: int = setting(3, "independent answers that must agree", ge=2)
    min_agree: float = setting(0.6, "least share of them that must agree", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: ForeignQuestionSettings) -> list[Made]:
    await describe(passage, ask)
    language = draw_language(ask, settings)
    question = await ask_about(passage, ask)
    answer = await agreed_answer(ask, "answer", passage.text, question, settings.answers, settings.min_agree)
    statement = evidence(f"{answer} {question}", passage.text)  # the sentence that holds the answer
    asked, first = await there_and_back(question, language, "translate question", ask, settings)
    told, second = await there_and_back(statement, language, "translate answer", ask, settings)
    checks = Checks()
    checks.require("question form", asked.rstrip().endswith("?"), asked[:80])
    for name in ("question", "agreement", "answer", *CHECKS, "translated back"):
        checks.require(name, True)
    messages = [Message("user", f"{passage.text}\n\n{asked}"), Message("assistant", told)]
    return [Made(checks.passed, messages=messages, grade=round((first + second) / 2, 4))]


async def there_and_back(
    english: str, language: str, stage: str, ask: RecordContext, settings: ForeignQuestionSettings
) -> tuple[str, float]:
    """The text in the language, and how much of it comes back. Raises Rejected when no try passes."""

    async def attempt(number: int) -> tuple[str, float]:
        foreign = await into(language, english, stage, number, ask)
        check_foreign(foreign, english, language, settings)
        return foreign, require_same(english, await back(language, foreign, ask), settings)

    return await first_accepted(settings.tries, attempt)


KIND = Kind(
    about="A question and its answer in another language about an English passage.",
    source="synthetic",
    report="2.2, 4.1",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "question", "answer", "translate question", "translate answer", "back"),
    checks=(
        "educational value", "question", "agreement", "answer", *CHECKS, "translated back", "question form",
    ),
    calls=lambda settings: 2 + 3 * settings.answers + 4 * settings.tries,
    settings=ForeignQuestionSettings,
)  # fmt: skip
