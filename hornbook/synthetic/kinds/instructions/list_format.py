"""What a passage states, as a list or table of an exact number of entries, each borne out by the passage (§2.2, §5)."""

from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.choose import from_passages
from hornbook.synthetic.constraints.drawing import holds
from hornbook.synthetic.constraints.oracle import question_of
from hornbook.synthetic.constraints.rule import Constraint
from hornbook.synthetic.evidence import stated
from hornbook.synthetic.kind import Ask, Checks, Kind, KindSettings, Made, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.stages import SHOWN, first_accepted
from hornbook.synthetic.words import content_words, grounded, leaked, stems, words

LAYOUTS = {
    "bullets": 'Write a bulleted list with exactly {n} items, each on a line that begins with "- ".',
    "numbered": "Write a numbered list with exactly {n} items, from 1. to {n}.",
    "table": "Write a Markdown table with two columns, Term and Statement, and exactly {n} rows below the header.",
}
LEADS = ("What does this text state?", "List facts from the text below.", "Which facts does this text give?")
HOW = "Give {n} different facts that the text states, each as one short sentence with the term it is about, as JSON."
SHOWN_ENTRIES = [
    {"term": "root", "fact": "The smallest element is always at the root."},
    {"term": "parent", "fact": "Every parent is smaller than or equal to its children."},
]


class Entry(msgspec.Struct):
    """A fact, and the term it is about."""

    term: Annotated[str, Meta(min_length=3, max_length=40)]
    fact: Annotated[str, Meta(min_length=15, max_length=200)]


class ListFormatSettings(KindSettings):
    """Lists and tables of facts."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(200, "longest list, in tokens", ge=1)
    most: int = setting(3, "entries, at most; at least two", ge=2)
    tries: int = setting(4, "lists tried, at most; each may be asked for twice, if its JSON is bad", ge=1)
    min_support: float = setting(0.75, "least share of a fact's words that the passage must hold together", ge=0, le=1)
    max_alike: float = setting(0.6, "largest share of words that two facts may have in common", ge=0, le=1)


async def make(passage: Passage, ask: Ask, settings: ListFormatSettings) -> list[Made]:
    names = sorted(LAYOUTS)
    layout = names[int(ask.rng.integers(len(names)))]
    n = int(ask.rng.integers(2, settings.most + 1))
    lead = LEADS[int(ask.rng.integers(len(LEADS)))]

    async def attempt(number: int) -> tuple[list[Entry], Checks]:
        found: Any = await ask.json("list", prompt_for(passage, n), shape_of(n), sample=number)
        return found.entries, check(found.entries, passage, settings)

    entries, checks = await first_accepted(settings.tries, attempt)
    constraint = Constraint(layout, {"n": n} if layout != "table" else {"columns": 2, "rows": n})
    reply = laid_out(entries, layout)
    checks.require("layout", holds(constraint, reply), layout)
    prompt = f"{lead} {LAYOUTS[layout].format(n=n)}\n\n{passage.text}"
    messages = [Message("user", prompt), Message("assistant", reply)]
    return [Made(checks.passed, messages=messages, question=question_of("list_format", prompt, reply, [constraint]))]


def prompt_for(passage: Passage, n: int) -> list[Message]:
    shown = msgspec.json.encode({"entries": SHOWN_ENTRIES}).decode()
    return [
        *example(f"{SHOWN}\n\n{HOW.format(n=2)}", shown),
        Message("user", f"{passage.text}\n\n{HOW.format(n=n)}"),
    ]


@cache
def shape_of(n: int) -> type[msgspec.Struct]:
    return msgspec.defstruct("Entries", [("entries", Annotated[list[Entry], Meta(min_length=n, max_length=n)])])


def check(entries: list[Entry], passage: Passage, settings: ListFormatSettings) -> Checks:
    """Each fact is a sentence that the passage states, about its term, and no two say the same. Raises Rejected."""
    checks = Checks()
    checks.require("form", True)
    odd = next((entry.fact for entry in entries if not _is_sentence(entry)), "")
    checks.require("sentence", not odd, odd[:80])
    invented = next((entry.fact for entry in entries if not _is_held(entry.fact, passage, settings)), "")
    checks.require("groundedness", not invented, invented[:80])
    named = all(content_words(entry.term) and grounded(entry.term, entry.fact) == 1 for entry in entries)
    checks.require("term", named, "a term is not in its fact")
    alike = max(
        (_alike(one.fact, other.fact) for place, one in enumerate(entries) for other in entries[:place]), default=0.0
    )
    checks.require("distinct", alike <= settings.max_alike, f"two facts share {alike:.2f} of their words")
    return checks


def _is_sentence(entry: Entry) -> bool:
    one_line = "\n" not in entry.fact + entry.term and "|" not in entry.fact + entry.term
    return one_line and 3 <= len(words(entry.fact)) <= 40 and entry.fact.strip()[-1] in ".!"


def _is_held(fact: str, passage: Passage, settings: ListFormatSettings) -> bool:
    return stated(fact, passage.text, settings.min_support) and not leaked(fact, SHOWN, passage.text)


def _alike(one: str, other: str) -> float:
    first, second = stems(one), stems(other)
    return len(first & second) / max(1, min(len(first), len(second)))


def laid_out(entries: list[Entry], layout: str) -> str:
    if layout == "table":
        rows = [f"| {entry.term} | {entry.fact} |" for entry in entries]
        return "\n".join(["| Term | Statement |", "| --- | --- |", *rows])
    return "\n".join(
        f"{f'{number}.' if layout == 'numbered' else '-'} {entry.fact}" for number, entry in enumerate(entries, 1)
    )


KIND = Kind(
    about="Facts of a passage as a bulleted or numbered list or a table of an exact number, each borne out by it.",
    source="synthetic",
    report="2.2, 5",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("list",),
    checks=("form", "sentence", "groundedness", "term", "distinct", "layout"),
    calls=lambda settings: 2 * settings.tries,
    settings=ListFormatSettings,
)
