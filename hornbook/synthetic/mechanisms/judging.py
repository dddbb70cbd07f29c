"""A judge says of each requirement whether it holds, and why (report §2.2, validation).

The requirements stand in the kind's file under the name of the stage: `options: {judge: {refuses: "The reply ..."}}`.
Meaning is asked here, so there are no lists of words: any wording that means the right thing passes.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.synthetic.kind import Checks, RecordContext
from hornbook.synthetic.prompts import render


class Finding(msgspec.Struct):
    """Whether a requirement holds. The reason comes first, so that the answer follows from it."""

    why: str
    holds: bool


async def require_judged(
    checks: Checks, name: str, stage: str, ask: RecordContext, *, times: int = 1, **values: Any
) -> None:
    """Require that each of `times` independent judges finds that all requirements of the stage hold.

    Raises Rejected (`name`), with the first requirement that does not hold and the reason; HornbookError if the kind's
    file has no requirements for the stage.
    """
    asked = ask.kind.options.get(stage)
    if not isinstance(asked, dict) or not asked:
        raise HornbookError(f"{ask.kind.name}: options.{stage}: expected requirements by name, such as refuses: ...")
    must = {key: render(str(said), ask.values | values) for key, said in asked.items() if said}
    for number in range(times):
        for key, finding in (await findings(must, stage, ask, attempt=number, **values)).items():
            if not finding.holds:
                checks.require(name, False, f"{key}: {finding.why}")
    checks.require(name, True)


async def findings(must: Mapping[str, str], stage: str, ask: RecordContext, **values: Any) -> dict[str, Finding]:
    """What one judge finds of each requirement. Raises Rejected ("form")."""
    found = await ask.fill(stage, _shape(tuple(must)), must=must, **values)
    return {key: getattr(found, key) for key in must}


@lru_cache(100)
def _shape(names: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Findings", [(name, Finding) for name in names])
