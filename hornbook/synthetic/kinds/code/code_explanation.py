"""Explanations of a function, held against what it does when it runs (report §2.2).

The words must be about the code, every call they name must give what they say, and every number must stand in the
code or in an executed example.
"""

import ast
import re

from hornbook.base.records import Message
from hornbook.base.sentences import whole_sentences
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.kinds.code._code import (
    SHOWN_CODE,
    case_lines,
    fenced,
    mentions,
    numbers_in,
    program,
    prose,
    require_about,
    turns,
)  # fmt: skip
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import Program, from_runnable, same_value
from hornbook.synthetic.programs.running import run_calls
from hornbook.synthetic.prompting import first_accepted

TASK = "Explain in two or three sentences what this Python function takes, what it does, and what it returns."
SHOWN_CASES = "count_even([1, 2, 4]) -> 2\ncount_even([]) -> 0"
SHOWN_EXPLAINED = (
    "count_even takes the list numbers. It goes through the list and adds 1 to total for each number whose remainder "
    "by 2 is 0. It returns total, so count_even([1, 2, 4]) returns 2."
)
QUOTED = re.compile(r"`([^`]+)`")
CLAIM = re.compile(r"\)`?(?: (?:returns|gives|is|yields|equals|becomes)| ?(?:->|==|=)) `?(.+)")


class CodeExplanationSettings(KindSettings):
    """Explanations of functions."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(120, "longest explanation, in tokens", ge=1)
    tries: int = setting(3, "explanations tried", ge=1)
    min_about: float = setting(0.4, "least share of its words that speak of what stands in the code", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: CodeExplanationSettings) -> list[Made]:
    function = await program(passage, ask)
    prompt = [*example(asked(SHOWN_CODE, SHOWN_CASES), SHOWN_EXPLAINED)]
    prompt += [Message("user", asked(function.code, case_lines(function.cases[:3])))]

    async def explained(number: int) -> Made:
        answer = await ask("explain", prompt, sample=number)
        return await ask.compute(check, function, whole_sentences(prose(answer.text)), settings)

    return [await first_accepted(settings.tries, explained)]


def asked(code: str, cases: str) -> str:
    return f"{fenced(code)}\n\nSome calls and what they give:\n{cases}\n\n{TASK}"


def check(function: Program, text: str, settings: CodeExplanationSettings) -> Made:
    checks = Checks()
    checks.require("runs", True)
    known = f"{function.code}\n{case_lines(function.cases)}"
    require_about(checks, "about the code", text, known, settings.min_about, (60, 800))
    checks.require("not the example", "count_even" not in text and SHOWN_EXPLAINED[:40] not in text)
    parameters = [argument.arg for argument in ast.walk(ast.parse(function.code)) if isinstance(argument, ast.arg)]
    named = [function.name, *parameters]
    if not any(mentions(text, name) for name in named):
        raise Rejected("names", "none of its names")
    foreign = [name for name in QUOTED.findall(text) if name.split("(")[0].strip() not in known]
    checks.require("names", not foreign, f"{', '.join(foreign)} in quotes, but not in the code")
    new = sorted(numbers_in(text) - numbers_in(known))
    checks.require("numbers", not new, f"{', '.join(new)} neither in the code nor in its results")
    wrong = [f"{call} is not {said}" for call, said, true in claims(function, text) if not true]
    checks.require("executed examples", not wrong, "; ".join(wrong))
    return Made(checks.passed, messages=turns(f"{TASK}\n\n{fenced(function.code)}", text))


def claims(function: Program, text: str) -> list[tuple[str, str, bool]]:
    """(call, what the text says it gives, whether it does) for every call with a result in the text."""
    found = []
    for begin in re.finditer(rf"\b{re.escape(function.name)}\(", text):
        call = _expression(text[begin.start() :])
        said = CLAIM.match(text[begin.start() + len(call) - 1 :]) if call else None
        value = _expression(said[1]) if said else ""
        node = ast.parse(call, mode="eval").body if call else None
        if isinstance(node, ast.Call) and value and not node.keywords:
            arguments = ast.unparse(ast.Tuple(node.args, ast.Load()))
            ((result,),) = run_calls([function.code], function.name, [arguments])
            found.append((call, value, same_value(result.value, ast.unparse(ast.parse(value, mode="eval").body))))
    return found


def _expression(text: str) -> str:
    """The longest beginning of the first line that is a call or a literal; "" where there is none."""
    line = text.split("\n")[0][:200]
    for end in range(len(line), 0, -1):
        try:
            node = ast.parse(line[:end].rstrip(), mode="eval").body
        except (SyntaxError, ValueError):
            continue
        if isinstance(node, ast.Call | ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.UnaryOp):
            return line[:end].rstrip()
    return ""


KIND = Kind(
    about="An explanation of a function; the calls, numbers and names in it are held against its execution.",
    source="code",
    report="2.2",
    seeded_by="functions that run",
    seeds=from_runnable,
    make=make,
    stages=("explain",),
    checks=("runs", "about the code", "not the example", "names", "numbers", "executed examples"),
    calls=lambda settings: settings.tries,
    settings=CodeExplanationSettings,
)
