"""A second, independent answer to a question, and a judge that says whether it agrees with the first (report §2.2, D).

Where answers are prose, no program can compare them. The judge sees the question and both answers, not the source: it
compares, it does not solve.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from hornbook.synthetic.kind import Checks, RecordContext


class Comparison(msgspec.Struct):
    """What a judge says of two answers; the reason first, so that the verdict follows from it."""

    why: str
    same: bool


async def require_same_answer(checks: Checks, text: str, ask: RecordContext, **values: Any) -> None:
    """Stages "solve" and "judge". Raises Rejected ("second answer") where an independent answer differs."""
    other = await ask.write("solve", **values)
    found = await compare(text, other, 0, ask, **values)
    checks.require("second answer", found.same, found.why[:200])


async def require_alone_too_little(
    checks: Checks, text: str, sources: Sequence[str], ask: RecordContext, **values: Any
) -> None:
    """Require that no source alone gives the answer. Stages "alone", which sees one as `given`, and "judge".

    Raises Rejected ("needs both").
    """
    for number, given in enumerate(sources):
        other = await ask.write("alone", given=given, **values)
        found = await compare(text, other, number + 1, ask, **values)
        checks.require("needs both", not found.same, f"passage {number + 1} will do: {found.why[:200]}")


async def compare(text: str, other: str, number: int, ask: RecordContext, **values: Any) -> Comparison:
    """`number` tells the comparisons of a record apart, so that equal ones are independent."""
    return await ask.fill("judge", Comparison, attempt=number, text=text, other=other, **values)
