"""Connects to a Ray cluster."""

import logging
import os
from typing import Any

from hornbook.base.packages import missing_package


def connect_ray(what: str) -> Any:
    """The package `ray`, connected to the available cluster (`RAY_ADDRESS`, or `ray start` here), else to one on this
    machine. Raises HornbookError, which says that `what` needs it, if Ray is missing."""
    try:
        import ray
    except ImportError:
        raise missing_package(what, "ray") from None
    if not ray.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    return ray
