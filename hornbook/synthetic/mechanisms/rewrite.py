"""Rewrite and augment: a passage becomes another text about the same matter (report §2.2).

It may be planned first, and scored and revised afterwards, if the kind has prompts for that.
"""

from hornbook.base.records import Sample
from hornbook.base.thinking import without_thinking
from hornbook.synthetic.kind import Made, RecordContext
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Prompts, record_of
from hornbook.synthetic.mechanisms.revision import RevisionSettings, require_scores, revised
from hornbook.synthetic.mechanisms.text_checks import TextSettings, check_text, text_check_names
from hornbook.synthetic.passages import Passage


class RewriteSettings(RevisionSettings, TextSettings):
    """Rewrites of passages."""


async def make(seed: Passage, ask: RecordContext, settings: RewriteSettings) -> list[Made]:
    plan = await ask.write("plan") if "plan" in ask.kind.prompts else ""
    text = await ask.write("write", plan=plan)
    version = await revised(text, ask, settings, plan=plan) if "critique" in ask.kind.prompts else None
    text = version.text if version else text
    checks = await check_text(text, seed, ask, settings)
    if version:
        require_scores(checks, version, settings)
    return [record_of(ask, checks, grade=version.mean() / 5 if version else 1.0, text=text, plan=plan)]


async def recheck(sample: Sample, seed: Passage, ask: RecordContext, settings: RewriteSettings) -> None:
    await check_text(without_thinking(sample.written()) or "", seed, ask, settings)


def calls(settings: RewriteSettings, prompts: Prompts) -> dict[str, int]:
    return {
        "plan": 1,
        "write": 2,
        "critique": 2 * (1 + settings.rounds),
        "revise": 2 * settings.rounds,
    }


def checks(settings: RewriteSettings, prompts: Prompts) -> tuple[str, ...]:
    return (*text_check_names(settings), *(["form", "rubric"] if "critique" in prompts else []))


MECHANISM = Mechanism(
    make=make,
    settings=RewriteSettings,
    calls=calls,
    checks=checks,
    seeds="passages",
    stages={"plan": False, "write": True, "critique": False, "revise": False},
    recheck=recheck,
)
