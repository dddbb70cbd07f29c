"""A passage in another language, held to the original by programs and by a translation back (report §2.2, §4)."""

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Kind, Made, RecordContext
from hornbook.synthetic.kinds.languages._languages import (
    CHECKS,
    LANGUAGES,
    LanguageSettings,
    back,
    check_foreign,
    draw_language,
    into,
    require_same,
)
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import describe, first_accepted
from hornbook.synthetic.seed_sampling import from_passages

ASKED = (
    "Translate into {}:\n\n{}", "How would you say this in {}?\n\n{}", "Please give the {} for this text.\n\n{}",
    "I need this in {}:\n\n{}", "{}, please:\n\n{}",
)  # fmt: skip


class TranslationSettings(LanguageSettings):
    """Translations."""

    sentences: int = setting(6, "first sentences of a passage that are translated", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: TranslationSettings) -> list[Made]:
    await describe(passage, ask)
    language = draw_language(ask, settings)
    english = " ".join(sentences(passage.text)[: settings.sentences])
    form = ASKED[int(ask.rng.integers(len(ASKED)))]

    async def attempt(number: int) -> Made:
        foreign = await into(language, english, "translate", number, ask)
        checks = check_foreign(foreign, english, language, settings)
        share = require_same(english, await back(language, foreign, ask), settings)
        checks.require("translated back", True)
        messages = [Message("user", form.format(LANGUAGES[language], english)), Message("assistant", foreign)]
        return Made(checks.passed, messages=messages, grade=round(share, 4))

    return [await first_accepted(settings.tries, attempt)]


KIND = Kind(
    about="A passage in German, Spanish, French, Italian, Dutch or Portuguese, checked by translating back.",
    source="synthetic",
    report="2.2, 4.1",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "translate", "back"),
    checks=("educational value", *CHECKS, "translated back"),
    calls=lambda settings: 1 + 2 * settings.tries,
    settings=TranslationSettings,
)
