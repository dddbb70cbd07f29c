"""Fill in the middle of a function: a statement is cut, and written again after saying what it must do (§D.2)."""

import ast
import textwrap
from collections.abc import Sequence

import numpy as np

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.code_similarity import code_of, parse_function, similarity
from hornbook.synthetic.kind import Checks, Kind, Made, Material, RecordContext, Rejected, example
from hornbook.synthetic.kinds.middle._gaps import REASON_CHECKS, GapSettings, fill, require_reasons
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import CallExample, behaviour, same_behaviour
from hornbook.synthetic.prompting import finished, unlabelled
from hornbook.synthetic.seed_sampling import spread_over_documents

GAP = "# the missing lines"
REASON = f"What must the lines at `{GAP}` do? Answer in one or two sentences, without code."
FILL = f"Write only the lines that belong at `{GAP}`."
ASKED = f"Some lines are missing at `{GAP}`. Say what they must do, then give the whole function."
SHOWN = f"""```python
def count_even(numbers):
    total = 0
    for number in numbers:
        {GAP}
    return total
```"""
SHOWN_REASONS = "They must check whether the number has remainder 0 when divided by 2, and if so add 1 to the total."
SHOWN_LINES = "```python\nif number % 2 == 0:\n    total += 1\n```"
MOST_LINES = 6  # that are cut
CAN_BE_CUT = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.If, ast.For, ast.While, ast.Return, ast.Expr, ast.With)


class FimCodeSettings(GapSettings):
    """Statements cut out of functions."""

    temperature: float = setting(0.3, "sampling temperature", ge=0)
    min_match: float = setting(
        0.6, "least match of functions that do not run by themselves: the share of the syntax tree won back", ge=0, le=1
    )


class Cut:
    """A function with a statement cut out.

    Attributes:
        gapped: the function with a comment where the statement was.
        lines: what was cut, without its indentation.
    """

    def __init__(self, source: str, statement: ast.stmt) -> None:
        lines = source.split("\n")
        first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
        self.indent = " " * statement.col_offset
        self.before, self.after = lines[:first], lines[last:]
        self.lines = textwrap.dedent("\n".join(lines[first:last]))
        self.gapped = "\n".join([*self.before, f"{self.indent}{GAP}", *self.after])

    def filled(self, written: str) -> str:
        """The function with these lines in the gap."""
        return "\n".join(
            [*self.before, textwrap.indent(textwrap.dedent(written).strip("\n"), self.indent), *self.after]
        )


def seeds(material: Material, count: int, rng: np.random.Generator, settings: FimCodeSettings) -> list[Passage]:
    """Functions with a statement that can be cut."""
    return spread_over_documents([passage for passage in material.functions if statements(passage.text)], count, rng)


def statements(source: str) -> list[ast.stmt]:
    """The statements that can be cut: on lines of their own, not too long, and not all that there is."""
    function = parse_function(source, "")
    if function is None:
        return []
    lines = source.split("\n")
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, CAN_BE_CUT)
        and (node.end_lineno or node.lineno) - node.lineno < min(MOST_LINES, len(lines) - 2)
        and not lines[node.lineno - 1][: node.col_offset].strip()
        and not (isinstance(node, ast.If) and lines[node.lineno - 1][node.col_offset :].startswith("elif"))
    ]


