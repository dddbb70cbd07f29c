"""Main module of the program's process: runs the program under test and serves requests until the tests are done.

The code that runs here may be hostile. Only data leaves; `messages` in the other process makes values of it.
"""

from __future__ import annotations

import builtins
import io
import os
import sys

from hornbook.oracles.two_processes.operations import OPERATIONS
from hornbook.oracles.two_processes.peer import Ended, Peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODULE = "solution"
OPEN_CALLS = 20  # our own stack frames below the program's, which must not count against its recursion limit


def main(reading: int, writing: int, file: str) -> None:
    """Serve the tests' requests; the first is to run the program in `file`."""
    peer = Peer(reading, writing, guarded=False, may=lambda what, values: True)
    sys.stdout = printed = io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", write_through=True)
    sys.stdin, builtins.input = _Input(peer), lambda prompt="": peer.ask("input", peer.printed(), str(prompt))
    sys.setrecursionlimit(sys.getrecursionlimit() + OPEN_CALLS)
    peer.printed = lambda: _taken(printed)
    module = type(sys)(MODULE)
    module.__file__ = file
    sys.modules[MODULE] = module  # dataclasses, pickle and typing look a class's module up
    OPERATIONS["run"] = lambda: _run(module, file)
    OPERATIONS["run there"] = lambda called, options: _called(module, *called, **options)
    OPERATIONS["lookup"] = lambda name: _looked_up(module, name)
    try:
        while True:
            _, *asked = peer.receive()
            peer.serve(*asked)
    except Ended:
        os._exit(0)


class _Input(io.TextIOBase):
    """Standard input, which is the tests': they may replace `sys.stdin` or `input`."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def readable(self) -> bool:
        return True

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        line: str = self.peer.ask("read line", self.peer.printed(), size)
        return line

    def read(self, size: int | None = -1) -> str:
        return "".join(iter(self.readline, "")) if size is None or size < 0 else self.readline(size)


def _run(module: Any, file: str) -> None:
    with open(file, "rb") as source:
        code = compile(source.read(), "solution.py", "exec", dont_inherit=True)
    exec(code, module.__dict__)


def _called(module: Any, function: Any, *arguments: Any, **options: Any) -> Any:
    """Call a function of Python in this process; eval and exec use the program's names unless others are given."""
    if function not in (eval, exec):
        return function(*arguments, **options)
    if len(arguments) == 1:
        return function(*arguments, module.__dict__)
    result = function(*arguments)
    arguments[1].pop("__builtins__", None)  # added by Python
    return result


def _looked_up(module: Any, name: str) -> Any:
    try:
        return module.__dict__[name]
    except KeyError:
        raise NameError(f"name {name!r} is not defined") from None


def _taken(printed: io.TextIOWrapper) -> str:
    """What was printed since the last call."""
    try:
        buffer: Any = printed.buffer
        text: str = buffer.getvalue().decode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()
        return text
    except ValueError:  # closed by the program
        return ""
