"""Instruction reversal: an instruction that would produce an existing text, kept if it does (report §2.2).

The text is written again from the instruction alone and compared with the original, which is the record's: a function
(`options.code`) by running both, where it runs by itself; all else by a judge, or, where the teacher is too small for
that, by the likeness of the code.
"""

import ast
from typing import Literal

import msgspec

from hornbook.base.settings import setting
from hornbook.base.token_estimate import estimate_tokens
from hornbook.oracles.extract_code import code_in
from hornbook.sandbox.bubblewrap import works
from hornbook.synthetic.code_similarity import parse_function, similarity, token_similarity
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Option, Prompts, Stage, Usual, both, record_of
from hornbook.synthetic.mechanisms.revision import Score
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import CallExample, behaviour, same_behaviour
from hornbook.synthetic.words import copied


class ReversalSettings(KindSettings):
    """Instructions for texts that there are."""

    tries: int = setting(2, "instructions tried, at most", ge=1)
    max_copied: float = setting(0.2, "largest share of the instruction's 5-grams that are the text's", ge=0, le=1)
    max_size: float = setting(0.8, "longest instruction, in parts of the text: a longer one dictates it", gt=0)
    min_score: int = setting(
        4, "least score (1 to 5) of the text that is written from the instruction alone", ge=1, le=5
    )
    min_agreement: float = setting(1, "least share of made-up calls for which both functions give the same", ge=0, le=1)
    min_likeness: float = setting(0.5, "least likeness of code that neither runs nor is judged", ge=0, le=1)


class Fidelity(msgspec.Struct):
    """How near what the instruction leads to comes to the original."""

    why: str
    fits: Literal["yes", "no"]
    score: Score


async def make(seed: Passage, ask: RecordContext, settings: ReversalSettings) -> list[Made]:
    failure = Rejected("fidelity")
    original = parse_function(seed.text, "") if ask.kind.options.get("code") else None
    ask.values["signature"] = f"{original.name}({ast.unparse(original.args)})" if original else ""
    for number in range(settings.tries):
        try:
            return [await reversed_text(seed, original, number, ask, settings)]
        except Rejected as rejected:  # another instruction may do
            failure = rejected
    raise failure


async def reversed_text(
    seed: Passage, original: ast.FunctionDef | None, number: int, ask: RecordContext, settings: ReversalSettings
) -> Made:
    """The record of one instruction. Raises Rejected."""
    checks = Checks()
    instruction = await ask.write("instruction", attempt=number)
    checks.require("finished", True)
    share = copied(instruction, seed.text)
    checks.require("own words", share <= settings.max_copied, f"{share:.2f} of its 5-grams are the text's")
    size = estimate_tokens(instruction) / estimate_tokens(seed.text)
    checks.require("no dictation", size <= settings.max_size, f"{size:.2f} of the text's length")
    again = await ask.write("write", attempt=number, fenced=original is not None, instruction=instruction)
    if original:
        cases = await ask.compute(behaviour, seed.text) if works() else ()
        ask.facts["executed"] = float(bool(cases))
        if cases or "judge" not in ask.kind.prompts:
            grade = await require_same_code(checks, original, again, cases, ask, settings)
            return record_of(ask, checks, grade=grade, instruction=instruction)
    judged = await ask.fill("judge", Fidelity, instruction=instruction, again=again)
    checks.require("fits", judged.fits == "yes", judged.why[:200])
    checks.require("fidelity", judged.score >= settings.min_score, f"scored {judged.score}: {judged.why[:200]}")
    return record_of(ask, checks, grade=judged.score / 5, instruction=instruction)


async def require_same_code(
    checks: Checks,
    original: ast.FunctionDef,
    again: str,
    cases: tuple[CallExample, ...],
    ask: RecordContext,
    settings: ReversalSettings,
) -> float:
    """How much of the function came back: the share of the same results, or, without cases, the likeness of the code.

    Raises Rejected.
    """
    written = parse_function(code_in(again, [original.name]), original.name)
    checks.require("parses", written is not None, "what was written again does not")
    assert written is not None
    code = ast.unparse(written)
    if cases:
        share = await ask.compute(same_behaviour, code, written.name, cases)
        checks.require("fidelity", share >= settings.min_agreement, f"{share:.2f} of the results are the same")
        return share
    likeness = (similarity(original, written) + token_similarity(ast.unparse(original), code)) / 2
    checks.require("fidelity", likeness >= settings.min_likeness, f"{likeness:.2f} of the code is alike")
    return likeness


def calls(settings: ReversalSettings, prompts: Prompts) -> dict[str, int]:
    return dict.fromkeys(("instruction", "write", "judge"), 2 * settings.tries)


def usual(settings: ReversalSettings, kind: Kind) -> dict[str, Usual]:
    tried = min(1.2, settings.tries)
    again = kind.prompts["write"].tokens or settings.max_tokens // 2
    return {"instruction": Usual(tried), "write": Usual(tried), "judge": Usual(tried, shown=again, answer=80)}


def checks(settings: ReversalSettings, prompts: Prompts) -> tuple[str, ...]:
    judged = ("form", "fits") if "judge" in prompts else ()
    return ("finished", "own words", "no dictation", "parses", *judged, "fidelity")


MECHANISM = Mechanism(
    make=make,
    settings=ReversalSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={
        "instruction": Stage("signature", needed=True),
        "write": Stage("signature instruction", needed=True),
        "judge": Stage("signature instruction again"),
    },
    record=both("signature instruction"),
    options={"code": Option("whether the texts are functions", bool)},
)
