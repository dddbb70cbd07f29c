"""Run what a text says about a function: its `>>>` examples, and calls with a result in the middle of a sentence."""

import ast
import doctest
import re

import msgspec

from hornbook.sandbox.process import run_python
from hornbook.synthetic.programs.behaviour import same_value
from hornbook.synthetic.programs.running import PRELUDE, run_calls

SECONDS = 20.0  # of waiting on a busy machine; the limit on the processor's time is one more
FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,}).*$", re.MULTILINE)  # it would be read as part of a result
SAID = re.compile(r"\)`?(?: (?:returns|gives|is|yields|equals|becomes)| ?(?:->|→|==|=)) `?(.+)")

ENDED = re.compile(r"`|\s*$|[.,;:!?)]")  # behind a result; "returns 2 items" states none

# What is stated as result stays outside.
_RUN = """\
import io, json, sys
out, asked, printed = sys.stdout, json.load(sys.stdin), []
names = {"__name__": "program"}
exec(compile(asked["code"], "program.py", "exec"), names)
for source in asked["sources"]:
    sys.stdout, error = io.StringIO(), ""
    try:
        exec(compile(source, "example", "single"), names)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}".rstrip(": ")
    printed.append([sys.stdout.getvalue(), error])
json.dump(printed, out)
"""


class RunExample(msgspec.Struct, frozen=True, array_like=True):
    """A `>>>` example: its source, the result it states, and how the real one differs, "" where it is the same."""

    source: str
    want: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.source} {self.wrong[:300]}, not {self.want[:300] or 'nothing'}" if self.wrong else self.source


def run_examples(code: str, text: str) -> list[RunExample]:
    """The `>>>` examples of a text, each run with the names of the code, in order.

    Raises HornbookError where there is no sandbox.
    """
    plain = "\n".join(line.strip() for line in FENCE_LINE.sub("", text).split("\n"))
    try:
        examples = doctest.DocTestParser().get_examples(plain)
    except ValueError as error:
        return [RunExample("the examples", "", f"cannot be read: {error}")]
    if not examples:
        return []
    given = msgspec.json.encode({"code": PRELUDE + code, "sources": [one.source for one in examples]}).decode()
    outcome = run_python(_RUN, stdin=given, seconds=SECONDS)
    try:
        printed = msgspec.json.decode(outcome.stdout, type=list[tuple[str, str]])
    except msgspec.DecodeError:
        return [RunExample("the examples", "", f"cannot be run: {outcome.reason or 'they end the process'}")]
    return [
        RunExample(one.source.strip(), (one.exc_msg or one.want).strip(), _difference(one, *result))
        for one, result in zip(examples, printed, strict=True)
    ]


def _difference(example: doctest.Example, printed: str, error: str) -> str:
    if error or example.exc_msg:
        same = bool(error) and error == (example.exc_msg or "").strip()
        return "" if same else f"raises {error}" if error else f"gives {printed.strip()}"
    same = doctest.OutputChecker().check_output(example.want, printed, doctest.NORMALIZE_WHITESPACE)
    return "" if same else f"gives {printed.strip() or 'nothing'}"


def wrong_claims(code: str, name: str, text: str) -> list[str]:
    """Calls of function `name` for which the text, outside of `>>>` examples, says another result than they give."""
    found: list[tuple[str, str, str]] = []  # call, its arguments, what is said
    for begin in re.finditer(rf"\b{re.escape(name)}\(", text):
        call = _beginning(text[begin.start() :], called=True)
        said = SAID.match(text[begin.start() + len(call) - 1 :]) if call else None
        value = _beginning(said[1], called=False) if said else ""
        node = ast.parse(call, mode="eval").body if call else None
        if said and value and ENDED.match(said[1][len(value) :]) and isinstance(node, ast.Call) and not node.keywords:
            arguments = ast.unparse(ast.Tuple(node.args, ast.Load()))
            if _is_data(arguments):
                found.append((call, arguments, value))
    calls = list(dict.fromkeys(arguments for _, arguments, _ in found))
    (results,) = run_calls([code], name, calls) if calls else ([],)
    given = dict(zip(calls, results, strict=True))
    return [
        f"{call} is {given[one].value or given[one].error}, not {value}"
        for call, one, value in found
        if not same_value(given[one].value, value)
    ]


def _beginning(text: str, called: bool) -> str:
    """The longest beginning of the first line that is a call, or a value of plain data; "" where there is none."""
    line = text.split("\n")[0][:200]
    for end in range(len(line), 0, -1):
        part = line[:end]
        if part != part.rstrip() or part.endswith("."):
            continue
        try:
            node = ast.parse(part, mode="eval").body
        except (SyntaxError, ValueError):
            continue
        plain = _is_data(part) and (part.startswith("(") or not isinstance(node, ast.Tuple))
        if isinstance(node, ast.Call) if called else plain:
            return part
    return ""


def _is_data(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return False
    return True
