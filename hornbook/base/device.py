"""The device that a model runs on."""

import os
import re
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.base.settings import setting

VARIABLE = "HORNBOOK_DEVICE"
NAMES = r"^(auto|cpu|cuda|cuda:\d+)$"


def device_setting(of: str = "") -> Any:
    """The field `device` of a settings class; `of` says for which model. It is not part of an artifact's key."""
    values = "auto (HORNBOOK_DEVICE if set, else the GPU if there is one, else the CPU), cpu, cuda or cuda:N"
    return setting("auto", f"device{of}: {values}", in_key=False, pattern=NAMES)


def resolve_device(name: str = "auto") -> str:
    """`name`; for "auto" the value of the environment variable HORNBOOK_DEVICE if it is set.

    Raises HornbookError when the variable names no device.
    """
    forced = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if not re.match(NAMES, forced):
        raise HornbookError(f"{VARIABLE}: cpu, cuda, cuda:N or auto expected, got {forced!r}")
    return forced if name == "auto" else name
