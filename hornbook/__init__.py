"""Hornbook: the phi-4 recipe (arXiv 2412.08905), from raw documents and a teacher to a small model that reasons."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hornbook.data.readers.load import load_records as load_records
    from hornbook.oracles.judge import judge as judge
    from hornbook.oracles.judge import judge_many as judge_many

__version__ = "0.1.0"

_PUBLIC = {  # name: its module
    "judge": "hornbook.oracles.judge",
    "judge_many": "hornbook.oracles.judge",
    "load_records": "hornbook.data.readers.load",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Public functions are imported when they are first used, so that `import hornbook` stays quick."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
