"""Trace a function call line by line, in the sandbox."""

import msgspec

from hornbook.sandbox.process import run_python
from hornbook.synthetic.programs.running import PRELUDE

SECONDS = 20.0  # of waiting on a busy machine
LONGEST_VALUE = 60  # characters

_TRACE = """\
import ast, io, json, sys
out, asked = sys.stdout, json.load(sys.stdin)
sys.stdout = sys.stderr = io.StringIO()
names, steps = {"__name__": "program"}, []
exec(compile(asked["prelude"], "prelude.py", "exec"), names)
exec(compile("from __future__ import annotations\\n" + asked["code"], "program.py", "exec"), names)
held = {}

def notice(frame, event, value):
    if frame.f_code.co_filename != "program.py" or frame.f_code.co_name != asked["name"]:
        return None
    now = {name: repr(one) for name, one in frame.f_locals.items()}
    new = {name: one for name, one in now.items() if held.get(name) != one}
    if steps and new:
        steps[-1]["changed"] = new
    held.clear(); held.update(now)
    if event == "line":
        steps.append({"line": frame.f_lineno - 1, "changed": {}})
    if len(steps) > asked["most"]:
        raise SystemExit("too many steps")
    return notice

function = names[asked["name"]]
arguments = ast.literal_eval(asked["arguments"])
sys.settrace(notice)
value = function(*arguments)
sys.settrace(None)
json.dump({"steps": steps, "result": repr(value)}, out)
"""


class TraceStep(msgspec.Struct, frozen=True):
    """An executed line (from 1), and the variables with new values after it, as Python text."""

    line: int
    changed: dict[str, str]


class Trace(msgspec.Struct, frozen=True):
    """The steps of a call in order, and what it returned."""

    steps: list[TraceStep]
    result: str


def trace(code: str, name: str, arguments: str, most: int) -> Trace | None:
    """The trace of one call; None if it takes more than `most` steps, fails, or has values too long to show.

    Raises HornbookError where there is no sandbox.
    """
    asked = {"prelude": PRELUDE, "code": code, "name": name, "arguments": arguments, "most": most}
    outcome = run_python(_TRACE, stdin=msgspec.json.encode(asked).decode(), seconds=SECONDS)
    try:
        found = msgspec.json.decode(outcome.stdout, type=Trace)
    except msgspec.DecodeError:
        return None
    shown = [value for step in found.steps for value in step.changed.values()]
    return found if all(len(value) <= LONGEST_VALUE and " at 0x" not in value for value in shown) else None
