"""A request and a reply to it, of which a judge says whether it does what the kind wants (report §4, §7, A.1).

The request is drawn from the axes (`options.request`), or written by the teacher and then screened by judges. The reply
may have to be true to a passage, too.
"""

from hornbook.base.records import Question
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, Made, RecordContext, Seed
from hornbook.synthetic.mechanisms.judging import require_judged
from hornbook.synthetic.mechanisms.mechanism import (
    Mechanism,
    Option,
    Prompts,
    Stage,
    Usual,
    both,
    record_of,
    requirements,
)
from hornbook.synthetic.mechanisms.text_checks import TextSettings, require_form, same_language
from hornbook.synthetic.prompts import render
from hornbook.synthetic.verification import CHECKS


class JudgedReplySettings(TextSettings):
    """Replies that a judge reads."""

    persona: dict[str, str] = setting({}, "facts about the assistant, by name, that a reply may state")
    screens: int = setting(1, "independent judges, each of whom must accept the request", ge=1)


async def make(seed: Seed, ask: RecordContext, settings: JudgedReplySettings) -> list[Made]:
    checks = Checks()
    ask.values |= {"persona": settings.persona}
    if "request" in ask.kind.prompts:
        request = await ask.write("request")
    else:
        request = render(ask.kind.options["request"], ask.values)
    if "screen" in ask.kind.prompts:
        await require_judged(checks, "request", "screen", ask, times=settings.screens, request=request)
    reply = await ask.write("reply", preamble=False, request=request)
    checks.require("finished", True)
    require_form(checks, reply, settings.tokens)
    if settings.same_language and not isinstance(seed, Question):
        checks.require("language", await ask.compute(same_language, reply, seed.language), f"not {seed.language}")
    await require_judged(checks, "judged", "judge", ask, request=request, reply=reply)
    if settings.verified and not isinstance(seed, Question):
        await ask.verify(checks, reply, seed.text, absent=settings.absent)
    return [record_of(ask, checks, request=request, reply=reply)]


def calls(settings: JudgedReplySettings, prompts: Prompts) -> dict[str, int]:
    return {"request": 2, "screen": 2 * settings.screens, "reply": 2, "judge": 2}


def usual(settings: JudgedReplySettings, kind: Kind) -> dict[str, Usual]:
    reply = kind.prompts["reply"].tokens or 0
    return {"request": Usual(answer=50), "screen": Usual(settings.screens, answer=130), "judge": Usual(1, reply, 150)}


def checks(settings: JudgedReplySettings, prompts: Prompts) -> tuple[str, ...]:
    return (
        "finished",
        "form",
        *(["request"] if "screen" in prompts else []),
        "length",
        "no repetition",
        *(["language"] if settings.same_language else []),
        "judged",
        *(CHECKS if settings.verified else ()),
    )


MECHANISM = Mechanism(
    make=make,
    settings=JudgedReplySettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={
        "request": None,
        "screen": Stage("persona request must"),
        "reply": Stage("persona request", needed=True),
        "judge": Stage("persona request reply must", needed=True),
    },
    record=both("persona request reply"),
    options={
        "request": Option("the request, where no prompt writes it", needed=True, of="no", sees="persona"),
        **requirements("screen", "persona request"),
        **requirements("judge", "persona request reply"),
    },
    chosen_by="prompts.request",
    cases={"no": {}, "yes": {"request": Stage("persona")}},
)
