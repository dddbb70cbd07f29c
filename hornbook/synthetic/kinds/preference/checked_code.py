"""A program that passes all tests of a request, preferred to one that runs and fails some (report §4.2).

Programs run in the sandbox. The one that passes is the teacher's where it has one, else the reference; the one that
fails is the teacher's. The tests tell the reference from its variants with a step left out.
"""

import ast
from collections.abc import Sequence

from hornbook.base.records import Message, Question
from hornbook.base.settings import setting
from hornbook.oracles.code import code_in
from hornbook.oracles.score import judge_pairs
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.kinds.preference._functions import from_requests
from hornbook.synthetic.words import repetition

SHOWN_REQUEST = (
    "Write a Python function `work_on_texts(texts)` that takes a list of texts, leaves out the empty ones and returns "
    "the longest."
)
SHOWN_PROGRAM = """```python
def work_on_texts(texts):
    items = [x for x in texts if x != '']
    return max(items, key=len)
```"""


class CheckedCodeSettings(KindSettings):
    """Programs that pass against programs that fail."""

    temperature: float = setting(0.7, "sampling temperature: some programs should fail", ge=0)
    max_tokens: int = setting(160, "longest program, in tokens", ge=1)
    programs: int = setting(8, "independent programs for a request", ge=2)


async def make(seed: Question, ask: RecordContext, settings: CheckedCodeSettings) -> list[Made]:
    prompt = [*example(SHOWN_REQUEST, SHOWN_PROGRAM), Message("user", seed.prompt)]
    answers = await ask.many("program", prompt, settings.programs, stop=["\n```\n"])
    programs = list(dict.fromkeys(closed(answer.text) for answer in answers))
    *reasons, of_reference = await ask.compute(judged, seed, [*programs, seed.solution])
    right = [program for program, reason in zip(programs, reasons, strict=True) if not reason]
    ask.facts |= {"right": len(right) / len(programs), "by_teacher": float(bool(right))}
    checks = Checks()
    checks.require("tests", bool(right) or not of_reference, f"not even the reference passes: {of_reference[:80]}")
    wrong = [program for program, reason in zip(programs, reasons, strict=True) if "AssertionError" in reason]
    worse = [program for program in wrong if defines(program, seed.prompt) and repetition(program) < 0.5]
    checks.require("failing program", bool(worse), "none that runs and gives a wrong result")
    chosen = min(right, key=len) if right else seed.solution
    rejected = min(worse, key=lambda program: abs(len(program) - len(chosen)))  # length is not to tell them apart
    messages = [Message("user", seed.prompt), Message("assistant", chosen)]
    return [Made(checks.passed, messages=messages, rejected=rejected, grade=round(1 - ask.facts["right"], 4))]


def closed(text: str) -> str:
    """The answer up to the end of its first block of code, the fence closed."""
    begin = text.find("```")
    if begin < 0:
        return text.strip()
    end = text.find("\n```", begin)
    return f"{text[begin:end] if end > 0 else text[begin:].rstrip('`')}".rstrip() + "\n```"


def judged(question: Question, programs: Sequence[str]) -> list[str]:
    """For each program why it fails; "" for one that passes all tests."""
    return [judgement.reason for judgement in judge_pairs([(question, program) for program in programs])]


def defines(program: str, prompt: str) -> bool:
    """Whether the program parses and defines the function that the prompt names."""
    try:
        tree = ast.parse(code_in(program))
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.FunctionDef) and f"`{node.name}(" in prompt for node in tree.body)


KIND = Kind(
    about="A program that passes the tests of a request, preferred to one that runs and gives wrong results.",
    source="code",
    report="4.2",
    seeded_by="requests for functions, with tests",
    seeds=from_requests,
    make=make,
    stages=("program",),
    checks=("tests", "failing program"),
    calls=lambda settings: settings.programs,
    settings=CheckedCodeSettings,
)
