"""Axes of diversity: a persona, an audience, a length and more are drawn for each record, and told in its prompt.

The values stand in `axes.yaml`. A kind names the axes that it uses, or gives values of its own (report §2.1). Each axis
goes through all of its values, in an order of its own, before any comes again: what was rare so far comes next.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from hornbook.base.errors import HornbookError
from hornbook.base.rng import rng
from hornbook.base.settings import nearest

FILE = Path(__file__).with_name("axes.yaml")
PART = re.compile(r"\{(\w+)\}")

Values = Sequence[str]
Axes = Mapping[str, Values]  # name → its values, in a stable order


@cache
def known_axes() -> dict[str, list[str]]:
    """The axes of `axes.yaml`. A value `{name}` stands for all values of the list of that name there."""
    return {name: list(values) for name, values in _file().items()}


def language_codes(language: str) -> list[str]:
    """The ISO 639 codes as which a text in a language of the axis `language` may be identified; none if unknown."""
    return str(_file()["language"].get(language, "")).split()


@cache
def _file() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def axes_of(named: object, where: str) -> dict[str, list[str]]:
    """The axes of a kind: a list of names, or a mapping of names to values of its own (null: the known ones).

    Raises HornbookError for a name that is not known and has no values.
    """
    chosen = dict.fromkeys(named) if isinstance(named, list) else named or {}
    if not isinstance(chosen, dict):
        raise HornbookError(f"{where}: expected a list of axes, or axes with values, got {named!r}")
    found = {}
    for name, values in chosen.items():
        if values is None and (name not in known_axes() or name.startswith("_")):
            usable = [one for one in known_axes() if not one.startswith("_")]
            raise HornbookError(f"{where}.{name}: no such axis{nearest(str(name), usable)}, and no values are given")
        if values is not None and (not isinstance(values, list) or not values):
            raise HornbookError(f"{where}.{name}: expected a list of values, got {values!r}")
        found[str(name)] = list(map(str, values)) if values is not None else known_axes()[name]
    return found


def draw_axes(axes: Axes, number: int, seed: int, kind: str, own_language: str = "") -> dict[str, str]:
    """The values of a kind's record `number`; the parts of a compound value (`{age} {occupation}`) are drawn too.

    The axis `language` is of kinds that leave the language of their seed, so it does not give `own_language` (a code).
    """

    def value(values: Values, *names: str) -> str:
        turn, place = divmod(number, len(values))
        chosen = str(values[_order(len(values), seed, kind, turn, *names)[place]])
        return PART.sub(lambda match: value(known_axes()[f"_{match[1]}"], *names, match[1]), chosen)

    def usable(name: str, values: Values) -> Values:
        others = [one for one in values if own_language not in language_codes(one)] if name == "language" else []
        return others or values

    return {name: value(usable(name, values), name) for name, values in axes.items()}


@lru_cache(maxsize=4096)
def _order(size: int, seed: int, kind: str, turn: int, *names: str) -> list[int]:
    """The order of an axis's values when it goes through them for the time `turn`."""
    return rng(seed, "axes", kind, turn, *names).permutation(size).tolist()  # type: ignore[no-any-return]


def brief(drawn: Mapping[str, str]) -> str:
    """What was drawn, as lines of a prompt: "- Audience: a curious twelve-year-old"."""
    return "\n".join(f"- {name.replace('_', ' ').capitalize()}: {value}" for name, value in drawn.items())
