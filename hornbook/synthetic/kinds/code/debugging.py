"""Debugging: a function with one mistake and the call that shows it → the line put right, proved by running it, and
what was wrong (report §2.2, D: execution in a loop).

The teacher is told which line it is; the student is not.
"""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.kinds.code._code import fenced, program, prose, require_about, turns
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import Program, same_behaviour
from hornbook.synthetic.programs.mutants import Broken, broken_variants, from_breakable
from hornbook.synthetic.prompting import first_accepted

SHOWN_BROKEN = """def count_even(numbers):
    total = 0
    for number in numbers:
        if number % 2 != 0:
            total += 1
    return total"""
SHOWN_LINE, SHOWN_FIXED = "        if number % 2 != 0:", "        if number % 2 == 0:"
SHOWN_FAILURE = "count_even([1, 2, 4]) should give 2, but gives 1."
SHOWN_WHY = "The condition number % 2 != 0 counts the odd numbers; even numbers have remainder 0, so it must be ==."


class DebuggingSettings(KindSettings):
    """Functions with one mistake, put right."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(80, "longest answer, in tokens", ge=1)
    tries: int = setting(4, "corrections tried; each failure goes back to the teacher", ge=1)
    variants: int = setting(3, "broken variants to choose from, the subtlest first", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: DebuggingSettings) -> list[Made]:
    function = await program(passage, ask)
    variants = (await ask.compute(broken_variants, function.code))[: settings.variants]
    if not variants:
        raise Rejected("runs", "no broken variant is known")
    broken = variants[int(ask.rng.integers(len(variants)))]
    fixed = await correct(function, broken, ask, settings)

    async def explain(number: int) -> Made:
        lines = line_of(broken.mutant.code, broken.mutant.line), line_of(fixed, broken.mutant.line)
        answer = await ask("explain", why_prompt(broken, *lines), stop=["\n"], sample=number)
        return record(function, broken, fixed, prose(answer.text))

    return [await first_accepted(settings.tries, explain)]


async def correct(function: Program, broken: Broken, ask: RecordContext, settings: DebuggingSettings) -> str:
    """The function with the teacher's line in the place of the wrong one. Raises Rejected when none passes.

    A failure goes back to the teacher; after a second one it begins anew, lest it repeats itself.
    """
    prompt = [*example(line_prompt(SHOWN_BROKEN, SHOWN_FAILURE, SHOWN_LINE), SHOWN_FIXED.strip())]
    line = line_of(broken.mutant.code, broken.mutant.line)
    first = [*prompt, Message("user", line_prompt(broken.mutant.code, failure(broken), line))]
    prompt = first
    for number in range(settings.tries):
        answer = await ask("fix", prompt, stop=["\n\n"], sample=number)
        fixed = with_line(broken.mutant.code, broken.mutant.line, answer.text)
        share = await ask.compute(same_behaviour, fixed, function.name, function.cases)
        if share == 1:
            ask.facts["tries"] = number + 1.0
            return fixed
        told = f"With that line {share:.0%} of the tests pass. Write only the line, in another way."
        again = [*first, Message("assistant", answer.text[:200] or "-"), Message("user", told)]
        prompt = again if number % 2 == 0 else first
    raise Rejected("fixed", f"no line of {settings.tries} passes")


def line_prompt(code: str, failed: str, line: str) -> str:
    return f"{fenced(code)}\n\n{failed}\nThe mistake is in this line:\n{line}\nWrite only the line, corrected."


def why_prompt(broken: Broken, wrong: str, right: str) -> list[Message]:
    def asked(failed: str, old: str, new: str) -> str:
        return f"{failed}\nWrong line: {old.strip()}\nRight line: {new.strip()}\nSay in one sentence what was wrong."

    return [
        *example(asked(SHOWN_FAILURE, SHOWN_LINE, SHOWN_FIXED), SHOWN_WHY),
        Message("user", asked(failure(broken), wrong, right)),
    ]


def failure(broken: Broken) -> str:
    got = f"gives {broken.result}" if broken.result else f"raises {broken.error}"
    return f"{broken.case.call} should give {broken.case.result}, but {got}."


def line_of(code: str, number: int) -> str:
    return code.split("\n")[number - 1]


def with_line(code: str, number: int, answer: str) -> str:
    """The code with the answer's first line of code in place of line `number`, indented as that was."""
    lines = code.split("\n")
    said = [line.strip().strip("`").strip() for line in answer.splitlines() if not line.strip().startswith("```")]
    old = lines[number - 1]
    new = next((line for line in said if line), "")
    return "\n".join([*lines[: number - 1], old[: len(old) - len(old.lstrip())] + new, *lines[number:]])


def record(function: Program, broken: Broken, fixed: str, why: str) -> Made:
    checks = Checks()
    checks.require("runs", True)
    checks.require("fixed", fixed != broken.mutant.code)
    lines = line_of(broken.mutant.code, broken.mutant.line), line_of(fixed, broken.mutant.line)
    require_about(checks, "explanation", why, f"{function.code} {' '.join(lines)} {failure(broken)}", 0.35, (25, 400))
    checks.require("not the example", "even" not in why or "even" in function.code, why[:80])
    shown = f"{fenced(broken.mutant.code)}\n\n{failure(broken)}"
    asked = f"This function has a mistake:\n\n{shown} Find the mistake and fix it."
    return Made(checks.passed, messages=turns(asked, f"{why}\n\n{fenced(fixed)}"), grade=round(1 - broken.failing, 4))


KIND = Kind(
    about="A function with one mistake and a call that shows it; the fix runs right on every case, and is explained.",
    source="code",
    report="2.2, D",
    seeded_by="functions that run, with broken variants",
    seeds=from_breakable,
    make=make,
    stages=("fix", "explain"),
    checks=("runs", "fixed", "explanation", "not the example"),
    calls=lambda settings: 2 * settings.tries,
    settings=DebuggingSettings,
)