async def make(passage: Passage, ask: RecordContext, settings: FimCodeSettings) -> list[Made]:
    """Where the function runs by itself, attempts are graded by what it does then, else by its syntax tree."""
    original = parse_function(passage.text, "")
    cases = await ask.compute(behaviour, passage.text)
    order = [statements(passage.text)[place] for place in ask.rng.permutation(len(statements(passage.text))).tolist()]
    cut = await ask.compute(telling_cut, passage.text, order, cases)
    if original is None or cut is None:
        raise Rejected("a statement to cut")
    ask.facts["runs"] = float(bool(cases))
    code = f"```python\n{cut.gapped}\n```"

    async def attempt(number: int, hints: Sequence[str]) -> tuple[str, float, list[str]]:
        answer = await ask("reason", prompt(REASON, SHOWN_REASONS, code, hints), sample=number)
        reasons = unlabelled(finished(answer))
        known = [f"Thought: {reasons}", *hints]
        written = await ask("fill", prompt(FILL, SHOWN_LINES, code, known), sample=number)
        match = await ask.compute(matching, code_of(written.text), cut, original, cases)
        return reasons, match, check(reasons, match, passage.text, 1.0 if cases else settings.min_match)

    filled = await fill(attempt, hints_for(cut.lines), ask, settings)
    messages = [
        Message("user", f"{code}\n\n{ASKED}"),
        Message("assistant", f"{filled.reasons}\n\n```python\n{passage.text}\n```"),
    ]
    return [Made(filled.passed, messages=messages, grade=filled.grade(settings.attempts))]


def telling_cut(source: str, order: Sequence[ast.stmt], cases: Sequence[CallExample]) -> Cut | None:
    """The first of the cuts without which the function does something else; None when there is none."""
    for statement in order:
        cut = Cut(source, statement)
        empty = parsed(cut.filled("pass"))
        if empty and (not cases or same_behaviour(cut.filled("pass"), empty.name, cases) < 1):
            return cut
    return None


def prompt(task: str, answered: str, code: str, known: Sequence[str]) -> list[Message]:
    return [*example(f"{SHOWN}\n\n{task}", answered), Message("user", "\n\n".join([code, *known, task]))]


def hints_for(lines: str) -> list[str]:
    """More and more of the lines: how many and of what sort, the names and constants in them, the first of them."""
    names = sorted({node.id for node in ast.walk(ast.parse(lines)) if isinstance(node, ast.Name)})
    count = lines.count("\n") + 1
    first = lines.split("\n")[0]
    return [
        f"Hint: it is {count} line{'s' * (count > 1)} and begins with `{first.split()[0]}`.",
        f"Hint: it uses these names: {', '.join(names)}.",
        f"Hint: its first line is `{first}`.",
    ]


def matching(written: str, cut: Cut, original: ast.FunctionDef, cases: Sequence[CallExample]) -> float:
    """How well the lines, or a whole function, fill the gap: the share of the cases in which the function then does
    what it did, or without cases the share that they win back of what the cut took from its syntax tree."""
    whole = parse_function(written, original.name)
    filled = whole if whole and whole.name == original.name else parsed(cut.filled(written))
    empty = parsed(cut.filled("pass"))
    if filled is None or empty is None:
        return 0.0
    if cases:
        return round(same_behaviour(ast.unparse(filled), original.name, cases), 4)
    nothing = similarity(original, empty)
    gain = (similarity(original, filled) - nothing) / (1 - nothing) if nothing < 1 else 0.0
    return round(max(0.0, gain), 4)


def parsed(source: str) -> ast.FunctionDef | None:
    """The function that the source is, to its last line; None where it does not parse."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return body[0] if len(body) == 1 and isinstance(body[0], ast.FunctionDef) else None


def check(reasons: str, match: float, source: str, least: float) -> list[str]:
    """Raises Rejected."""
    checks = Checks()
    checks.require("match", match >= least, f"{match:.2f} of it")
    checks.require("no code", "```" not in reasons and "\n    " not in reasons, "the reasons are code")
    require_reasons(checks, reasons, source, f"{SHOWN_REASONS} count_even", 0.2)
    return ["a statement to cut", *checks.passed]


KIND = Kind(
    about="A statement cut out of a function and written again by reasoning, with hints where needed.",
    source="code",
    report="D.2",
    seeded_by="functions",
    seeds=seeds,
    make=make,
    stages=("reason", "fill"),
    checks=("a statement to cut", "match", "no code", *REASON_CHECKS),
    calls=lambda settings: 2 * settings.attempts,
    settings=FimCodeSettings,
)
