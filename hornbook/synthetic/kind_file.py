"""A kind's file → the kind: `kinds/FAMILY/NAME.yaml` says what to ask, of what, how long, and what to hold it to.

    about: A passage as a section of a textbook.
    mechanism: rewrite
    source: web_rewrite
    report: "2.2"
    axes: [audience, register, length]
    prompts:
      write: |
        Write a section of a textbook about ...
        {{ source }}
        {{ brief }}
    record: {text: "{{ text }}"}
    settings: {tokens: [300, 1600]}

`variants` gives more kinds, by name, that differ in some keys; `small` is what differs for a small teacher. Stages,
checks and calls follow from the mechanism and the settings.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml
from pydantic import create_model
from pydantic.fields import FieldInfo

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.settings import nearest
from hornbook.synthetic.answers import TAGGED
from hornbook.synthetic.axes import axes_of
from hornbook.synthetic.kind import VERIFY, Kind, KindSettings
from hornbook.synthetic.kind_check import check_kind
from hornbook.synthetic.mechanisms import load_mechanism
from hornbook.synthetic.mechanisms.mechanism import Mechanism
from hornbook.synthetic.prompts import Prompt
from hornbook.synthetic.seed_sampling import SEEDS
from hornbook.synthetic.verification import LONGEST_PART

KEYS = (
    *("about", "mechanism", "source", "report", "seeds", "system", "axes", "prompts", "record", "settings", "options"),
    *("small", "variants"),
)
SYSTEM = (
    "You write texts from which a language model will learn. They are read without the request and without the passage "
    "before them, so they must stand alone. Be accurate: state nothing that you are not sure of, and do not say how "
    "common, how frequent or how well known something is unless you were told. Answer with what was asked for and "
    "nothing else: no introduction, no remarks about the task, no offer of further help."
)


def names_in(file: Path) -> list[str]:
    """The names of the kinds in a file, without reading more of it than that takes."""
    text = file.read_text(encoding="utf-8") if file.suffix == ".yaml" else ""
    if "\nvariants:" not in text:
        return [file.stem]
    said = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return [*([file.stem] if "about" in said else []), *said["variants"]]


def read_kind_file(file: Path, profile: str = "full") -> dict[str, Kind]:
    """The kinds of a file by name: the file's own, and its variants.

    Raises HornbookError with file and key where it says something that is not understood.
    """
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise HornbookError(f"{file}: not a file of a kind ({one_line(error)})") from None
    if not isinstance(said, dict):
        raise HornbookError(f"{file}: expected keys such as about, mechanism and prompts")
    variants = said.pop("variants", None) or {}
    named = {file.stem: said} if not variants or "about" in said else {}
    named |= {name: merged(said, changed or {}) for name, changed in variants.items()}
    return {name: _kind(name, values, file, profile) for name, values in named.items()}


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """`one` with what `other` says differently; mappings are merged key by key."""
    both = dict(one)
    for key, value in other.items():
        inner = both.get(key)
        both[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


def _kind(name: str, said: dict[str, Any], file: Path, profile: str) -> Kind:
    where = f"{file}" if name == file.stem else f"{file}: {name}"
    for key in said:
        if key not in KEYS:
            raise HornbookError(f"{where}: {key}: unknown key{nearest(str(key), list(KEYS))}")
    small = said.pop("small", None)
    if profile == "small" and small:
        said = merged(said, small)
    for key in ("about", "mechanism", "prompts", "record"):
        if not said.get(key):
            raise HornbookError(f"{where}: {key} is missing")
    mechanism = load_mechanism(str(said["mechanism"]), where)
    prompts = _prompts(said["prompts"], mechanism, where)
    settings = _settings(name, mechanism.settings, said.get("settings") or {}, f"{where}: settings")
    seeds = str(said.get("seeds") or mechanism.seeds)
    if seeds not in SEEDS:
        raise HornbookError(f"{where}: seeds: {seeds}: no such seeds{nearest(seeds, list(SEEDS))}")
    asked = tuple(stage for stage in mechanism.stages if stage in prompts)
    kind = Kind(
        name=name,
        family=file.parent.name,
        about=str(said["about"]),
        source=str(said.get("source") or "synthetic"),
        report=str(said.get("report") or "2.2"),
        seeded_by=seeds,
        seeds=SEEDS[seeds],
        make=mechanism.make,
        stages=(*asked, VERIFY) if getattr(settings(), "verified", False) else asked,
        checks=mechanism.checks(settings(), prompts),
        checks_of=lambda chosen: mechanism.checks(chosen, prompts),
        calls=lambda chosen: (
            sum(count for stage, count in mechanism.calls(chosen, prompts).items() if stage in asked)
            + _verify_calls(chosen, mechanism, prompts)
        ),
        verify_calls=lambda chosen: _verify_calls(chosen, mechanism, prompts),
        settings=settings,
        mechanism=str(said["mechanism"]),
        prompts=prompts,
        system=_system(said.get("system")),
        axes=axes_of(said.get("axes"), f"{where}: axes"),
        record=_mapping(said, "record", where),
        options=_mapping(said, "options", where),
        recheck=mechanism.recheck,
    )
    left_out = [stage for stage, prompt in said["prompts"].items() if prompt is None]
    check_kind(kind, mechanism, where, left_out=left_out, spare=profile == "small")
    return kind


def _mapping(said: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = said.get(key) or {}
    if not isinstance(found, dict):
        raise HornbookError(f"{where}: {key}: expected names with values, got {found!r}")
    return found


def _system(said: Any) -> str:
    """The system turn, with the form of an answer; "" for a kind that wants none."""
    system = SYSTEM if said is None else str(said).strip()
    return f"{system} {TAGGED}" if system else ""


def _verify_calls(chosen: Any, mechanism: Mechanism, prompts: Mapping[str, Prompt]) -> int:
    """At most: as many as the mechanism says; else each part of the longest text, asked again once."""
    if not getattr(chosen, "verified", False):
        return 0
    said = mechanism.calls(chosen, prompts).get(VERIFY)
    longest = getattr(chosen, "tokens", (0, chosen.max_tokens))[1]
    return 2 * -(-longest // LONGEST_PART) if said is None else said


def _prompts(said: Any, mechanism: Mechanism, where: str) -> dict[str, Prompt]:
    """The prompt of each stage, in the mechanism's order."""
    if not isinstance(said, dict):
        raise HornbookError(f"{where}: prompts: expected a prompt for each stage")
    for stage in said:
        if stage not in mechanism.stages:
            known = list(mechanism.stages)
            raise HornbookError(f"{where}: prompts.{stage}: the mechanism has no such stage{nearest(stage, known)}")
    said = {stage: value for stage, value in said.items() if value is not None}  # a variant may do without a stage
    found = {}
    for stage in (stage for stage in mechanism.stages if stage in said):
        value = said[stage]
        try:
            found[stage] = Prompt(value) if isinstance(value, str) else msgspec.convert(value, Prompt)
        except msgspec.ValidationError as error:
            raise HornbookError(f"{where}: prompts.{stage}: {one_line(error)}") from None
    return found


def _settings(name: str, base: type[KindSettings], values: Mapping[str, Any], where: str) -> type[KindSettings]:
    """The mechanism's settings class with the file's values as defaults."""
    base.parse(dict(values), where)
    fields: dict[str, Any] = {}
    for key, value in values.items():
        field = base.model_fields[key]
        merged_field = FieldInfo.merge_field_infos(field, default=value)
        fields[key] = (field.annotation, merged_field)
    made = create_model(f"{name.title().replace('_', '')}Settings", __base__=base, __module__=__name__, **fields)
    made.__doc__ = base.__doc__
    return made
