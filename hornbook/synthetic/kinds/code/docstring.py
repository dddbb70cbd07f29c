"""Docstrings with examples that really run: each `>>>` is executed, and a wrong one goes back to the teacher
(report §2.2, D: execution in a loop)."""

import ast
import doctest
import re

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, example
from hornbook.synthetic.kinds.code._code import (
    SHOWN_CODE,
    case_lines,
    fenced,
    numbers_in,
    program,
    prose,
    require_about,
    turns,
)  # fmt: skip
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import Program, from_runnable, same_value
from hornbook.synthetic.programs.running import run_calls

TASK = "Write a docstring for this Python function: one sentence on what it does, then examples with >>>."
SHOWN_CASES = "count_even([1, 2, 4]) -> 2\ncount_even([]) -> 0"
SHOWN_DOCSTRING = """Count the numbers in the list that can be divided by 2.

>>> count_even([1, 2, 4])
2
>>> count_even([])
0"""


class DocstringSettings(KindSettings):
    """Docstrings with executed examples."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(140, "longest docstring, in tokens", ge=1)
    repairs: int = setting(2, "times that a docstring goes back with what is wrong", ge=0)


async def make(passage: Passage, ask: RecordContext, settings: DocstringSettings) -> list[Made]:
    function = await program(passage, ask)
    prompt = [*example(asked(SHOWN_CODE, SHOWN_CASES), SHOWN_DOCSTRING)]
    prompt += [Message("user", asked(function.code, case_lines(function.cases[:3])))]
    stage = "write"
    for number in range(1 + settings.repairs):
        answer = await ask(stage, prompt)
        summary, examples = read(answer.text, function.name)
        wrong = await ask.compute(failing, function, examples)
        if (examples and not wrong) or number == settings.repairs:
            break
        told = "; ".join(wrong) or "There are no examples with >>>"
        prompt = [*prompt, Message("assistant", answer.text[:500] or "-"), Message("user", f"{told}. Write it again.")]
        stage = "repair"
    return [check(function, summary, examples, wrong)]


def asked(code: str, cases: str) -> str:
    return f"{fenced(code)}\n\nSome calls and what they give:\n{cases}\n\n{TASK}"


def read(answer: str, name: str) -> tuple[str, list[tuple[str, str]]]:
    """(the sentence, [(call, result)]) of a docstring; examples that do not call the function are left out."""
    text = re.sub(r'"""|```(python|py)?|^def .*$', "", answer, flags=re.MULTILINE).strip("\n")
    summary = prose(text.split(">>>")[0].split("\n\n")[0])
    try:
        found = doctest.DocTestParser().get_examples("\n".join(line.strip() for line in text.splitlines()))
    except ValueError:
        found = []
    examples = [(one.source.strip(), one.want.strip()) for one in found]
    return summary, [one for one in examples if one[0].startswith(f"{name}(") and one[0].endswith(")") and one[1]]


def failing(function: Program, examples: list[tuple[str, str]]) -> list[str]:
    """What is wrong with each example that does not give what it says."""
    wrapped = [
        f"{function.code}\n\ndef example_{number}():\n    return {call}" for number, (call, _) in enumerate(examples)
    ]
    wrong = []
    for number, (code, (call, want)) in enumerate(zip(wrapped, examples, strict=True)):
        ((result,),) = run_calls([code], f"example_{number}", ["()"])
        if result.error or not same_value(result.value, want):
            wrong.append(f"{call} gives {result.value or result.error}, not {want}")
    return wrong


def check(function: Program, summary: str, examples: list[tuple[str, str]], wrong: list[str]) -> Made:
    checks = Checks()
    checks.require("runs", True)
    checks.require("examples run", bool(examples) and not wrong, "; ".join(wrong) or "no examples")
    checks.require("more than one result", len({want for _, want in examples}) > 1 or len(examples) == 1)
    require_about(checks, "summary", summary, function.code, 0.3, (20, 300))
    new = numbers_in(summary) - numbers_in(function.code)
    checks.require("not the example", "divided by 2" not in summary and not new, summary[:80])
    body = "\n".join([summary, "", *(line for call, want in examples for line in (f">>> {call}", want))])
    return Made(
        checks.passed, messages=turns(f"{TASK}\n\n{fenced(function.code)}", fenced(documented(function.code, body)))
    )


def documented(code: str, docstring: str) -> str:
    """The function with the docstring below its header."""
    node = ast.parse(code).body[0]
    assert isinstance(node, ast.FunctionDef)
    lines = code.split("\n")
    first = lines[node.body[0].lineno - 1]
    indent = first[: len(first) - len(first.lstrip())]
    quote = 'r"""' if "\\" in docstring else '"""'
    written = "\n".join(f"{indent}{line}".rstrip() for line in f'{quote}{docstring}\n"""'.split("\n"))
    return "\n".join([*lines[: node.body[0].lineno - 1], written, *lines[node.body[0].lineno - 1 :]])


KIND = Kind(
    about="A docstring for a function with examples that have been run; wrong ones go back to the teacher.",
    source="code",
    report="2.2, D",
    seeded_by="functions that run",
    seeds=from_runnable,
    make=make,
    stages=("write", "repair"),
    checks=("runs", "examples run", "more than one result", "summary", "not the example"),
    calls=lambda settings: 1 + settings.repairs,
    settings=DocstringSettings,
)
