"""Instruction reversal: from a function the instruction that asks for it, kept if the teacher, given it, writes the
same function again (report §2.2).

Whether it is the same is seen by running both where the function runs by itself, else by comparing syntax trees and
words.
"""

import ast
import re
from typing import NamedTuple

from hornbook.base.records import Message
from hornbook.base.sentences import whole_sentences
from hornbook.base.settings import setting
from hornbook.sandbox.bubblewrap import works
from hornbook.synthetic.code_similarity import code_of, parse_function, similarity, token_similarity
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import behaviour, same_behaviour
from hornbook.synthetic.prompting import LABEL
from hornbook.synthetic.seed_sampling import from_functions
from hornbook.synthetic.words import copied, grounded, repetition

DESCRIBE_CODE = "Describe in one sentence what this Python function does."
EXAMPLE_CODE = """def count_even(numbers):
    total = 0
    for number in numbers:
        if number % 2 == 0:
            total += 1
    return total"""
EXAMPLE_DESCRIBED = "It goes through the list numbers, counts those whose remainder by 2 is 0, and returns the count."
SUBJECT = re.compile(r"^(This|The)( Python)? function( `?\w+`?(\(.*?\))?)?(?= [a-z]+s )")


class CodeReversalSettings(KindSettings):
    """Instructions for functions that exist."""

    temperature: float = setting(0.3, "sampling temperature", ge=0)
    max_tokens: int = setting(160, "longest function written again, in tokens", ge=1)
    tries: int = setting(2, "instructions tried for a function before it is given up", ge=1)
    min_fidelity: float = setting(
        0.5, "least likeness (syntax trees, words) of the original and of what was written again", ge=0, le=1
    )
    min_agreement: float = setting(
        0.75, "the same by execution: least share of made-up arguments on which both give the same result", ge=0, le=1
    )


async def make(passage: Passage, ask: RecordContext, settings: CodeReversalSettings) -> list[Made]:
    original = parse_function(passage.text, "")
    if original is None:
        raise Rejected("parses", "the original does not")
    signature = signature_of(original)
    describe_prompt = f"{DESCRIBE_CODE}\n\n```python\n{passage.text}\n```"
    failure = Rejected("instruction")
    for number in range(settings.tries):
        described = await ask("instruction", describe_prompt, max_tokens=64, sample=number)
        try:
            instruction = read_instruction(described.text, passage)
            request = f"Write a Python function `{signature}`. {instruction}"
            again = await ask("regenerate", regenerate_prompt(request), sample=number)
            written = parse_function(code_of(again.text), original.name)
            fidelity = await ask.compute(fidelity_of, passage, original, written)
            ask.facts["fidelity"] = max(fidelity.share, ask.facts.get("fidelity", 0.0))
            ask.facts["executed"] = float(fidelity.executed)
            return [check(request, passage, written is not None, fidelity, settings)]
        except Rejected as rejected:
            failure = rejected
    raise failure


class Fidelity(NamedTuple):
    """How much of the original came back: the share of equal results, or the likeness of the code."""

    share: float
    executed: bool


def fidelity_of(passage: Passage, original: ast.FunctionDef, written: ast.FunctionDef | None) -> Fidelity:
    cases = behaviour(passage.text) if works() else ()
    if written is None:
        return Fidelity(0.0, bool(cases))
    if not cases:
        likeness = similarity(original, written) + token_similarity(ast.unparse(original), ast.unparse(written))
        return Fidelity(round(likeness / 2, 4), False)
    return Fidelity(round(same_behaviour(ast.unparse(written), written.name, cases), 4), True)


def regenerate_prompt(request: str) -> list[Message]:
    shown = f"Write a Python function `count_even(numbers)`. {EXAMPLE_DESCRIBED}"
    return [*example(shown, f"```python\n{EXAMPLE_CODE}\n```"), Message("user", request)]


def signature_of(function: ast.FunctionDef) -> str:
    return f"{function.name}({ast.unparse(function.args)})"


def read_instruction(text: str, passage: Passage) -> str:
    """The description as part of an instruction. Raises Rejected when it is code, a loop, or no description."""
    line = LABEL.sub("", text.strip().split("\n\n")[0]).strip()
    instruction = SUBJECT.sub("It", " ".join((whole_sentences(line) or line).split()))
    fluent = 20 <= len(instruction) <= 400 and repetition(instruction) < 0.3 and "```" not in instruction
    if not fluent:
        raise Rejected("instruction", "not a description")
    if grounded(instruction, passage.text) < 0.2:
        raise Rejected("instruction", "not about the function")
    if copied(instruction, passage.text, 8) > 0.3:
        raise Rejected("instruction", "gives the code away")
    return instruction


def check(request: str, passage: Passage, parses: bool, fidelity: Fidelity, settings: CodeReversalSettings) -> Made:
    """The instruction first, then the original code: what was written again only vouches for the instruction."""
    checks = Checks()
    checks.require("parses", parses)
    least = settings.min_agreement if fidelity.executed else settings.min_fidelity
    how = "of the results" if fidelity.executed else "of the code"
    checks.require("fidelity", fidelity.share >= least, f"{fidelity.share:.2f} {how}")
    messages = [Message("user", request), Message("assistant", f"```python\n{passage.text}\n```")]
    return Made(["instruction", *checks.passed], messages=messages, grade=fidelity.share)


KIND = Kind(
    about="An instruction for an existing function, kept if the teacher writes the same function from it.",
    source="code",
    report="2.2",
    seeded_by="functions",
    seeds=from_functions,
    make=make,
    stages=("instruction", "regenerate"),
    checks=("instruction", "parses", "fidelity"),
    calls=lambda settings: 2 * settings.tries,
    settings=CodeReversalSettings,
)
