"""The user's own function as an oracle: `path/to/file.py:function` or `package.module:function`."""

import importlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Question
from hornbook.base.user_code import add_to_path, load_file
from hornbook.oracles.judgement import Judgement, correct, wrong
from hornbook.oracles.question_entry import entry_of


def score_function(name: str, question: Question, completion: str) -> Judgement:
    """The result of `function(question, completion)`, which returns a truth value or a score in [0, 1].

    `question` is a dictionary of the record's fields; its `entry` is a dictionary too.
    Raises HornbookError when the function cannot be loaded, ValueError for any other result, and whatever the
    function raises.
    """
    value = load_function(name)({**msgspec.to_builtins(question), "entry": entry_of(question)}, completion)
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = -1.0
    if isinstance(value, str) or not 0 <= score <= 1:
        raise ValueError(f"expected a truth value or a score from 0 to 1, got {value!r:.80}")
    return correct() if score == 1.0 else wrong(f"the function gave {score:g}", score=score)


@cache
def load_function(name: str) -> Callable[[dict[str, Any], str], Any]:
    """Raises HornbookError when there is no such file, module or function."""
    place, _, attribute = name.rpartition(":")
    try:
        found = getattr(load_file(Path(place)) if place.endswith(".py") else _from_module(place), attribute)
    except FileNotFoundError:
        raise HornbookError(f"oracle '{name}': {place}: no such file") from None
    except AttributeError:
        raise HornbookError(f"oracle '{name}': {place} has no function {attribute!r}") from None
    except Exception as error:
        raise HornbookError(f"oracle '{name}': {place} cannot be loaded ({one_line(error)})") from None
    if not callable(found):
        raise HornbookError(f"oracle '{name}': {attribute!r} in {place} is not a function")
    return found


def _from_module(name: str) -> Any:
    add_to_path(os.getcwd())
    return importlib.import_module(name)
