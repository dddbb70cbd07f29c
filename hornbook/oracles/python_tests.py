"""A Python program against tests that it cannot reach: each in a process and a sandbox of its own.

The two are joined by a socket. `two_processes` says what crosses it, and runs in both. The verdict is made by the
tests' process and written to a descriptor that the program does not have.
"""

import marshal
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import msgspec

from hornbook.oracles.tested import Tested
from hornbook.sandbox.process import Limits, Outcome, start

PROGRAM = "solution.py"
_MODULES = "hornbook.oracles.two_processes"
_PARTS = ("remote", "messages", "peer")  # in the order in which they import each other
_RUN = """\
import marshal, sys
def load(name, code):
    sys.modules[name] = module = type(sys)(name)
    exec(code, module.__dict__)
    return module
for part in marshal.loads(open("/scratch/run.bin", "rb").read()):
    main = load(*part).__dict__.get("main")
reading = writing = int(sys.argv[1])
"""


class Verdict(msgspec.Struct):
    """What the tests' process says: why the program failed; or that the tests never used it; or neither, and it passed.

    `reasons` has one text for each test that was run, "" for one that passed.
    """

    passed: bool = False
    failed: str = ""
    unused: bool = False
    reasons: list[str] = []


def run_tests(program: str, tested: Tested, setup: Sequence[str], limits: Limits, *, every: bool = False) -> Verdict:
    """Run the tests against the program until one fails, or all of them if `every`.

    Raises HornbookError where there is no sandbox, ValueError when the tests end without a verdict.
    """
    job = {"tests": tested.tests, "wanted": tested.wanted, "helpers": tested.helpers, "setup": setup, "every": every}
    with ExitStack() as stack:
        here, there = socket.socketpair()
        with here, there:
            programs: dict[str, str | bytes] = {
                PROGRAM: program,
                "main.py": _RUN + _WITH_PROGRAM,
            }
            tests: dict[str, str | bytes] = {"job.json": msgspec.json.encode(job), "main.py": _RUN + _WITH_JOB}
            one, other = (
                stack.enter_context(
                    start(
                        ["main.py", str(end.fileno())],
                        limits,
                        python=True,
                        files={**files, "run.bin": _code(main)},
                        descriptors=[end.fileno()],
                    )
                )
                for end, files, main in ((here, programs, "program"), (there, tests, "tests"))
            )
        outcome = other.wait()
        one.stop()
        return _verdict(outcome, limits)


_WITH_PROGRAM = f"main(reading, writing, '/scratch/{PROGRAM}')\n"
_WITH_JOB = """\
decode = sys.modules["hornbook.oracles.two_processes.peer"].decode
main(reading, writing, decode(open("/scratch/job.json", encoding="utf-8").read()))
"""


def _verdict(outcome: Outcome, limits: Limits) -> Verdict:
    if outcome.reason == "timeout":
        return Verdict(failed=f"not finished within {limits.seconds:g} s")
    if outcome.reason == "memory":
        return Verdict(failed=f"more than {limits.memory_mb} MB of memory")
    try:
        verdict = msgspec.json.decode(outcome.stdout, type=Verdict)
    except msgspec.DecodeError:
        last = outcome.stderr.strip().splitlines()[-1:] or [outcome.reason or f"exit code {outcome.exit_code}"]
        raise ValueError(f"the tests end without a verdict ({last[0][:200]})") from None
    if "MemoryError" in verdict.failed:
        verdict.failed = f"more than {limits.memory_mb} MB of memory"
    return verdict


@cache
def _code(main: str) -> bytes:
    """What runs inside, compiled: compiling it in each run would take longer than all else."""
    folder = Path(__file__).parent / "two_processes"
    parts = []
    for name in (*_PARTS, main):
        source = (folder / f"{name}.py").read_text(encoding="utf-8")
        parts.append((f"{_MODULES}.{name}", compile(source, f"{name}.py", "exec", dont_inherit=True, optimize=2)))
    return marshal.dumps(parts)
