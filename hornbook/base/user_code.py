"""Loading the user's Python files."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load_file(path: Path) -> ModuleType:
    """Import a file as a module; it may import modules in its folder.

    Raises FileNotFoundError, and whatever the file raises when it is executed.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    spec = importlib.util.spec_from_file_location(f"hornbook_user_{path.stem}", path.resolve())
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look up a class's module
    add_to_path(str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module


def add_to_path(folder: str) -> None:
    """Add a folder to sys.path: a console script lacks the user's folder, which `python file.py` would have."""
    if folder not in sys.path:
        sys.path.append(folder)
