"""Checks of a text that a teacher wrote about a seed: whole, of the size asked for, its own words, true (report §2.2).

Sizes and copies are counted. Whether it is true, the verifier says, claim by claim; programs beside it can only reject.
"""

from hornbook.base.settings import setting
from hornbook.synthetic.axes import language_codes
from hornbook.synthetic.kind import Absent, Checks, KindSettings, RecordContext
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.verification import CHECKS
from hornbook.synthetic.words import copied, repetition, tokens_in

MOST_REPEATED = 0.35  # share of repeated 3-grams: more is a loop


class TextSettings(KindSettings):
    """Texts about a seed."""

    tokens: tuple[int, int] = setting((100, 4000), "least and most tokens of what is written")
    max_copied: float = setting(0.5, "largest share of 5-grams taken over from the seed", ge=0, le=1)
    absent: Absent = setting(
        "none", "what a text may say that the seed does not: nothing, true background knowledge, or anything"
    )
    verified: bool = setting(True, "let the verifier check each claim against the seed")
    max_share: float = setting(1000, "longest text, as a share of the seed's tokens", gt=0)
    same_language: bool = setting(True, "the text must be in the seed's language, or in the one that was drawn")


def text_check_names(settings: TextSettings) -> tuple[str, ...]:
    return (
        "finished",
        "length",
        "no repetition",
        "own words",
        *(("language",) if settings.same_language else ()),
        *(CHECKS if settings.verified else ()),
    )


async def check_text(
    text: str, seed: Passage | Page, ask: RecordContext, settings: TextSettings, *, before: str = ""
) -> Checks:
    """The checks of `text_check_names`. `before` is a question that the text answers: it must be true too.

    Raises Rejected.
    """
    checks = Checks()
    checks.require("finished", True)
    require_form(checks, text, settings)
    share = tokens_in(text) / max(1, tokens_in(seed.text))
    checks.require("length", share <= settings.max_share, f"{share:.2f} of the seed's length")
    share = copied(text, seed.text)
    checks.require("own words", share <= settings.max_copied, f"{share:.2f} of its 5-grams are the seed's")
    drawn = language_codes(ask.values.get("axes", {}).get("language", ""))
    if settings.same_language:
        wanted = drawn or [seed.language]
        checks.require("language", await ask.compute(language_of, text) in wanted, f"not {wanted[0]}")
    if settings.verified:
        told = f"{before}\n\n{text}".strip()
        await ask.verify(checks, told, seed.text, absent=settings.absent, numbers=not drawn)
    return checks


def require_form(checks: Checks, text: str, settings: TextSettings) -> None:
    """Size, and no loop."""
    least, most = settings.tokens
    size = tokens_in(text)
    checks.require("length", least <= size <= most, f"about {size} tokens, {least} to {most} are wanted")
    checks.require("no repetition", repetition(text) <= MOST_REPEATED, f"{repetition(text):.2f} repeated")


def language_of(text: str) -> str:
    from hornbook.data.filters.language import identify

    return identify([text])[0][0]
