"""Checks of a text that a teacher wrote about a seed: whole, of the size asked for, its own words, true (report §2.2).

Sizes and copies are counted. Whether it is true, the verifier says, claim by claim; programs beside it can only reject.
Where the teacher is too small to verify anything, words in common may reject a text.
"""

from hornbook.base.settings import setting
from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.axes import language_codes
from hornbook.synthetic.kind import Absent, Checks, KindSettings, RecordContext
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.verification import CHECKS
from hornbook.synthetic.words import STEM, copied, grounded, leaked, repetition, stems

MOST_REPEATED = 0.35  # share of repeated 3-grams: more is a loop
MOST_ASKED = 0.75  # share of an answer's words that may be the question's


class WritingSettings(KindSettings):
    """Texts whose size is checked, and whether they are true."""

    tokens: tuple[int, int] = setting((100, 4000), "least and most tokens of what is written")
    absent: Absent = setting(
        "none", "what a text may say that the seed does not: nothing, true background knowledge, or anything"
    )
    verified: bool = setting(True, "let the verifier check each claim against the seed")


class TextSettings(WritingSettings):
    """Texts about a seed."""

    max_copied: float = setting(0.5, "largest share of 5-grams taken over from the seed", ge=0, le=1)
    max_share: float = setting(1000, "longest text, as a share of the seed's tokens", gt=0)
    same_language: bool = setting(True, "the text must be in the seed's language, or in the one that was drawn")
    min_terms: float = setting(0, "least share of the seed's key terms; for small teachers", ge=0, le=1)
    min_grounded: float = setting(0, "least share of its words that are the seed's; for small teachers", ge=0, le=1)


def text_check_names(settings: TextSettings) -> tuple[str, ...]:
    return (
        "finished",
        "length",
        "no repetition",
        "own words",
        *(("language",) if settings.same_language else ()),
        *(CHECKS if settings.verified else ()),
        *(("key terms",) if settings.min_terms else ()),
        *(("grounded", "not the example", "answers") if settings.min_grounded else ()),
    )


async def check_text(
    text: str, seed: Passage | Page, ask: RecordContext, settings: TextSettings, *, claims: str = "", given: str = ""
) -> Checks:
    """The checks of `text_check_names`. Raises Rejected.

    `claims` is what must be true (the text, by default), `given` what it may take from elsewhere.
    """
    checks = Checks()
    checks.require("finished", True)
    require_form(checks, text, settings.tokens)
    share = estimate_tokens(text) / max(1, estimate_tokens(seed.text))
    checks.require("length", share <= settings.max_share, f"{share:.2f} of the seed's length")
    share = copied(text, seed.text)
    checks.require("own words", share <= settings.max_copied, f"{share:.2f} of its 5-grams are the seed's")
    drawn = language_codes(ask.values.get("axes", {}).get("language", ""))
    if settings.same_language:
        wanted = drawn or [seed.language]
        checks.require("language", await ask.compute(same_language, text, *wanted), f"not {wanted[0]}")
    if settings.verified:
        known = f"{seed.text}\n\n{given}".strip()
        await ask.verify(checks, claims or text, known, absent=settings.absent, numbers=not drawn)
    question = claims[: -len(text)].strip() if claims.endswith(text) else ""
    require_words(checks, text, question, seed, ask, settings)
    return checks


def require_words(
    checks: Checks, text: str, question: str, seed: Passage | Page, ask: RecordContext, settings: TextSettings
) -> None:
    """The words of the text and of the question that it answers, beside those of the seed and of the prompts' solved
    examples. Raises Rejected."""
    if settings.min_terms:
        terms = [term[:STEM] for term in key_terms(seed.text)]
        share = sum(term in stems(f"{question} {text}") for term in terms) / max(1, len(terms))
        checks.require("key terms", share >= settings.min_terms, f"{share:.2f} of them are kept")
    if settings.min_grounded:
        share = min(grounded(part, seed.text) for part in (text, question) if part)
        checks.require("grounded", share >= settings.min_grounded, f"{share:.2f} of its words are the seed's")
        shown = " ".join(part for prompt in ask.kind.prompts.values() for one in prompt.examples for part in one)
        checks.require("not the example", not leaked(f"{question} {text}", shown, seed.text))
        checks.require("answers", grounded(text, question) <= MOST_ASKED, "it only repeats the question")


def require_form(checks: Checks, text: str, tokens: tuple[int, int], *, words: int = 3) -> None:
    """Size, and no loop. Where the same has to be said many times (the positions of a puzzle), `words` is the length of
    what must not be repeated."""
    least, most = tokens
    size = estimate_tokens(text)
    checks.require("length", least <= size <= most, f"about {size} tokens, {least} to {most} are wanted")
    share = repetition(text, words)
    checks.require("no repetition", share <= MOST_REPEATED, f"{share:.2f} repeated")


def same_language(text: str, *languages: str) -> bool:
    """Whether the text is identified as one of the languages (ISO 639 codes)."""
    from hornbook.data.filters.language import identify

    return identify([text])[0][0] in languages
