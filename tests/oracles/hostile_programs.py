"""Programs that solve nothing and try to pass: programs/hostile.txt, a plain text to which a reader can add."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.oracles.programs import entries, sections


class Hostile(NamedTuple):
    """A trick, the program that tries it, and the names of the questions (in QUESTIONS) that it is tried on."""

    trick: str
    program: str
    questions: list[str]


QUESTIONS = dict(entries("questions.txt"))
GROUPS = {
    "all": list(QUESTIONS),
    "both": ["humaneval", "humaneval lists", "mbpp", "mbpp sanitized"],
    "few": ["humaneval", "mbpp sanitized", "mbpp builtin", "unittest"],
}

SAME = """
class Same:
    def __init__(self, *a, **k): pass
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __contains__(self, other): return True
    def __bool__(self): return True
    def __hash__(self): return 7
    def __len__(self): return 2
    def __iter__(self): return iter([self, self])
    def __getitem__(self, key): return self
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __sub__(self, other): return 0
    __rsub__ = __abs__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __pow__ = __mod__ = __sub__
    __and__ = __xor__ = __or__ = __sub__
    def __float__(self): return 0.0
    def __int__(self): return 0
    def __index__(self): return 0
    def __round__(self, n=0): return 0
    def __str__(self): return ""
    def __instancecheck__(self, other): return True
    def __format__(self, form): return ""
"""

SPEAKS = """
import json, os, stat, sys
def connection():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return number
        except OSError:
            pass
def say(*messages):
    for message in messages:
        data = json.dumps(message).encode() + b"\\n"
        while data:
            data = data[os.write(connection(), data):]
def hear():
    data = b""
    while not data.endswith(b"\\n"):
        data += os.read(connection(), 1 << 16)
    return json.loads(data)
"""


def _hostile() -> Iterator[Hostile]:
    for questions, tricks in sections("hostile.txt", "-- "):
        for lines in tricks:
            trick, _, program = lines.partition("\n")
            program = program.replace("@same\n", SAME).replace("@speaks\n", SPEAKS).strip("\n")
            yield Hostile(trick, program, GROUPS.get(questions) or questions.split(", "))


HOSTILE = list(_hostile())
