"""The device that computes a model, as settings name it."""

import os
import re
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.base.settings import setting

VARIABLE = "HORNBOOK_DEVICE"
NAMES = r"^(auto|cpu|cuda|cuda:\d+)$"


def device_setting(of: str = "") -> Any:
    """The field `device` of a settings class; `of` says where it counts. It is no part of an artifact's key."""
    what = "auto (what HORNBOOK_DEVICE says, else this process's GPU where there is one), cpu, cuda, or cuda:N"
    return setting("auto", f"what computes{of}: {what}", in_key=False, pattern=NAMES)


def resolve_device(name: str = "auto") -> str:
    """`name`, or what the environment variable HORNBOOK_DEVICE says in place of "auto"; else "auto" it stays.

    Raises HornbookError when the variable names no device.
    """
    forced = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if not re.match(NAMES, forced):
        raise HornbookError(f"{VARIABLE}: cpu, cuda, cuda:N or auto expected, got {forced!r}")
    return forced if name == "auto" else name
