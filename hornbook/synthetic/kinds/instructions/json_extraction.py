"""Facts of a passage as JSON of a given schema: valid by the schema, and every value borne out by the passage (§5).

Values that the passage does not bear out are asked for once more, each by itself.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.groundedness import DIGITS, is_supported
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, first_accepted
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.structured_output import schema_of
from hornbook.synthetic.words import STEM, content_words, grounded, stems, words

Phrase = Annotated[str, Meta(min_length=3, max_length=80)]
Line = Annotated[str, Meta(min_length=10, max_length=240)]
REQUESTS = (
    "Read the text and answer with a JSON object of this schema, and nothing else.",
    "Extract the following from the text as JSON that fits the schema. Write only the JSON.",
    "Turn the text into a JSON object. It must be valid against the schema.",
)


class Field(NamedTuple):
    """A value to extract."""

    asked: str  # in words
    type: Any
    shown: Any  # the value for the example passage
    offered: Callable[[Passage], bool]  # whether the passage has it
    right: Callable[[Any, Passage], bool]


def is_subject(value: str, passage: Passage) -> bool:
    """A few words of the passage, and among them one that it uses more than once, or a key term."""
    said = [word[:STEM] for word in content_words(passage.text)]
    central = {stem for stem in said if said.count(stem) > 1} | {term[:STEM] for term in key_terms(passage.text, 8)}
    return len(words(value)) <= 8 and grounded(value, passage.text) == 1 and bool(central & stems(value))


def are_terms(values: list[str], passage: Passage) -> bool:
    """Different words or phrases, as they stand in the passage."""
    text = f" {' '.join(words(passage.text))} "
    said = [" ".join(words(value)) for value in values]
    verbatim = all(f" {value} " in text and content_words(value) and len(words(value)) <= 4 for value in said)
    return verbatim and len(set(said)) == len(said)


def is_statement(value: str, passage: Passage) -> bool:
    return is_supported(value, passage.text, 0.8) and len(content_words(value)) >= 3


def are_all_numbers(values: list[float], passage: Passage) -> bool:
    return sorted(set(values)) == digits(passage.text) and len(set(values)) == len(values)


def digits(text: str) -> list[float]:
    return sorted({float(number.replace(",", "")) for number in DIGITS.findall(text)})


def same_words(value: str, told: str) -> bool:
    """Whether the value is `told` in the passage's own words: nothing of its own, and most of it."""
    mine, theirs = stems(value), stems(told)
    return bool(mine) and mine <= theirs and len(mine) >= 0.6 * len(theirs)


def is_longest(value: str, passage: Passage) -> bool:
    return value.strip() == max(sentences(passage.text), key=len)


FIELDS: dict[str, Field] = {
    "subject": Field(
        "what the text is about, in a few of its own words", Phrase, "binary heap", lambda passage: True, is_subject
    ),
    "terms": Field(
        "two or three different terms, spelt as in the text",
        Annotated[list[Phrase], Meta(min_length=2, max_length=3)],
        ["binary heap", "root"],
        lambda passage: True,
        are_terms,
    ),
    "statement": Field(
        "one thing that the text states, as a sentence",
        Line,
        "The smallest element is always at the root.",
        lambda passage: True,
        is_statement,
    ),
    "numbers": Field(
        "every number written in digits, each once",
        Annotated[list[float], Meta(max_length=8)],
        [],
        lambda passage: 1 <= len(digits(passage.text)) <= 5,
        are_all_numbers,
    ),
    "reason": Field(
        "the reason in the first step of reasoning that the text states",
        Line,
        "every parent is smaller than or equal to its children",
        lambda passage: bool(passage.chain),
        lambda value, passage: same_words(value, passage.chain[0].assumption),
    ),
    "consequence": Field(
        "what follows in the first step of reasoning that the text states",
        Line,
        "the smallest element is always at the root",
        lambda passage: bool(passage.chain),
        lambda value, passage: same_words(value, passage.chain[0].conclusion),
    ),
    "longest_sentence": Field(
        "the longest sentence, copied exactly",
        Annotated[str, Meta(min_length=10, max_length=400)],
        sentences(SHOWN)[0],
        lambda passage: len(sentences(passage.text)) > 1 and len(max(sentences(passage.text), key=len)) <= 300,
        is_longest,
    ),
}


class JsonExtractionSettings(KindSettings):
    """Facts as JSON."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(200, "longest answer, in tokens", ge=1)
    fields: int = setting(3, "values to extract, at most; at least two", ge=2)
    tries: int = setting(3, "times a value that is wrong is asked for by itself, at most", ge=1)


async def make(passage: Passage, ask: RecordContext, settings: JsonExtractionSettings) -> list[Made]:
    offered = [name for name, field in FIELDS.items() if field.offered(passage)]
    count = int(ask.rng.integers(2, settings.fields + 1))
    chosen = tuple(offered[number] for number in sorted(ask.rng.permutation(len(offered))[:count].tolist()))
    request = REQUESTS[int(ask.rng.integers(len(REQUESTS)))]
    values = await extracted(request, chosen, passage, ask)
    wrong = [name for name in chosen if name not in values or not FIELDS[name].right(values[name], passage)]
    ask.facts |= {"fields": float(count), "right_at_once": 1 - len(wrong) / count}
    for name in wrong:
        values[name] = await asked_alone(request, name, passage, ask, settings.tries)
    checks = Checks()
    checks.require("form", True)
    checks.require("groundedness", True)
    reply = msgspec.json.format(msgspec.json.encode({name: values[name] for name in chosen}), indent=2).decode()
    asked = asked_of(request, chosen, passage.text)
    return [Made(checks.passed, messages=[Message("user", asked), Message("assistant", reply)])]


async def extracted(request: str, chosen: tuple[str, ...], passage: Passage, ask: RecordContext) -> dict[str, Any]:
    """All values in one answer; none when it does not fit the schema."""
    try:
        found = await ask.json("extract", prompt_for(request, chosen, passage), shape_of(chosen))
    except Rejected:
        return {}
    return msgspec.structs.asdict(found)


async def asked_alone(request: str, name: str, passage: Passage, ask: RecordContext, tries: int) -> Any:
    """One value by itself. Raises Rejected when the passage bears out none of those that come."""

    async def attempt(number: int) -> Any:
        found = await ask.json("value", prompt_for(request, (name,), passage), shape_of((name,)), sample=number)
        value = getattr(found, name)
        if not FIELDS[name].right(value, passage):
            raise Rejected("groundedness", f"{name}: {str(value)[:80]}")
        return value

    return await first_accepted(tries, attempt)


@cache
def shape_of(chosen: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Extracted", [(name, FIELDS[name].type) for name in chosen])


def prompt_for(request: str, chosen: Sequence[str], passage: Passage) -> list[Message]:
    shown = msgspec.json.encode({name: FIELDS[name].shown for name in chosen}).decode()
    return [
        *example(asked_of(request, chosen, SHOWN), shown),
        Message("user", asked_of(request, chosen, passage.text)),
    ]


def asked_of(request: str, chosen: Sequence[str], text: str) -> str:
    wanted = "\n".join(f"- {name}: {FIELDS[name].asked}" for name in chosen)
    return f"{request}\n\nSchema: {schema_of(shape_of(tuple(chosen)))}\n{wanted}\n\nText: {text}"


KIND = Kind(
    about="Facts of a passage as JSON of a given schema, each value held to the passage.",
    source="synthetic",
    report="2.2, 5",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("extract", "value"),
    checks=("form", "groundedness"),
    calls=lambda settings: 2 + 2 * settings.fields * settings.tries,
    settings=JsonExtractionSettings,
)
