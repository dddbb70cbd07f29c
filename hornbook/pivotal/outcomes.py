"""The words of the search: a case, a prefix of a solution, a trial, its outcome."""

from typing import NamedTuple

import msgspec

from hornbook.base.records import Question


class Case(NamedTuple):
    """A question, and its prompt as token ids."""

    question: Question
    prompt: list[int]


class Prefix(NamedTuple):
    """The beginning of a solution: which case, and the tokens after the prompt."""

    case: int
    tokens: tuple[int, ...]


class Branch(NamedTuple):
    """Rollouts that follow `along` for `start` tokens and leave it before its end; none leave if `start` is its end."""

    along: Prefix
    start: int


def onward(prefix: Prefix) -> Branch:
    """Rollouts that begin where `prefix` ends, with any token."""
    return Branch(prefix, len(prefix.tokens))


class Trial(NamedTuple):
    """One rollout to make: the `number`-th of a `stream` of independent ones from a prefix, whose first token is not
    `avoid`."""

    prefix: Prefix
    stream: str
    number: int
    avoid: int = -1


class Outcome(msgspec.Struct, array_like=True):
    """How a trial went. `tokens` come after the prefix; `reason` says why the oracle broke, if it did."""

    tokens: list[int]
    logprobs: list[float]
    finish: str
    success: bool
    reason: str = ""


class Solution(NamedTuple):
    """A finished completion that is searched for pivotal tokens."""

    case: int
    tokens: tuple[int, ...]
    logprobs: list[float]
    success: bool

    def prefix(self, position: int) -> Prefix:
        """The solution's first `position` tokens."""
        return Prefix(self.case, self.tokens[:position])
