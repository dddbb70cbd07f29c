"""What a passage says of some terms, as a list or table of exactly so many entries, each borne out by it (§2.2, §5)."""

import re

from hornbook.base.records import Message
from hornbook.base.settings import setting
from hornbook.synthetic.constraints.drawing import holds
from hornbook.synthetic.constraints.oracle import constraint_question
from hornbook.synthetic.constraints.rule import Constraint, one_of, quoted, some
from hornbook.synthetic.groundedness import is_supported
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext, Rejected, example
from hornbook.synthetic.passage_scores import key_terms
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import SHOWN, SMALL_TALK, finished, unlabelled
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.words import STEM, leaked, stems, words

LAYOUTS = {
    "bullets": 'Write a bulleted list with exactly {n} items, each on a line that begins with "- ".',
    "numbered": "Write a numbered list with exactly {n} items, from 1. to {n}.",
    "table": "Write a Markdown table with two columns, Term and Statement, and exactly {n} rows below the header.",
}
REQUESTS = (
    "What does the text below say about {terms}?",
    "Give one statement of this text about each of {terms}.",
    "From this text, sum up what is said about {terms}, one sentence each.",
)
TELL = "In one short sentence, what does the text say about {term}?"
SAYS = re.compile(r"^(?:The|This) text (?:says|states|tells us|explains)(?: that|:)? ", re.IGNORECASE)
SHOWN_FACT = "The smallest element is always at the root."


class ListFormatSettings(KindSettings):
    """Lists and tables of facts."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(60, "longest fact, in tokens", ge=1)
    most: int = setting(4, "entries, at most; at least two", ge=2)
    tries: int = setting(2, "facts tried about a term, at most", ge=1)
    terms: int = setting(8, "terms tried, at most", ge=2)
    min_support: float = setting(0.75, "least share of a fact's words that the passage must hold together", ge=0, le=1)
    max_alike: float = setting(0.6, "largest share of words that two facts may have in common", ge=0, le=1)


async def make(passage: Passage, ask: RecordContext, settings: ListFormatSettings) -> list[Made]:
    layout = one_of(ask.rng, sorted(LAYOUTS))
    n = int(ask.rng.integers(2, settings.most + 1))
    request = one_of(ask.rng, REQUESTS)
    facts = await facts_about(some(ask.rng, key_terms(passage.text, settings.terms), settings.terms), n, passage, ask)
    checks = Checks()
    checks.require("groundedness", True)
    checks.require("enough", len(facts) == n, f"{len(facts)} of {n} facts")
    reply = laid_out(facts, layout)
    constraint = Constraint(layout, {"n": n} if layout != "table" else {"columns": 2, "rows": n})
    checks.require("layout", holds(constraint, reply), layout)
    prompt = f"{request.format(terms=quoted(list(facts)))} {LAYOUTS[layout].format(n=n)}\n\n{passage.text}"
    messages = [Message("user", prompt), Message("assistant", reply)]
    return [
        Made(checks.passed, messages=messages, question=constraint_question("list_format", prompt, reply, [constraint]))
    ]


async def facts_about(terms: list[str], n: int, passage: Passage, ask: RecordContext) -> dict[str, str]:
    """Term → fact for the first `n` terms about which the teacher states one, each unlike those before.

    Raises Rejected, with the last failure, when there is none at all.
    """
    settings = ask.settings
    assert isinstance(settings, ListFormatSettings)
    facts: dict[str, str] = {}
    failure = Rejected("groundedness", "the passage has no terms")
    for term in terms:
        for number in range(settings.tries):
            if term in facts or len(facts) == n:
                break
            answer = await ask("fact", prompt_for(term, passage), stop=["\n"], sample=number)
            fact = plain(unlabelled(finished(answer)))
            try:
                check_fact(fact, term, list(facts.values()), passage, settings)
                facts[term] = fact
            except Rejected as rejected:
                failure = rejected
    if not facts:
        raise failure
    return facts


def prompt_for(term: str, passage: Passage) -> list[Message]:
    shown = example(f"{SHOWN}\n\n{TELL.format(term='the smallest element')}", SHOWN_FACT)
    return [*shown, Message("user", f"{passage.text}\n\n{TELL.format(term=term)}")]


def plain(fact: str) -> str:
    """The fact without "The text says that" in front."""
    told = SAYS.sub("", fact)
    return told[:1].upper() + told[1:]


def check_fact(fact: str, term: str, before: list[str], passage: Passage, settings: ListFormatSettings) -> None:
    """A sentence of the term that the passage states, and no fact before it. Raises Rejected."""
    checks = Checks()
    whole = 4 <= len(words(fact)) <= 40 and fact[-1] in ".!" and fact[0].isupper() and "|" not in fact
    talks = "the text" in fact.lower() or SMALL_TALK.search(fact)
    checks.require("sentence", whole and not talks, fact[:80])
    checks.require("term", term[:STEM] in stems(fact), f"{term} is not in {fact[:60]!r}")
    held = is_supported(fact, passage.text, settings.min_support) and not leaked(fact, SHOWN, passage.text)
    checks.require("groundedness", held, fact[:80])
    alike = max((_alike(fact, other) for other in before), default=0.0)
    checks.require("distinct", alike <= settings.max_alike, f"shares {alike:.2f} of its words with another")


def _alike(one: str, other: str) -> float:
    first, second = stems(one), stems(other)
    return len(first & second) / max(1, min(len(first), len(second)))


def laid_out(facts: dict[str, str], layout: str) -> str:
    if layout == "table":
        return "\n".join(["| Term | Statement |", "| --- | --- |", *(f"| {term} | {facts[term]} |" for term in facts)])
    marks = [f"{number}." if layout == "numbered" else "-" for number in range(1, len(facts) + 1)]
    return "\n".join(f"{mark} {fact}" for mark, fact in zip(marks, facts.values(), strict=True))


KIND = Kind(
    about="What a passage says of some terms, as a list or table of exactly so many entries, each borne out by it.",
    source="synthetic",
    report="2.2, 5",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("fact",),
    checks=("sentence", "term", "groundedness", "distinct", "enough", "layout"),
    calls=lambda settings: settings.terms * settings.tries,
    settings=ListFormatSettings,
)
