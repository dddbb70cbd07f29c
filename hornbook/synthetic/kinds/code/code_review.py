"""Code review: which line of a function is wrong, and why (report §2.2).

The line is known, because the mistake was put there; the teacher must find it by itself from a call that shows it.
"""

import msgspec

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.kinds.code._code import fenced, program, prose, require_about, turns
from hornbook.synthetic.kinds.code.debugging import SHOWN_BROKEN, SHOWN_FAILURE, failure, line_of
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import Program
from hornbook.synthetic.programs.mutants import Broken, broken_variants, from_breakable

TASK = "One line of this Python function is wrong. Say which line it is, and in one sentence why."
SHOWN_WHY = "number % 2 != 0 is true for odd numbers, so total counts the odd numbers instead of the even ones."


class Finding(msgspec.Struct):
    """What a reviewer says."""

    line: int
    reason: str


class CodeReviewSettings(KindSettings):
    """Reviews that name the wrong line."""

    temperature: float = setting(0.7, "sampling temperature", ge=0)
    max_tokens: int = setting(80, "longest review, in tokens", ge=1)
    tries: int = setting(4, "independent reviews", ge=1)
    variants: int = setting(3, "broken variants to choose from, the subtlest first", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: CodeReviewSettings) -> list[Made]:
    function = await program(passage, ask)
    variants = (await ask.compute(broken_variants, function.code))[: settings.variants]
    if not variants:
        raise Rejected("runs", "no broken variant is known")
    broken = variants[int(ask.rng.integers(len(variants)))]
    shown = msgspec.json.encode(Finding(4, SHOWN_WHY)).decode()
    prompt = [*example(asked(SHOWN_BROKEN, SHOWN_FAILURE), shown)]
    prompt += [Message("user", asked(broken.mutant.code, failure(broken)))]
    rejected = Rejected("line")
    for number in range(settings.tries):
        try:
            finding = await ask.json("review", prompt, Finding, sample=number)
            ask.facts["found"] = float(finding.line == broken.mutant.line)
            return [check(function, broken, finding, number)]
        except Rejected as reason:
            rejected = reason
    raise rejected


def asked(code: str, failed: str) -> str:
    numbered = "\n".join(f"{number}: {line}" for number, line in enumerate(code.split("\n"), 1))
    return f"{TASK}\n\n{fenced(numbered)}\n\n{failed}"


def check(function: Program, broken: Broken, finding: Finding, tries: int) -> Made:
    """The right line, and a reason that speaks of it. The grade is higher the more reviews it took to find it."""
    checks = Checks()
    checks.require("runs", True)
    checks.require("line", finding.line == broken.mutant.line, f"{finding.line}, not {broken.mutant.line}")
    wrong, right = (line_of(code, broken.mutant.line) for code in (broken.mutant.code, function.code))
    reason = prose(finding.reason)
    require_about(checks, "reason", reason, f"{wrong} {right} {failure(broken)}", 0.35, (20, 400))
    checks.require("not the example", "even" not in reason or "even" in function.code, reason[:80])
    reply = f"Line {finding.line} is wrong: `{wrong.strip()}`. {reason}\nIt should be: `{right.strip()}`"
    return Made(
        checks.passed,
        messages=turns(asked(broken.mutant.code, failure(broken)), reply),
        grade=round(min(1.0, 0.5 + tries / 8), 4),
    )


KIND = Kind(
    about="The wrong line of a function and why it is wrong; the line is known exactly, the teacher finds it unaided.",
    source="code",
    report="2.2",
    seeded_by="functions that run, with broken variants",
    seeds=from_breakable,
    make=make,
    stages=("review",),
    checks=("runs", "form", "line", "reason", "not the example"),
    calls=lambda settings: 2 * settings.tries,
    settings=CodeReviewSettings,
)
