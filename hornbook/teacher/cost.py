"""The cost of a stage's teacher calls, for `hornbook plan`."""

from collections.abc import Sequence
from typing import Protocol

from hornbook.base.stage import Cost, Planned
from hornbook.teacher.settings import TeacherSettings

PROMPT_TOKENS, ANSWER_TOKENS = 400, 300  # per call, unless the recipe's `expect` says otherwise


class AsksTeacher(Protocol):
    """Settings with a teacher."""

    @property
    def teacher(self) -> TeacherSettings | None: ...


def teacher_cost(settings: AsksTeacher, planned: Planned) -> Cost:
    """The cost of a stage with one teacher, whose number of calls is given by `expect`."""
    teachers = [settings.teacher] if settings.teacher else []
    return cost_of_calls(planned.number("teacher_calls"), teachers, planned)


def cost_of_calls(calls: int | None, teachers: Sequence[TeacherSettings], planned: Planned) -> Cost:
    """The cost of `calls`, distributed over `teachers` by their weights; no price if one of them has none."""
    assumes = any(teacher.assumes_prices for teacher in teachers)
    if not calls or not teachers or any(teacher.prices is None for teacher in teachers):
        return Cost(calls=calls, assumes_prices=assumes)
    tokens_in = planned.expect.get("prompt_tokens_per_call", PROMPT_TOKENS)
    tokens_out = planned.expect.get("answer_tokens_per_call", ANSWER_TOKENS)
    weighed = sum(teacher.weight * teacher.money(tokens_in, tokens_out) for teacher in teachers)
    price = calls * weighed / sum(teacher.weight for teacher in teachers)
    return Cost(calls=calls, price=price, assumes_prices=assumes)


def cost_of_both(one: Cost, other: Cost) -> Cost:
    """The cost of the calls of two models; no price if one that is called has none."""
    priced = [cost for cost in (one, other) if cost.calls]
    known = priced and all(cost.price is not None for cost in priced)
    return Cost(
        calls=(one.calls or 0) + (other.calls or 0),
        price=sum(cost.price or 0.0 for cost in priced) if known else None,
        assumes_prices=any(cost.assumes_prices for cost in priced),
    )
