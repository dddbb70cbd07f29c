"""The JSON schema of recipes for editors, made from the stages' declarations and settings."""

from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema

from hornbook.base.settings import KEYS_ALONE, marked
from hornbook.base.stage import Input, StageType
from hornbook.recipe.recipe import EXPECTED, SHARED
from hornbook.recipe.stage_registry import STAGE_TYPES

Schema = dict[str, Any]
OUR_MARKS = ("in_key", "keys_alone", "whole_texts")  # marks of fields, which editors do not need


def recipe_schema() -> Schema:
    """A JSON schema (draft 2020-12) that every valid recipe satisfies."""
    classes = _classes()
    references, defined = models_json_schema([(each, "validation") for each in classes])
    by_class = {each: references[each, "validation"]["$ref"].rpartition("/")[2] for each in classes}
    definitions = {name: _plain(schema) for name, schema in defined["$defs"].items()}
    for cls, name in by_class.items():
        for field, info in cls.model_fields.items():
            if marked(info, KEYS_ALONE):
                definitions[name]["properties"][field] = _or_names(info, by_class)
    shared = {name: {"$ref": f"#/$defs/{by_class[_shared(name)]}"} for name in SHARED}
    stages = {f"stage {kind.name}": _stage(kind, definitions[by_class[kind.settings]]) for kind in STAGE_TYPES.values()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Hornbook recipe",
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "its run folder is runs/NAME"},
            "about": {"type": "string"},
            "seed": {"type": "integer", "default": 0},
            **shared,
            "stages": {
                "description": "in the order in which they run; inputs are named after stages above",
                "type": "object",
                "minProperties": 1,
                "properties": {
                    kind: {"if": {"required": ["kind"]}, "then": _by_kind(), "else": _reference(kind)}
                    for kind in STAGE_TYPES
                },
                "additionalProperties": {"required": ["kind"], **_by_kind()},
            },
        },
        "required": ["stages"],
        "additionalProperties": False,
        "$defs": definitions | stages,
    }


def _classes() -> list[type[BaseModel]]:
    """All settings classes: of stages, shared settings, and values of mappings that a list of keys can give."""
    found: list[type[BaseModel]] = [kind.settings for kind in STAGE_TYPES.values()]
    found += [_shared(name) for name in SHARED]
    for cls in list(found):
        found += [type(value) for info in cls.model_fields.values() for value in _defaults(info).values()]
    return list(dict.fromkeys(found))


def _shared(name: str) -> type[BaseModel]:
    """The settings class of a shared setting, from the first stage that has it."""
    infos = (kind.settings.model_fields.get(name) for kind in STAGE_TYPES.values())
    hints = (hint for info in infos if info for hint in (info.annotation, *get_args(info.annotation)))
    return next(hint for hint in hints if isinstance(hint, type) and issubclass(hint, BaseModel))


def _defaults(info: FieldInfo) -> dict[str, Any]:
    """The default of a mapping that a list of keys can give: all keys with their settings."""
    found: dict[str, Any] = info.get_default(call_default_factory=True) if marked(info, KEYS_ALONE) else {}
    return found


def _or_names(info: FieldInfo, by_class: dict[type[BaseModel], str]) -> Schema:
    """A mapping of settings by name, a list of names, or one name. Names may also be the user's files."""
    values = {
        name: {"anyOf": [{"$ref": f"#/$defs/{by_class[type(value)]}"}, {"type": "null"}]}
        for name, value in _defaults(info).items()
    }
    names = {"anyOf": [{"enum": list(values)}, {"type": "string"}]}
    mapping = {"type": "object", "properties": values, "additionalProperties": {"type": ["object", "null"]}}
    return {"description": info.description, "anyOf": [mapping, {"type": "array", "items": names}, names]}


def _stage(kind: StageType, settings: Schema) -> Schema:
    """One stage of a recipe: its inputs, its settings, and the keys of all stages."""
    inputs = {name: _source(taken) for name, taken in kind.inputs.items()}
    expect = {"type": "object", "properties": {name: {"type": "number"} for name in EXPECTED}}
    return {
        "description": kind.does,
        "type": "object",
        "properties": {
            "kind": {"const": kind.name},
            **inputs,
            **settings.get("properties", {}),
            "seed": {"type": "integer", "description": "of this stage, whatever the recipe's; as on the command line"},
            "expect": {**expect, "additionalProperties": False, "description": "for `hornbook plan` only"},
        },
        "required": [
            *(name for name, taken in kind.inputs.items() if not taken.optional),
            *(name for name in settings.get("required", []) if name not in SHARED),
        ],
        "additionalProperties": False,
    }


def _source(taken: Input) -> Schema:
    one = {"type": "string"}
    several = {"anyOf": [one, {"type": "array", "items": one}]}
    return {"description": f"a stage above that makes {taken.holds}, or a path", **(several if taken.many else one)}


def _by_kind() -> Schema:
    cases = [
        {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": _reference(kind)}
        for kind in STAGE_TYPES
    ]
    return {"properties": {"kind": {"enum": list(STAGE_TYPES)}}, "allOf": cases}


def _reference(kind: str) -> Schema:
    return {"$ref": f"#/$defs/stage {kind}"}


def _plain(schema: Any) -> Any:
    """A schema without the marks of fields."""
    if isinstance(schema, dict):
        kept = {name: value for name, value in schema.items() if not (name in OUR_MARKS and isinstance(value, bool))}
        return {name: _plain(value) for name, value in kept.items()}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema
