"""The kind of data set that the factory makes in `benchmarks/synth.py`: a title, then a retelling under it."""

import sys

from benchmarks.synth_work import RETELL, TITLE, UNTITLED
from hornbook.base.settings import setting
from hornbook.synthetic import kinds
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import repetition


class RetellSettings(KindSettings):
    """Retellings."""

    titled: bool = setting(True, "ask for a title first")
    title_tokens: int = setting(16, "longest title, in tokens", ge=1)
    max_tokens: int = setting(96, "longest retelling, in tokens", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: RetellSettings) -> list[Made]:
    prompt = UNTITLED.format(text=passage.text)
    if settings.titled:
        title = await ask("title", TITLE.format(text=passage.text), max_tokens=settings.title_tokens)
        prompt = RETELL.format(text=passage.text, title=title.text)
    answer = await ask("retell", prompt)
    checks = Checks()
    checks.require("length", 40 <= len(answer.text) <= 4000, f"{len(answer.text)} characters")
    checks.require("no repetition", repetition(answer.text) <= 0.35)
    return [Made(checks.passed, text=answer.text)]


KIND = Kind(
    about="A passage retold.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("title", "retell"),
    checks=("length", "no repetition"),
    calls=lambda settings: 2,
    settings=RetellSettings,
)


def register() -> None:
    """Register the kind as if its file were among the others."""
    kinds.FAMILIES["retell"] = "benchmark"
    sys.modules[f"{kinds.__name__}.benchmark.retell"] = sys.modules[__name__]
