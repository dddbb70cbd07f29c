"""The cost of a stage's teacher calls, for `hornbook plan`."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, Self

from hornbook.base.stage import Cost, Planned
from hornbook.teacher.settings import TeacherSettings

PROMPT_TOKENS, ANSWER_TOKENS = 400, 300  # per call, unless the recipe's `expect` says otherwise


class Expected(NamedTuple):
    """Calls that are expected, with the tokens of all their prompts and answers."""

    calls: float
    prompt_tokens: float
    answer_tokens: float

    @classmethod
    def of(cls, several: Iterable[Self]) -> Self:
        """All of them together."""
        return cls(*(sum(numbers) for numbers in zip((0.0, 0.0, 0.0), *several, strict=True)))

    def times(self, number: float) -> "Expected":
        return Expected(*(number * one for one in self))


class AsksTeacher(Protocol):
    """Settings with a teacher."""

    @property
    def teacher(self) -> TeacherSettings | None: ...


def teacher_cost(settings: AsksTeacher, planned: Planned) -> Cost:
    """The cost of a stage with one teacher, whose calls are given by `expect`; see `calls_in`."""
    asked = calls_in(planned)
    return cost_of(asked, [settings.teacher] if settings.teacher else []) if asked else Cost()


def calls_in(planned: Planned) -> Expected | None:
    """The calls of `expect`: their number, `teacher_calls`, and the tokens of each. None without a number."""
    calls, expect = planned.number("teacher_calls"), planned.expect
    if calls is None:
        return None
    tokens_in = expect.get("prompt_tokens_per_call", PROMPT_TOKENS)
    tokens_out = expect.get("answer_tokens_per_call", ANSWER_TOKENS)
    return Expected(calls, calls * tokens_in, calls * tokens_out)


def cost_of(asked: Expected, teachers: Sequence[TeacherSettings]) -> Cost:
    """The cost of calls, distributed over `teachers` by their weights; no price if one of them has none."""
    calls, tokens_in, tokens_out = map(round, asked)
    price = None
    if calls and teachers and all(teacher.prices is not None for teacher in teachers):
        weighed = sum(teacher.weight * teacher.money(tokens_in, tokens_out) for teacher in teachers)
        price = weighed / sum(teacher.weight for teacher in teachers)
    assumes = any(teacher.assumes_prices for teacher in teachers)
    return Cost(calls=calls, tokens_in=tokens_in, tokens_out=tokens_out, price=price, assumes_prices=assumes)


def cost_of_both(one: Cost, other: Cost) -> Cost:
    """The cost of the calls of two models; no price if one that is called has none."""
    priced = [cost for cost in (one, other) if cost.calls]
    known = priced and all(cost.price is not None for cost in priced)
    return Cost(
        calls=(one.calls or 0) + (other.calls or 0),
        tokens_in=(one.tokens_in or 0) + (other.tokens_in or 0),
        tokens_out=(one.tokens_out or 0) + (other.tokens_out or 0),
        price=sum(cost.price or 0.0 for cost in priced) if known else None,
        assumes_prices=any(cost.assumes_prices for cost in priced),
    )
