"""Settings of a stage: typed, strict, and known as a recipe key and as a command-line flag by the same name."""

import difflib
from typing import Any, Self

import xxhash
from msgspec import json as msgjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from hornbook.base.errors import HornbookError


class Settings(BaseModel):
    """Base of every settings class. Each field has a type, a default where there is a sane one, and a help text."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @classmethod
    def parse(cls, values: dict[str, Any], where: str) -> Self:
        """Check `values` (from YAML or the command line) against this class.

        Raises HornbookError with one line that names the key below `where`, what was given and what was expected;
        an unknown key names the nearest known one.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise HornbookError(_explain(cls, error, where)) from None
        except HornbookError as error:  # from a field that reads its own settings, and knows not where it stands
            raise HornbookError(f"{where}.{error}" if where else str(error)) from None

    def identity(self) -> dict[str, Any]:
        """What decides the output: every field but those marked `in_key=False`. Part of an artifact's key."""
        return {name: _identity(value) for name, value in self if _in_key(type(self), name)}


RENAMED = {"benchmarks": "against", "allow_common": "common_share"}  # names of earlier versions, where they are unknown
KEYS_ALONE, WHOLE_TEXTS = "keys_alone", "whole_texts"  # marks of fields


def setting(
    default: Any = ...,
    help: str = "",
    *,
    in_key: bool = True,
    keys_alone: bool = False,
    whole_texts: bool = False,
    **limits: Any,
) -> Any:
    """A field of a Settings class.

    `in_key=False` marks what cannot change the output (an address, a number of threads), so that changing it
    reruns nothing. `keys_alone`: for the mapping a list of its keys will do. `whole_texts`: on the command line commas
    do not divide the texts of the list. `limits` are pydantic's: ge, gt, le, lt, min_length, default_factory.
    """
    extra: Any = {"in_key": in_key, KEYS_ALONE: keys_alone, WHOLE_TEXTS: whole_texts}
    if "default_factory" in limits:
        return Field(description=help, json_schema_extra=extra, **limits)
    return Field(default, description=help, json_schema_extra=extra, **limits)


def digest(value: Any) -> str:
    """A short stable name for any JSON-like value: 16 hexadecimal digits, the same in every process."""
    return xxhash.xxh3_64_hexdigest(msgjson.encode(value, order="deterministic"))


def marked(info: FieldInfo, mark: str) -> bool:
    """Whether a field was made with that mark."""
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get(mark))


def nearest(word: str, known: list[str], *, listed: bool = True) -> str:
    """` (did you mean 'x'?)` for a misspelt word; where nothing is near, a list of what is known if it is to be
    `listed`, else nothing."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f" (did you mean '{close[0]}'?)"
    return f" (known: {', '.join(known)})" if listed else ""


def _in_key(cls: type[BaseModel], name: str) -> bool:
    extra = cls.model_fields[name].json_schema_extra
    return not (isinstance(extra, dict) and extra.get("in_key") is False)


def _identity(value: Any) -> Any:
    if isinstance(value, Settings):
        return value.identity()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _identity(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_identity(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _explain(cls: type[BaseModel], error: ValidationError, where: str) -> str:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    place = ".".join([where, *path]) if where else ".".join(path)
    if first["type"] == "extra_forbidden":
        known = _fields_at(cls, path[:-1])
        if RENAMED.get(path[-1]) in known:
            return f"{place}: is called '{RENAMED[path[-1]]}' now"
        return f"{place}: unknown key{nearest(path[-1], known)}"
    if first["type"] == "missing":
        return f"{place}: missing; {first['msg'][0].lower()}{first['msg'][1:]}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error" and isinstance(first.get("input"), dict):  # of several keys, which it names
        return f"{place}: {message}" if place else message
    given = repr(first.get("input"))
    given = given if len(given) <= 60 else given[:57] + "..."
    return f"{place}: {message[0].lower()}{message[1:]}, got {given}"


def _fields_at(cls: type[BaseModel], path: list[str]) -> list[str]:
    """The field names of the settings class that `path` leads to from `cls` (through dicts and lists)."""
    here = cls
    for part in path:
        field = here.model_fields.get(part)
        inner = _settings_in(field.annotation) if field else None
        if inner:
            here = inner
    return list(here.model_fields)


def _settings_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _settings_in(argument)
        if found:
            return found
    return None
