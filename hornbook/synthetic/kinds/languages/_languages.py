"""Languages, and what shows that a text in one says what an English one says (report §3: 8 % multilingual data; §4)."""

import re

from pydantic import Field

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, KindSettings, RecordContext, Rejected, example
from hornbook.synthetic.prompting import MOST_REPEATED, finished
from hornbook.synthetic.words import repetition, stems

LANGUAGES = {"de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch", "pt": "Portuguese"}
SHOWN_ENGLISH = "The library opens at nine in the morning, and children may borrow five books."
SHOWN_FOREIGN = {
    "de": "Die Bibliothek öffnet um neun Uhr morgens, und Kinder dürfen fünf Bücher ausleihen.",
    "es": "La biblioteca abre a las nueve de la mañana y los niños pueden llevarse cinco libros.",
    "fr": "La bibliothèque ouvre à neuf heures du matin et les enfants peuvent emprunter cinq livres.",
    "it": "La biblioteca apre alle nove del mattino e i bambini possono prendere in prestito cinque libri.",
    "nl": "De bibliotheek gaat om negen uur 's ochtends open en kinderen mogen vijf boeken lenen.",
    "pt": "A biblioteca abre às nove da manhã e as crianças podem levar cinco livros.",
}
# A capital where no sentence begins, or a name of code.
NAME = re.compile(r"(?<![.!?]\s)(?<!^)(?<!^[\"'(])\b(?:[A-Z]\w*[A-Z_]\w*|[A-Z][a-z]+|\w+_\w+)\b")
CHECKS = ("language", "length ratio", "numbers", "names", "no repetition", "not the example")


class LanguageSettings(KindSettings):
    """Texts in other languages."""

    records: int = setting(16, "passages to take", ge=0)
    temperature: float = setting(0.3, "sampling temperature", ge=0)
    max_tokens: int = setting(256, "longest translation, in tokens", ge=1)
    languages: list[str] = Field(
        list(LANGUAGES), description=f"languages to draw from: {', '.join(LANGUAGES)}", min_length=1
    )
    min_language: float = setting(0.6, "least probability of the language, as identified", ge=0, le=1)
    min_back: float = setting(0.6, "least share of the content words that come back in translation", ge=0, le=1)
    tries: int = setting(3, "translations tried, at most", ge=1)


def draw_language(ask: RecordContext, settings: LanguageSettings) -> str:
    """One of the settings' languages. Raises HornbookError for one we have no example of."""
    for language in settings.languages:
        if language not in LANGUAGES:
            raise HornbookError(f"languages: {language!r} is none of {', '.join(LANGUAGES)}")
    return settings.languages[int(ask.rng.integers(len(settings.languages)))]


def is_in(text: str, language: str, least: float) -> bool:
    from hornbook.data.filters.language import identify

    name, probability = identify([text])[0]
    return name == language and probability >= least


def check_foreign(text: str, english: str, language: str, settings: LanguageSettings) -> Checks:
    """The checks of `CHECKS` on a translation. Raises Rejected."""
    checks = Checks()
    checks.require("language", is_in(text, language, settings.min_language), f"not {LANGUAGES[language]}: {text[:60]}")
    ratio = len(text) / max(1, len(english))
    checks.require("length ratio", 0.7 <= ratio <= 1.7, f"{ratio:.2f}")
    differing = sorted(digits(text) ^ digits(english))
    checks.require("numbers", not differing, f"differ in {', '.join(differing)}")
    lost = sorted(names(english) - set(re.findall(r"\w+", text)))
    checks.require("names", not lost, f"without {', '.join(lost)}")
    checks.require("no repetition", repetition(text) <= MOST_REPEATED)
    leaked = stems(text) & stems(SHOWN_FOREIGN[language])
    checks.require("not the example", len(leaked) < 4, f"has {', '.join(sorted(leaked))}")
    return checks


def digits(text: str) -> set[str]:
    """Numbers in digits, without the separators in which languages differ."""
    return {re.sub(r"[.,]", "", number) for number in re.findall(r"\d+(?:[.,]\d+)*", text)}


def names(text: str) -> set[str]:
    """Words with a capital where no sentence begins, and names of code: what a translation leaves as it is."""
    return set(NAME.findall(text))


async def into(language: str, english: str, stage: str, number: int, ask: RecordContext) -> str:
    """The text in another language."""
    task = f"Translate into {LANGUAGES[language]}:"
    prompt = [*example(f"{task} {SHOWN_ENGLISH}", SHOWN_FOREIGN[language]), Message("user", f"{task} {english}")]
    return finished(await ask(stage, prompt, stop=["\n\n"], sample=number))


async def back(language: str, foreign: str, ask: RecordContext) -> str:
    """The text in English again, by a reader who knows only the translation."""
    prompt = [
        *example(f"Translate into English: {SHOWN_FOREIGN[language]}", SHOWN_ENGLISH),
        Message("user", f"Translate into English: {foreign}"),
    ]
    return finished(await ask("back", prompt, temperature=0.0, stop=["\n\n"]))


def same_content(english: str, returned: str) -> float:
    """Share of the two texts' content words that both have (Dice), in whatever form."""
    mine, theirs = stems(english), stems(returned)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine or theirs else 0.0


def require_same(english: str, returned: str, settings: LanguageSettings) -> float:
    """The similarity of the translation back. Raises Rejected ("translated back")."""
    share = same_content(english, returned)
    if share < settings.min_back:
        raise Rejected("translated back", f"{share:.2f} of the content words come back")
    return share
