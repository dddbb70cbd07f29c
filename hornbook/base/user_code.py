"""Python files of the user's own."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load_file(path: Path) -> ModuleType:
    """The module in a file, which may import those beside it.

    Raises FileNotFoundError, and whatever the file raises when it is executed.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    spec = importlib.util.spec_from_file_location(f"hornbook_user_{path.stem}", path.resolve())
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look a class's module up
    add_to_path(str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module


def add_to_path(folder: str) -> None:
    """A console script does not have the user's folder on its path, as `python file.py` would."""
    if folder not in sys.path:
        sys.path.append(folder)
