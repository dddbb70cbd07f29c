"""Functions run on arguments, and programs on tests, in the sandbox: many at once, what each gave back or raised.

Nothing that could be copied goes in with the program: results come out and are compared here.
"""

from collections.abc import Sequence

import msgspec

from hornbook.sandbox.process import run_python

SECONDS_A_CALL = 0.1  # of the processor, so that a busy machine gives the same results
SECONDS_OF_ALL_CALLS = 20.0
PRELUDE = "from __future__ import annotations\nimport collections, itertools, math, random, re, string\n"

# A call counts only if its result is plain data and is the same a second time. Arguments are read anew for each call,
# so that a function that changes them does not change those of the next.
_RUN = """\
import ast, io, json, signal, sys
out, asked = sys.stdout, json.load(sys.stdin)
sys.stdout = sys.stderr = io.StringIO()

TOO_SLOW = "TimeoutError: does not end"

class TooSlow(BaseException):
    pass

def too_slow(*_):
    raise TooSlow()

def told(error):
    if isinstance(error, TooSlow):
        return ["", TOO_SLOW]
    return ["", (type(error).__name__ + ": " + str(error))[:200].rstrip(": ")]

def once(function, text):
    signal.setitimer(signal.ITIMER_PROF, asked["seconds"])
    signal.setitimer(signal.ITIMER_REAL, 20 * asked["seconds"])  # for one that sleeps
    try:
        value = function(*ast.literal_eval(text))
        if hasattr(value, "__next__"):
            value = [item for item, _ in zip(value, range(1000))]
        text = repr(value)
        return [text, "" if len(text) < 2000 and ast.literal_eval(text) == value else "no plain data"]
    except (Exception, TooSlow) as error:
        return told(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)

def called(program):
    names = {"__name__": "program"}
    try:
        exec(compile(program["code"], "program.py", "exec"), names)
        function = names[program["name"]]
    except (Exception, SystemExit) as error:
        return [told(error)] * len(program["calls"])
    results = []
    for text in program["calls"]:
        if results and results[-1][1] == TOO_SLOW:
            results.append(results[-1])  # one wait for a program that does not end is enough
            continue
        first = once(function, text)
        results.append(first if first[1] or first == once(function, text) else ["", "not the same twice"])
    return results

signal.signal(signal.SIGPROF, too_slow)
signal.signal(signal.SIGALRM, too_slow)
for one in asked["programs"]:
    print(json.dumps(called(one)), file=out, flush=True)
"""


class CallResult(msgspec.Struct, frozen=True, array_like=True):
    """The result of a call: its value as Python text, or an error; of a test, "passed" or an error."""

    value: str
    error: str = ""


def run_calls(programs: Sequence[str], name: str, calls: Sequence[str]) -> list[list[CallResult]]:
    """The results of function `name` of each program on each call; calls are argument tuples as text, `"(3, 'a')"`.

    Raises HornbookError where there is no sandbox.
    """
    asked: list[dict[str, object]] = [{"code": PRELUDE + code, "name": name, "calls": list(calls)} for code in programs]
    return _run(asked, len(calls))


def _run(programs: list[dict[str, object]], each: int) -> list[list[CallResult]]:
    """Run all programs in one process; if one of them ends it, that program fails and a new process runs the rest."""
    done: list[list[CallResult]] = []
    while len(done) < len(programs):
        given = msgspec.json.encode({"programs": programs[len(done) :], "seconds": SECONDS_A_CALL}).decode()
        outcome = run_python(_RUN, stdin=given, seconds=SECONDS_OF_ALL_CALLS)
        done += _read(outcome.stdout, each)[: len(programs) - len(done)]
        if len(done) < len(programs):
            done.append([CallResult("", outcome.reason or "ended the process")] * each)
    return done


def _read(printed: str, each: int) -> list[list[CallResult]]:
    """The results of each line, up to the first line that is invalid."""
    read: list[list[CallResult]] = []
    for line in printed.splitlines():
        try:
            results = msgspec.json.decode(line, type=list[CallResult])
        except msgspec.DecodeError:
            return read
        if len(results) != each:
            return read
        read.append(results)
    return read
