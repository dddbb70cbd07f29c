"""Rewrite and augment: a passage is told to a younger reader, measurably easier to read (report §2.2)."""

from hornbook.base.settings import setting
from hornbook.synthetic.kind import Kind, Made, RecordContext
from hornbook.synthetic.kinds.web._rewriting import CHECKS, RewriteSettings, check_rewrite
from hornbook.synthetic.passage_scores import reading_grade
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import (
    describe,
    finished,
    first_accepted,
    require_grounded,
    shot,
    unlabelled,
    without_small_talk,
)
from hornbook.synthetic.seed_sampling import from_passages

SIMPLIFY = (
    "Rewrite the passage for a ten-year-old reader. Use short sentences and simple words. Keep the technical terms, "
    "and add nothing."
)
SIMPLIFIED = (
    "A binary heap is a kind of tree. It is full from top to bottom. Each parent has children. No parent is larger "
    "than its children. So the smallest element is at the top. The top is called the root."
)


class SimplificationSettings(RewriteSettings):
    """Passages in simpler words."""

    easier: float = setting(1.0, "school years by which it must be easier to read (Flesch and Kincaid)", ge=0)
    min_grounded: float = setting(0.6, "least share of its content words that the passage holds", ge=0, le=1)
    tries: int = setting(3, "rewrites tried, at most", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: SimplificationSettings) -> list[Made]:
    await describe(passage, ask)

    async def simplify(number: int) -> Made:
        answer = await ask("rewrite", shot(SIMPLIFY, SIMPLIFIED, passage), sample=number)
        text = without_small_talk(unlabelled(finished(answer)))
        checks = check_rewrite(text, SIMPLIFIED, passage, settings)
        easier = reading_grade(passage.text) - reading_grade(text)
        checks.require("easier", easier >= settings.easier, f"easier by {easier:.1f} school years")
        require_grounded(checks, text, passage.text, settings.min_grounded)
        ask.facts["easier_by_years"] = easier
        return Made(checks.passed, text=text)

    return [await first_accepted(settings.tries, simplify)]


KIND = Kind(
    about="A passage in short sentences and simple words, by school years easier to read than the original.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "rewrite"),
    checks=("educational value", *CHECKS, "easier", "groundedness", "numbers"),
    calls=lambda settings: 1 + settings.tries,
    settings=SimplificationSettings,
)
