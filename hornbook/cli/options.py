"""Command-line options generated from settings classes: one typed option for each setting."""

import json
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import click
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hornbook.base.settings import KEYS_ALONE, WHOLE_TEXTS, marked, nearest

LONGEST_DEFAULT = 300  # characters; help does not show a longer default
METAVARS = {int: "N", float: "X", str: "TEXT"}


class Choice(click.Choice[str]):
    """One of several words; the error for a misspelt one suggests the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value not in self.choices:
            known = [str(choice) for choice in self.choices if choice]
            self.fail(
                f"{value!r} is not one of {', '.join(known)}{nearest(str(value), known, listed=False)}", param, ctx
            )
        return value


class _Yaml(click.ParamType):
    """Numbers and mappings as in a recipe. Invalid YAML is passed on as text; validation of the settings reports it."""

    name = "value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
            return value


YAML = _Yaml()


class _Listed(click.ParamType):
    """Comma-separated values or a YAML list: one or more items of the option's list."""

    name = "list"

    def __init__(self, item: Any, commas: bool) -> None:
        self.texts, self.commas = item is str, commas

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[Any]:
        if not isinstance(value, str):
            return [value]
        if value.lstrip().startswith(("[", "{")):
            read = YAML.convert(value, param, ctx)
            if isinstance(read, list | dict):
                return read if isinstance(read, list) else [read]
        parts = [part.strip() for part in value.split(",")] if self.commas else [value]
        return parts if self.texts else [YAML.convert(part, param, ctx) for part in parts]


class SettingOption(click.Option):
    """The option of the setting at `path`: ("teacher", "url") for `--teacher.url`."""

    def __init__(self, path: tuple[str, ...], info: FieldInfo) -> None:
        self.path, self.info = path, info
        kind = _without_none(info.annotation)
        self.keys_alone = marked(info, KEYS_ALONE)
        listed = get_origin(kind) is list or self.keys_alone
        *above, name = [part.replace("_", "-") for part in path]
        flag = ".".join([*above, name])
        negative = "/--" + ".".join([*above, f"no-{name}"]) if kind is bool else ""
        value_type, metavar = _value_type(kind, info)
        super().__init__(
            [f"--{flag}{negative}", "__".join(path)],
            type=value_type,
            default=None,
            multiple=listed,
            metavar=metavar,
            help=_help(info),
        )


def setting_options(settings: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[SettingOption]:
    """An option for every setting; options of nested settings are prefixed with the name of the outer one."""
    for name, info in settings.model_fields.items():
        below = _without_none(info.annotation)
        if isinstance(below, type) and issubclass(below, BaseModel):
            yield from setting_options(below, (*above, name))
        else:
            yield SettingOption((*above, name), info)


def given_settings(options: Sequence[click.Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given on the command line, nested as in a recipe."""
    nested: dict[str, Any] = {}
    for option in options:
        value = given.get(str(option.name))
        if not isinstance(option, SettingOption) or value is None or value == ():
            continue
        *above, last = option.path
        place = nested
        for part in above:
            place = place.setdefault(part, {})
        place[last] = _joined(value, option) if option.multiple else value
    return nested


def repeat_flags(words: Sequence[str], flags: set[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Rewrite `--kinds web code` as `--kinds web --kinds code`, for each of `flags`, up to the next option.

    Returns the words, and (flag, value) for each value that was joined to a flag.
    """
    out: list[str] = []
    joined: list[tuple[str, str]] = []
    flag, has_value = "", False
    for index, word in enumerate(words):
        if word == "--":
            out += words[index:]
            break
        if word.startswith("-") and len(word) > 1:
            name, equals, _ = word.partition("=")
            flag, has_value = name if name in flags else "", bool(equals)
            out.append(word)
        elif flag and has_value:
            out += [flag, word]
            joined.append((flag, word))
        else:
            out.append(word)
            has_value = True
    return out, joined


def _joined(values: Sequence[list[Any]], option: SettingOption) -> Any:
    """All items that were given for a list; names and mappings mixed become one mapping if the setting allows it."""
    items = [item for value in values for item in value]
    if not option.keys_alone or not any(isinstance(item, dict) for item in items):
        return items
    mapping: dict[str, Any] = {}
    for item in items:
        mapping |= item if isinstance(item, dict) else {item: {}}
    return mapping


def _without_none(annotation: Any) -> Any:
    """The type without `| None`; unions of more types are kept."""
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 and NoneType in get_args(annotation) else annotation


def _value_type(kind: Any, info: FieldInfo) -> tuple[click.ParamType, str | None]:
    """The type of an option's values, and its placeholder in help."""
    if kind is bool:
        return click.BOOL, None
    if get_origin(kind) is Literal:
        return Choice(get_args(kind)), f"[{'|'.join(map(str, get_args(kind)))}]"
    if marked(info, KEYS_ALONE):
        return _Listed(str, commas=True), "NAME..."
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return _Listed(item, commas=not marked(info, WHOLE_TEXTS)), f"{METAVARS.get(item, 'YAML')}..."
    if kind is str and info.annotation is str:
        return click.STRING, METAVARS[str]
    return YAML, METAVARS.get(kind, "YAML")


def _help(info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=True)
    if default is PydanticUndefined:
        return f"{info.description or ''}  [required]".strip()
    shown = f"  [default: {_shown(default)}]"
    return (info.description or "") + (shown if len(shown) <= LONGEST_DEFAULT else "")


def _shown(value: Any) -> str:
    """A default as it would be given on the command line."""
    if isinstance(value, str):
        return value or "empty"
    if isinstance(value, list) and value and all(isinstance(item, str | int | float) for item in value):
        return " ".join(map(str, value))
    return json.dumps(value, default=repr)
