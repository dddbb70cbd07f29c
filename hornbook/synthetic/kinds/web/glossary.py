"""Rewrite and augment: a passage becomes a glossary of its terms, one line each (report §2.2)."""

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.groundedness import support
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, describe, require_fluent, require_grounded, unlabelled
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import STEM, stems, words

SHOWN_ENTRIES = {
    "heap": "a complete binary tree in which every parent is smaller than or equal to its children",
    "root": "the place in a heap where the smallest element is",
}
MOST_ALIKE = 0.5  # overlap (Jaccard) of the words of two definitions


class GlossarySettings(KindSettings):
    """Glossaries of a passage's terms."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(48, "longest definition, in tokens", ge=1)
    terms: int = setting(6, "key terms of a passage that the teacher is asked to define", ge=2)
    entries: int = setting(3, "definitions that must be good; the others are left out", ge=2)
    min_support: float = setting(0.7, "least share of a definition's words in two sentences of the passage", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: GlossarySettings) -> list[Made]:
    await describe(passage, ask)
    entries: dict[str, str] = {}
    passed: list[str] = []
    for term in key_terms(passage.text, settings.terms):
        answer = await ask("define", define_prompt(term, passage), stop=["\n"])
        definition = unlabelled(answer.text).rstrip(".")
        try:
            passed = check_definition(term, definition, entries, passage, settings).passed
        except Rejected:
            continue
        entries[term] = definition
    if len(entries) < settings.entries:
        raise Rejected("entries", f"{len(entries)} of {settings.entries}")
    return [Made(["entries", *passed], text="\n".join(f"{term}: {entries[term]}." for term in sorted(entries)))]


def define_prompt(term: str, passage: Passage) -> list[Message]:
    def task(text: str, word: str) -> str:
        return f'{text}\n\nWhat is "{word}" here? Define it in one line, as in a glossary.'

    first, second = SHOWN_ENTRIES.items()
    shown = [*example(task(SHOWN, first[0]), first[1]), *example(task(SHOWN, second[0]), second[1])]
    return [*shown, Message("user", task(passage.text, term))]


def check_definition(
    term: str, definition: str, entries: dict[str, str], passage: Passage, settings: GlossarySettings
) -> Checks:
    """It says something of the term, near where the passage speaks of it, and nothing that another entry says."""
    checks = Checks()
    said = stems(definition) - {term[:STEM]}
    checks.require("says something", len(said) >= 3 and term not in words(definition)[:3], "only repeats the term")
    alike = max((len(said & stems(other)) / len(said | stems(other)) for other in entries.values()), default=0.0)
    checks.require("distinct", alike <= MOST_ALIKE, f"{alike:.2f} of it is another entry's")
    require_fluent(checks, definition, (15, 240), f"{SHOWN} {' '.join(SHOWN_ENTRIES.values())}", passage.text)
    near = support(f"{term} {definition}", passage.text)
    checks.require("near the term", near >= settings.min_support, f"{near:.2f} of it in two sentences")
    require_grounded(checks, definition, passage.text, settings.min_support)
    return checks


KIND = Kind(
    about="The key terms of a passage, each with a definition of one line that the passage bears out.",
    source="web_rewrite",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("describe", "define"),
    checks=(
        "educational value",
        "entries",
        "says something",
        "distinct",
        "length",
        "no repetition",
        "not the example",
        "no small talk",
        "near the term",
        "groundedness",
        "numbers",
    ),
    calls=lambda settings: 1 + settings.terms,
    settings=GlossarySettings,
)
