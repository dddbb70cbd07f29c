"""Instruction reversal: an instruction that would produce an existing text, kept if it does (report §2.2).

The text is written again from the instruction alone; a judge compares it with the original, which is the record's.
"""

from typing import Literal

import msgspec

from hornbook.base.settings import setting
from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Prompts, Usual, record_of
from hornbook.synthetic.mechanisms.revision import Score
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.words import copied


class ReversalSettings(KindSettings):
    """Instructions for texts that there are."""

    tries: int = setting(2, "instructions tried, at most", ge=1)
    max_copied: float = setting(0.2, "largest share of the instruction's 5-grams that are the text's", ge=0, le=1)
    max_size: float = setting(0.8, "longest instruction, in parts of the text: a longer one dictates it", gt=0)
    min_score: int = setting(
        4, "least score (1 to 5) of the text that is written from the instruction alone", ge=1, le=5
    )


class Fidelity(msgspec.Struct):
    """How near what the instruction leads to comes to the original."""

    why: str
    fits: Literal["yes", "no"]
    score: Score


async def make(seed: Passage, ask: RecordContext, settings: ReversalSettings) -> list[Made]:
    failure = Rejected("fidelity")
    for number in range(settings.tries):
        try:
            return [await reversed_text(seed, number, ask, settings)]
        except Rejected as rejected:  # another instruction may do
            failure = rejected
    raise failure


async def reversed_text(seed: Passage, number: int, ask: RecordContext, settings: ReversalSettings) -> Made:
    """The record of one instruction. Raises Rejected."""
    checks = Checks()
    instruction = await ask.write("instruction", attempt=number)
    checks.require("finished", True)
    share = copied(instruction, seed.text)
    checks.require("own words", share <= settings.max_copied, f"{share:.2f} of its 5-grams are the text's")
    size = estimate_tokens(instruction) / estimate_tokens(seed.text)
    checks.require("no dictation", size <= settings.max_size, f"{size:.2f} of the text's length")
    again = await ask.write("write", instruction=instruction)
    judged = await ask.fill("judge", Fidelity, instruction=instruction, again=again)
    checks.require("fits", judged.fits == "yes", judged.why[:200])
    checks.require("fidelity", judged.score >= settings.min_score, f"scored {judged.score}: {judged.why[:200]}")
    return record_of(ask, checks, grade=judged.score / 5, instruction=instruction)


def calls(settings: ReversalSettings, prompts: Prompts) -> dict[str, int]:
    return dict.fromkeys(("instruction", "write", "judge"), 2 * settings.tries)


def usual(settings: ReversalSettings, kind: Kind) -> dict[str, Usual]:
    tried = min(1.2, settings.tries)
    again = kind.prompts["write"].tokens or settings.max_tokens // 2
    return {"instruction": Usual(tried), "write": Usual(tried), "judge": Usual(tried, shown=again, answer=80)}


def checks(settings: ReversalSettings, prompts: Prompts) -> tuple[str, ...]:
    return ("finished", "own words", "no dictation", "form", "fits", "fidelity")


MECHANISM = Mechanism(
    make=make,
    settings=ReversalSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={"instruction": True, "write": True, "judge": True},
)
