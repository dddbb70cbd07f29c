"""Rewrite and augment: a passage becomes a section of a textbook (report §2.2)."""

from hornbook.synthetic.kind import Kind, Made, RecordContext
from hornbook.synthetic.kinds.web._rewriting import CHECKS, RewriteSettings, check_rewrite
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import describe, finished, without_small_talk
from hornbook.synthetic.seed_sampling import from_passages

EXPLAIN = "Explain this to a student, in your own words. Keep the technical terms."


async def make(passage: Passage, ask: RecordContext, settings: RewriteSettings) -> list[Made]:
    await describe(passage, ask)
    text = without_small_talk(finished(await ask("rewrite", f"{EXPLAIN}\n\n{passage.text}")))
    return [Made(check_rewrite(text, "", passage, settings).passed, text=text)]


KIND = Kind(
    about="A passage as a section of a textbook, in other words and with its technical terms.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "rewrite"),
    checks=("educational value", *CHECKS),
    calls=lambda settings: 2,
    settings=RewriteSettings,
)
