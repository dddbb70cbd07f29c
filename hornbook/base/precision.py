"""The precision of a model's arithmetic."""

import os
from typing import Literal

from hornbook.base.errors import HornbookError

Precision = Literal["auto", "float32", "bfloat16"]

VARIABLE = "HORNBOOK_DTYPE"


def resolve_precision(name: str) -> str:
    """`name`; for "auto" the value of the environment variable HORNBOOK_DTYPE if it is set.

    Raises HornbookError when the variable names no precision.
    """
    forced = os.environ.get(VARIABLE, "").strip() or "auto"
    if forced not in ("auto", "float32", "bfloat16"):
        raise HornbookError(f"{VARIABLE}: float32, bfloat16 or auto expected, got {forced!r}")
    return forced if name == "auto" else name
