"""Rewrite and augment: a passage, or two of one page, becomes another text about the same matter (report §2.2).

The text may answer a question that is written first; it may be planned, scored and revised, if the kind has prompts for
that. It is prose, or of a form that a program checks (`forms.py`).
"""

from typing import Any

from hornbook.base.records import Sample
from hornbook.base.settings import setting
from hornbook.base.thinking import without_thinking
from hornbook.synthetic.kind import VERIFY, Checks, Kind, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.forms import FORMS, Claims, judge_again
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Option, Prompts, Stage, Usual, both, record_of
from hornbook.synthetic.mechanisms.revision import REVISED, RUBRIC, RevisionSettings, require_scores, revised
from hornbook.synthetic.mechanisms.second_answer import require_alone_too_little, require_same_answer
from hornbook.synthetic.mechanisms.text_checks import TextSettings, check_text, text_check_names
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.verification import LONGEST_PART


class RewriteSettings(RevisionSettings, TextSettings):
    """Rewrites of passages."""

    complete: bool = setting(False, "let the verifier check also that the text leaves out nothing of the seed")


async def make(seed: Passage | Page, ask: RecordContext, settings: RewriteSettings) -> list[Made]:
    prompts = ask.kind.prompts
    known: dict[str, Any] = {"question": "", "plan": ""}
    for stage in (stage for stage in known if stage in prompts):
        known[stage] = await ask.write(stage, label=stage, **known)
    form = FORMS.get(ask.kind.options.get("form", ""))
    filled = await ask.fill("write", form, lambda found: found.fault(seed.text), **known) if form else None
    label = "Answer" if known["question"] else ""
    text = filled.text() if filled else await ask.write("write", label=label, **known)
    known |= {name: getattr(filled, name) for name in filled.__struct_fields__} if filled else {}
    version = await revised(text, ask, settings, **known) if "critique" in prompts else None
    text = version.text if version else text
    checks = await check_text(text, seed, ask, settings, claims=f"{known['question']}\n\n{text}".strip())
    if filled or version:
        checks.require("form", True)
    if version:
        require_scores(checks, version, settings)
    if settings.complete and settings.verified:
        await require_complete(checks, text, seed, ask)
    if isinstance(filled, Claims):
        await judge_again(checks, filled, ask, **known)
    elif "solve" in prompts:
        await require_same_answer(checks, text, ask, **known)
    if "alone" in prompts and isinstance(seed, Page):
        await require_alone_too_little(checks, text, [passage.text for passage in seed.passages], ask, **known)
    return [record_of(ask, checks, grade=version.mean() / 5 if version else 1.0, text=text, **known)]


async def require_complete(checks: Checks, text: str, seed: Passage | Page, ask: RecordContext) -> None:
    """Require that the text says all that the seed says. Raises Rejected ("complete")."""
    try:
        await ask.verify(Checks(), seed.text, text, numbers=False)
    except Rejected as missing:
        raise Rejected("complete", str(missing)) from None
    checks.require("complete", True)


async def recheck(sample: Sample, seed: Passage, ask: RecordContext, settings: RewriteSettings) -> None:
    await check_text(without_thinking(sample.written()) or "", seed, ask, settings)


def calls(settings: RewriteSettings, prompts: Prompts) -> dict[str, int]:
    again = 2  # calls of one that is cut off or does not fit
    parts = -(-(settings.tokens[1] + LONGEST_PART) // LONGEST_PART)  # of the text and its question
    return {
        "question": again,
        "plan": again,
        "write": again,
        "critique": again * (1 + settings.rounds),
        "revise": again * settings.rounds,
        VERIFY: again * parts * (2 if settings.complete else 1),
        "solve": again,
        "alone": again * 2,
        "judge": again * (3 if "alone" in prompts else 1),
    }


def usual(settings: RewriteSettings, kind: Kind) -> dict[str, Usual]:
    revisions = REVISED * min(1, settings.rounds)
    return {
        "question": Usual(answer=60),
        "plan": Usual(answer=250),
        "critique": Usual(1 + revisions, answer=250),
        "revise": Usual(revisions),
        VERIFY: Usual(2 if settings.complete else 1),
        "alone": Usual(2),
        "judge": Usual(3 if "alone" in kind.prompts else 1, answer=80),
    }


def checks(settings: RewriteSettings, prompts: Prompts) -> tuple[str, ...]:
    return (
        *text_check_names(settings),
        "form",
        *(["rubric"] if "critique" in prompts else []),
        *(["complete"] if settings.complete and settings.verified else []),
        *(["second answer"] if "solve" in prompts else []),
        *(["needs both"] if "alone" in prompts else []),
    )


MECHANISM = Mechanism(
    make=make,
    settings=RewriteSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={
        "question": Stage(),
        "plan": Stage("question"),
        "write": Stage("question plan", needed=True),
        "critique": Stage("question plan text rubric"),
        "revise": Stage("question plan text advice", needed=True, after="critique"),
        "solve": Stage("question plan"),
        "alone": Stage("question plan given"),
        "judge": Stage("question plan text other", after="solve alone"),
    },
    record=both("question plan text"),
    options={"form": Option("a form that a program checks"), "rubric": RUBRIC},
    chosen_by="options.form",
    cases={
        "": {"judge": Stage(needed=True)},
        **{
            name: {"record": Stage(" ".join(form.__struct_fields__)), "judge": Stage(needed=True)}
            for name, form in FORMS.items()
        },
        "claims": {"record": Stage("claims"), "solve": Stage("asked"), "judge": Stage()},
    },
    recheck=recheck,
)
