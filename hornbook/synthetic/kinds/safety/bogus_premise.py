"""A question with a false premise, and a reply that corrects it with the passage's own fact (report §4.4, A.1).

A program turns a statement of the passage into its contrary (another number, an opposite, a negation), so that the
premise is false for certain; the teacher's reply must contradict it and state what the passage says.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.chains import POINTS_BACK, in_sentence
from hornbook.synthetic.groundedness import DIGITS, negations, states_reference
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, Material, RecordContext, Seed, example
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import (
    SHOWN,
    describe,
    finished,
    first_accepted,
    require_fluent,
    require_grounded,
    unlabelled,
)
from hornbook.synthetic.seed_sampling import spread_over_documents
from hornbook.synthetic.words import words

OPPOSITES = """
    always never; before after; first last; larger smaller; largest smallest; true false; increase decrease
    increases decreases; maximum minimum; left right; positive negative; faster slower
    upper lower; ascending descending; higher lower; highest lowest; longest shortest; earlier later
    even odd; possible impossible; enabled disabled; open closed; inside outside; most fewest; older newer
"""
SWAPS = {one: other for pair in re.split(r"[;\n]", OPPOSITES) if pair.split() for one, other in [pair.split()]}
SWAPS = {other: one for one, other in SWAPS.items()} | SWAPS
NEGATED = (("cannot", "can"), ("must not", "must"), ("is not", "is"), ("are not", "are"), ("does not", "does"))
NEGATING = (("must", "must not"), ("can", "cannot"), ("is", "is not"), ("are", "are not"))
UNCERTAIN = re.compile(
    r"\b(may|might|could|perhaps|usually|often|sometimes|e\.g|i\.e|example|should|if)\b|[?:;]", re.IGNORECASE
)
BEGINS = re.compile(
    r"(The|A|An|Each|Every|All|Any|Both|Only|No|In|Python|[A-Z][a-z]+s)\s"
)  # not an order to the reader
FORMS = (
    "Can you explain why {}?", "Why is it that {}?", "I read that {}. What is the reason for that?",
    "Given that {}, what should I keep in mind?", "A friend told me that {}. How does that work?",
    "Please say in one sentence why {}.",
)  # fmt: skip
HOW = "The question gets something wrong: {}. Say so, then state what the text says."  # not part of the record
EXAMPLE_FACT = "The smallest element is always at the root"
EXAMPLE_QUESTION = "Can you explain why the largest element of a binary heap is always at the root?"
REPLIED = "That is not what the text says. The smallest element is always at the root."
CORRECTS = re.compile(
    r"\b(no|not|isn't|aren't|doesn't|don't|actually|in fact|wrong|mistaken|incorrect|false|rather)\b", re.I
)


class Altered(NamedTuple):
    """A sentence of the passage, and its contrary; `kept` and `put` are the words that differ."""

    fact: str
    premise: str
    kept: str
    put: str


class BogusPremiseSettings(KindSettings):
    """Questions with a false premise."""

    temperature: float = setting(0.5, "sampling temperature", ge=0)
    max_tokens: int = setting(90, "longest reply, in tokens", ge=1)
    tries: int = setting(4, "replies tried, at most", ge=1)
    min_grounded: float = setting(0.6, "least share of the reply's words that the passage holds", ge=0, le=1)


def seeds(material: Material, count: int, rng: np.random.Generator, settings: BogusPremiseSettings) -> Sequence[Seed]:
    """Passages with a statement that can be turned into its contrary."""
    return spread_over_documents(
        [passage for passage in material.passages if next(altered(passage.text), None)], count, rng
    )


async def make(passage: Passage, ask: RecordContext, settings: BogusPremiseSettings) -> list[Made]:
    await describe(passage, ask)
    found = list(altered(passage.text))
    chosen = found[int(ask.rng.integers(len(found)))]
    question = FORMS[int(ask.rng.integers(len(FORMS)))].format(in_sentence(chosen.premise))
    prompt = [
        *example(f"{SHOWN}\n\n{EXAMPLE_QUESTION}\n({HOW.format(EXAMPLE_FACT)})", REPLIED),
        Message("user", f"{passage.text}\n\n{question}\n({HOW.format(chosen.fact)})"),
    ]

    async def attempt(number: int) -> Made:
        reply = unlabelled(finished(await ask("reply", prompt, stop=["\n\n"], sample=number)))
        checks = check(reply, chosen, passage, settings)
        messages = [Message("user", f"{passage.text}\n\n{question}"), Message("assistant", reply)]
        return Made(checks.passed, messages=messages)

    return [await first_accepted(settings.tries, attempt)]


def altered(text: str) -> Iterator[Altered]:
    """The statements of the text that can be understood alone, each with its first contrary that the text lacks."""
    for sentence in sentences(text):
        plain = sentence.rstrip(".")
        if 6 <= len(words(plain)) <= 30 and _clear(plain):
            contrary = next(_contraries(plain, text), None)
            if contrary and contrary.premise != plain:
                yield contrary


def _clear(plain: str) -> bool:
    """Whether a sentence claims something, and can be understood without those around it."""
    return bool(BEGINS.match(plain)) and not UNCERTAIN.search(plain) and not POINTS_BACK.match(plain)


def _contraries(plain: str, text: str) -> Iterator[Altered]:
    said = set(words(text))
    for word in words(plain):
        if word in SWAPS and SWAPS[word] not in said:
            yield _swapped(plain, word, SWAPS[word])
    for number in DIGITS.findall(plain):
        other = str(int(number) + 1) if number.isdigit() and len(number) < 6 else ""
        if other and other not in said and not re.search(rf"[\w.\\-]{number}|{number}[\w\\-]", plain):
            yield _swapped(plain, number, other)
    for one, other in (*NEGATED, *NEGATING):
        main = re.match(
            rf"(?:(?!which|that|who)\w+,? ){{1,6}}{one}\b", plain
        )  # of the main clause, as far as can be seen
        if (
            main
            and len(re.findall(rf"\b{one}\b", plain)) == 1
            and (" " in one or negations(plain) <= (one == "cannot"))
        ):
            yield _swapped(plain, one, other)


def _swapped(plain: str, one: str, other: str) -> Altered:
    return Altered(plain, re.sub(rf"\b{re.escape(one)}\b", other, plain, count=1, flags=re.IGNORECASE), one, other)


def check(reply: str, chosen: Altered, passage: Passage, settings: BogusPremiseSettings) -> Checks:
    """Contradicts the premise and states the fact, in the passage's words. Raises Rejected."""
    checks = Checks()
    checks.require("corrects", bool(CORRECTS.search(reply)), reply[:100])
    parts = sentences(reply)
    right = [part for part in parts if states_reference(part, chosen.fact) and not _claims(part, chosen)]
    checks.require("states the fact", bool(right), f"not that {chosen.fact[:80]}")
    wrong = [part for part in parts if states_reference(part, chosen.premise) and _claims(part, chosen)]
    checks.require("no false premise", not wrong, f"says {wrong[0][:80]}" if wrong else "")
    require_fluent(checks, reply, (30, 700), f"{SHOWN} {REPLIED}", f"{passage.text} That is not what the text says.")
    require_grounded(checks, reply, f"{passage.text} {chosen.premise} text says question", settings.min_grounded)
    return checks


def _claims(text: str, chosen: Altered) -> bool:
    """Whether the text has the contrary's word and not the fact's (which "is not" holds, if the fact's is "is")."""
    kept, put = (re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in (chosen.kept, chosen.put))
    return bool(put) and (not kept or chosen.kept in chosen.put.split())


KIND = Kind(
    about="A question whose premise contradicts a passage, and a reply that corrects it with the passage's fact.",
    source="synthetic",
    report="4.4, A.1",
    seeded_by="passages with a statement that a program can turn into its contrary",
    seeds=seeds,
    make=make,
    stages=("describe", "reply"),
    checks=(
        "educational value", "corrects", "states the fact", "no false premise", "length", "no repetition",
        "not the example", "no small talk", "groundedness", "numbers",
    ),
    calls=lambda settings: 1 + settings.tries,
    settings=BogusPremiseSettings,
)  # fmt: skip
