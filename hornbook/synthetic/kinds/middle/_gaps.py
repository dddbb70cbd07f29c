"""What the kinds that fill gaps share: attempts whose hints grow, and reasons that stand alone (report §D.2)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, KindSettings, RecordContext, Rejected
from hornbook.synthetic.prompting import require_fluent
from hornbook.synthetic.words import grounded, words

GIVEN_AWAY = {"hint", "hints", "blank", "gap", "task", "prompt"}  # how it was made is not what a reader should see
REASON_CHECKS = ("reasons", "length", "no repetition", "not the example", "no small talk")


class GapSettings(KindSettings):
    """A gap that was cut, and attempts to fill it."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(96, "longest answer, in tokens", ge=1)
    attempts: int = setting(4, "attempts, each after the first with one hint more", ge=1)


class Filled(NamedTuple):
    """The first attempt that was good enough.

    Attributes:
        reasons: why the gap is filled so.
        match: how near it came to what was cut, in [0, 1].
        hints: how many hints it needed.
    """

    reasons: str
    match: float
    hints: int
    passed: list[str]

    def grade(self, attempts: int) -> float:
        """The match, less for each hint."""
        return round(self.match * (1 - self.hints / attempts), 4)


Attempt = Callable[[int, Sequence[str]], Awaitable[tuple[str, float, list[str]]]]


async def fill(attempt: Attempt, hints: Sequence[str], ask: RecordContext, settings: GapSettings) -> Filled:
    """Try until an attempt passes: `attempt(number, hints so far)` → (reasons, match, checks passed), or Rejected.

    Raises the last attempt's Rejected.
    """
    failure = Rejected("match")
    for number in range(settings.attempts):
        given = hints[:number]
        try:
            reasons, match, passed = await attempt(number, given)
        except Rejected as rejected:
            failure = rejected
            continue
        ask.facts |= {"hints": float(len(given)), "match": match}
        return Filled(reasons, match, len(given), passed)
    raise failure


def require_reasons(checks: Checks, reasons: str, source: str, shown: str, least: float) -> None:
    """Reasons are about the source, fluent, and say nothing of hints or gaps."""
    chat = GIVEN_AWAY & (set(words(reasons)) - set(words(source)))
    checks.require("reasons", not chat, f"speak of {', '.join(sorted(chat))}")
    share = grounded(reasons, source)
    checks.require("reasons", share >= least, f"{share:.2f} of their words are in the source")
    checks.passed.remove("reasons")  # counted once
    require_fluent(checks, reasons, (30, 2000), shown, source)
