"""Run a Python program and its tests in two sandboxed processes, so that the program cannot manipulate the tests.

They are connected by a socket; `two_processes` is the protocol, and its modules run in both processes. The verdict is
made by the tests' process and written to a descriptor that the program does not have.
"""

import marshal
import socket
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from pathlib import Path

import msgspec

from hornbook.oracles.test_analysis import AnalysedTests
from hornbook.sandbox.bubblewrap import PACKAGES
from hornbook.sandbox.process import ProcessLimits, ProcessOutcome, SandboxedProcess, start_sandboxed

PROGRAM = "solution.py"
ENDED = "the program ended before its tests did"
_GRACE = 0.5  # seconds for a program to exit after it has closed its connection
_MODULES = "hornbook.oracles.two_processes"
# In the order in which they import each other.
_PARTS = (
    *(
        "plain_types",
        "remote",
        "constants",
        "operations",
        "values",
        "errors",
        "messages",
        "peer",
        "permitted",
        "collected",
    ),
)
_RUN = """\
import marshal, sys
def load(name, code):
    sys.modules[name] = module = type(sys)(name)
    exec(code, module.__dict__)
    return module
for part in marshal.loads(open("/scratch/run.bin", "rb").read()):
    main = load(*part).__dict__.get("main")
connection = int(sys.argv[1])
"""
_RUN_PROGRAM = f"{_RUN}main(connection, connection, '/scratch/{PROGRAM}')\n"
_RUN_TESTS = f"""\
{_RUN}
decode = sys.modules["{_MODULES}.peer"].decode
main(connection, connection, decode(open("/scratch/job.json", encoding="utf-8").read()))
"""


class ProgramVerdict(msgspec.Struct):
    """The result of the tests' process: passed; or why the program failed; or `unused`: the tests never used it.

    `reasons` has one text for each test that was run, "" for one that passed.
    """

    passed: bool = False
    failed: str = ""
    unused: bool = False
    reasons: list[str] = []


def run_python_tests(
    program: str, tested: AnalysedTests, setup: Sequence[str], limits: ProcessLimits, *, every: bool = False
) -> ProgramVerdict:
    """Run the tests against the program until one fails, or all of them if `every`.

    Raises HornbookError where there is no sandbox, ValueError when the tests end without a verdict.
    """
    packages = {f"{PACKAGES}/{number}": folder for number, folder in enumerate(tested.folders)}
    job = {**tested._asdict(), "setup": setup, "folders": list(packages), "every": every}
    with ExitStack() as stack:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            files: dict[str, str | bytes] = {PROGRAM: program, "main.py": _RUN_PROGRAM, "run.bin": _code("program")}
            running = stack.enter_context(_started(files, theirs, limits))
            files = {"job.json": msgspec.json.encode(job), "main.py": _RUN_TESTS, "run.bin": _code("tests")}
            tests = stack.enter_context(_started(files, ours, limits, packages))
        verdict = _verdict(tests.wait(), limits)
        if verdict.failed == ENDED:
            verdict.failed = f"{ENDED}{_how(running.wait(_GRACE))}"
        running.stop()
    return verdict


def _started(
    files: Mapping[str, str | bytes], connection: socket.socket, limits: ProcessLimits, packages: Mapping[str, str] = {}
) -> AbstractContextManager[SandboxedProcess]:
    number = connection.fileno()
    command = ["main.py", str(number)]
    return start_sandboxed(command, limits, python=True, files=files, folders=packages, descriptors=[number])


def _verdict(outcome: ProcessOutcome, limits: ProcessLimits) -> ProgramVerdict:
    if outcome.reason == "timeout":
        return ProgramVerdict(failed=f"not finished within {limits.seconds:g} s")
    if outcome.reason:  # the program's messages used up the limits of the tests' process
        return ProgramVerdict(failed=f"the tests' process ended: {outcome.reason}")
    try:
        verdict = msgspec.json.decode(outcome.stdout, type=ProgramVerdict)
    except msgspec.DecodeError:
        raise ValueError(f"the tests end without a verdict{_how(outcome)}") from None
    if "MemoryError" in verdict.failed:
        verdict.failed = f"more than {limits.memory_mb} MB of memory"
    return verdict


def _how(outcome: ProcessOutcome) -> str:
    last = outcome.stderr.strip().splitlines()[-1:]
    how = outcome.reason or (last[0][:200] if last else f"exit code {outcome.exit_code}")
    return "" if how == "timeout" else f" ({how})"


@cache
def _code(main: str) -> bytes:
    """The modules that run inside, as bytecode: compiling them in every run would take most of its time."""
    folder = Path(__file__).parent / "two_processes"
    parts = []
    for name in (*_PARTS, main):
        source = (folder / f"{name}.py").read_text(encoding="utf-8")
        parts.append((f"{_MODULES}.{name}", compile(source, f"{name}.py", "exec", dont_inherit=True, optimize=2)))
    return marshal.dumps(parts)
