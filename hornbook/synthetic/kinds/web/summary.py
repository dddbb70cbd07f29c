"""Rewrite and augment: a passage becomes a headline and a summary of two sentences (report §2.2)."""

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext
from hornbook.synthetic.kinds.web._rewriting import RewriteSettings, kept_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import (
    SHOWN,
    describe,
    finished,
    first_accepted,
    require_fluent,
    require_grounded,
    shot,
    unlabelled,
    without_small_talk,
)
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import copied, grounded, words

SUMMARISE = "Summarise the passage in two short sentences, in your own words. Leave out the details."
SUMMARISED = "In a binary heap parents are never larger than their children. So the root holds the smallest element."
ENTITLE = "Write a headline of at most eight words for the passage."
ENTITLED = "The root of a heap is its smallest element"


class SummarySettings(RewriteSettings):
    """Headlines and summaries."""

    max_tokens: int = setting(96, "longest summary, in tokens", ge=1)
    max_copied: float = setting(0.8, "largest share of 5-grams taken over from the passage", ge=0, le=1)
    max_share: float = setting(0.75, "longest summary, as a share of the passage's length", gt=0, le=1)
    min_grounded: float = setting(0.75, "least share of its content words that the passage holds", ge=0, le=1)
    tries: int = setting(3, "summaries and headlines tried, at most", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: SummarySettings) -> list[Made]:
    await describe(passage, ask)

    async def summarise(number: int) -> tuple[str, Checks]:
        answer = await ask("summary", shot(SUMMARISE, SUMMARISED, passage), sample=number)
        written = without_small_talk(unlabelled(finished(answer)).replace("\n", " "))
        summary = " ".join(sentences(written)[:2])  # a weak teacher goes on after the two it was asked for
        return summary, check_summary(summary, passage, settings)

    async def entitle(number: int) -> str:
        answer = await ask("headline", shot(ENTITLE, ENTITLED, passage), max_tokens=24, stop=["\n"], sample=number)
        headline = unlabelled(answer.text).strip("\"'*. ")
        check_headline(headline, passage)
        return headline

    summary, checks = await first_accepted(settings.tries, summarise)
    headline = await first_accepted(settings.tries, entitle)
    checks.require("headline", True)
    asked = f"Give this text a headline, and sum it up in two sentences.\n\n{passage.text}"
    return [Made(checks.passed, messages=[Message("user", asked), Message("assistant", f"{headline}\n\n{summary}")])]


def check_summary(summary: str, passage: Passage, settings: SummarySettings) -> Checks:
    checks = Checks()
    checks.require("form", len(sentences(summary)) == 2, f"{len(sentences(summary))} sentences")
    share = len(summary) / len(passage.text)
    checks.require("shorter", share <= settings.max_share, f"{share:.2f} of the passage's length")
    require_fluent(checks, summary, (40, 1000), f"{SHOWN} {SUMMARISED}", passage.text)
    require_grounded(checks, summary, passage.text, settings.min_grounded)
    taken = copied(summary, passage.text)
    checks.require("not a copy", taken <= settings.max_copied, f"{taken:.2f} of its 5-grams are the passage's")
    kept = kept_terms(summary, passage)
    checks.require("key terms", kept >= settings.min_terms, f"keeps {kept:.2f} of them")
    return checks


def check_headline(headline: str, passage: Passage) -> None:
    """A line of two to twelve words, at least two thirds of whose content the passage has, and no first sentence."""
    own = grounded(headline, passage.text) >= 2 / 3 and headline.lower() not in passage.text.lower()
    Checks().require("headline", own and 2 <= len(words(headline)) <= 12, headline[:80])


KIND = Kind(
    about="A headline and a summary of two sentences, nothing in them that the passage does not say.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "summary", "headline"),
    checks=(
        "educational value",
        "form",
        "shorter",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "groundedness",
        "numbers",
        "not a copy",
        "key terms",
        "headline",
    ),
    calls=lambda settings: 1 + 2 * settings.tries,
    settings=SummarySettings,
)
