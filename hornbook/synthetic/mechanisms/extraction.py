"""Facts of a passage as JSON: two independent extractions agree, and the verifier holds them to the passage (§5).

The teacher asks for fields that fit the passage, among them one whose value it does not say: that must be null.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hornbook.base.settings import setting
from hornbook.oracles.text import canonical_text
from hornbook.synthetic.kind import VERIFY, Checks, Kind, KindSettings, Made, RecordContext
from hornbook.synthetic.mechanisms.judging import findings
from hornbook.synthetic.mechanisms.mechanism import Mechanism, Prompts, Stage, Usual, both, record_of
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.structured_output import schema_of
from hornbook.synthetic.verification import CHECKS

TYPES: dict[str, Any] = {
    "text": str,
    "quotation": str,
    "number": float,
    "whole number": int,
    "yes or no": bool,
    "list of texts": list[str],
}
SHOWN_AS = ("schema", "list", "example")  # ways to tell the fields


class ExtractionSettings(KindSettings):
    """Facts as JSON."""

    fewest: int = setting(3, "values that are left when those on which extractions differ are dropped, at least", ge=1)
    twice: bool = setting(True, "extract twice; values must agree")
    verified: bool = setting(True, "let the verifier check each value against the passage")


class Field(msgspec.Struct):
    """A value to extract. A quotation must stand in the passage word for word."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,39}$")]
    type: Literal["text", "quotation", "number", "whole number", "yes or no", "list of texts"]
    asks: Annotated[str, Meta(min_length=3)]


class Fields(msgspec.Struct):
    """What a user asks for."""

    request: Annotated[str, Meta(min_length=8)]
    fields: Annotated[list[Field], Meta(min_length=2, max_length=12)]


async def make(seed: Passage, ask: RecordContext, settings: ExtractionSettings) -> list[Made]:
    wanted = await ask.fill("fields", Fields)
    fields = list({field.name: field for field in wanted.fields}.values())
    shape = msgspec.defstruct("Extracted", [(field.name, TYPES[field.type] | None) for field in fields])
    shown = SHOWN_AS[int(ask.rng.integers(len(SHOWN_AS)))]
    asked = request_for(wanted.request, fields, shown)
    found = [
        msgspec.structs.asdict(await ask.fill("extract", shape, attempt=number, asked=asked))
        for number in range(1 + settings.twice)
    ]
    agreed = await agreeing(fields, found, ask) if settings.twice else {field.name for field in fields}
    values = {name: plain(value) for name, value in found[0].items() if name in agreed}
    kept = [field for field in fields if field.name in agreed and stands(values[field.name], field, seed.text)]
    stated = [field for field in kept if values[field.name] is not None]
    ask.facts |= {"fields": float(len(fields)), "agreed": len(kept) / len(fields)}
    checks = Checks()
    checks.require("form", True)
    checks.require("agreed", len(stated) >= settings.fewest, f"{len(stated)} of {len(fields)} values")
    if settings.verified:
        claims = "\n".join(f"{field.asks}: {as_text(values[field.name])}" for field in stated)
        await ask.verify(checks, claims, seed.text)
    reply = json.dumps({field.name: values[field.name] for field in kept}, indent=2, ensure_ascii=False)
    return [record_of(ask, checks, asked=request_for(wanted.request, kept, shown), reply=reply)]


def request_for(request: str, fields: Sequence[Field], shown: str) -> str:
    """The request with its fields: as a JSON schema, as a list, or as an object with types for values."""
    if shown == "example":
        told = json.dumps({field.name: f"{field.type}: {field.asks}" for field in fields}, indent=2, ensure_ascii=False)
    else:
        told = "\n".join(f"- {field.name} ({field.type}): {field.asks}" for field in fields)
    if shown == "schema":
        shape = msgspec.defstruct("Extracted", [(field.name, TYPES[field.type] | None) for field in fields])
        told = f"{told}\n\nSchema: {schema_of(shape)}"
    return f"{request}\n\n{told}\n\nA value that the text does not state is null. Answer with the JSON object only."


async def agreeing(fields: Sequence[Field], found: Sequence[Mapping[str, Any]], ask: RecordContext) -> set[str]:
    """The fields whose two values are equal, or mean the same as the judge says."""
    one, other = found
    same = {field.name for field in fields if canonical(one[field.name]) == canonical(other[field.name])}
    doubtful = [
        field for field in fields if field.name not in same and None not in (one[field.name], other[field.name])
    ]
    worded = [field for field in doubtful if isinstance(one[field.name], str | list)]
    if worded:
        must = {field.name: "The two values mean the same." for field in worded}
        found_same = await findings(must, "compare", ask, fields=worded, one=one, other=other)
        same |= {name for name, finding in found_same.items() if finding.holds}
    return same


def canonical(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(canonical_text, value))
    return canonical_text(value) if isinstance(value, str) else value


def plain(value: Any) -> Any:
    """30 for 30.0"""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def stands(value: Any, field: Field, text: str) -> bool:
    """Whether a quotation stands in the text, white space aside; true of other values."""
    return field.type != "quotation" or value is None or " ".join(value.split()) in " ".join(text.split())


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) if isinstance(value, list) else str(value)


def calls(settings: ExtractionSettings, prompts: Prompts) -> dict[str, int]:
    return {"fields": 2, "extract": 2 * (1 + settings.twice), "compare": 2 * settings.twice}


def usual(settings: ExtractionSettings, kind: Kind) -> dict[str, Usual]:
    return {"extract": Usual(1 + settings.twice), "compare": Usual(0.5 * settings.twice), VERIFY: Usual(answer=200)}


def checks(settings: ExtractionSettings, prompts: Prompts) -> tuple[str, ...]:
    return ("form", "agreed", *(CHECKS if settings.verified else ()))


MECHANISM = Mechanism(
    make=make,
    settings=ExtractionSettings,
    calls=calls,
    usual=usual,
    checks=checks,
    seeds="passages",
    stages={
        "fields": Stage(needed=True),
        "extract": Stage("asked", needed=True),
        "compare": Stage("must fields one other"),
    },
    record=both("asked reply"),
)
