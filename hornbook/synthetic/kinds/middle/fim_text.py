"""Fill in the middle of a text: a sentence that the reasoning needs is cut, and found again by reasoning (§D.2)."""

from collections.abc import Sequence

import numpy as np

from hornbook.base.records import Message
from hornbook.base.sentences import sentences
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, Made, Material, RecordContext, Rejected, example
from hornbook.synthetic.kinds.middle._gaps import REASON_CHECKS, GapSettings, fill, require_reasons
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.prompting import finished, unlabelled
from hornbook.synthetic.seed_sampling import spread_over_documents
from hornbook.synthetic.words import copied, stems, words

GAP = "[...]"
ASKED = f"One sentence is missing at {GAP}. Reason about what it must say, then give it."
REASON = f"What must the sentence at {GAP} say, so that what follows makes sense? Answer in one or two sentences."
FILL = f"Write the sentence that is missing at {GAP}."
SHOWN = (
    "A binary heap is a complete binary tree. [...] The smallest element is therefore always at the root, where it can "
    "be read at once."
)
SHOWN_REASONS = (
    "That the smallest element is at the root must follow from how parents and children are ordered in the tree."
)
SHOWN_SENTENCE = "Every parent is smaller than or equal to its children."
LENGTHS = range(6, 41)  # words of a sentence that can be cut


class FimTextSettings(GapSettings):
    """Sentences cut out of passages that reason."""

    min_match: float = setting(0.5, "least match (F1 of content words) of an attempt with the sentence", ge=0, le=1)


def seeds(material: Material, count: int, rng: np.random.Generator, settings: FimTextSettings) -> list[Passage]:
    """Passages with a sentence that their chain of reasoning needs."""
    return spread_over_documents([passage for passage in material.passages if needed(passage)], count, rng)


def needed(passage: Passage) -> list[int]:
    """The sentences, but the first, that hold an assumption or a conclusion of the passage's chain."""
    parts = [part for step in passage.chain for part in (step.assumption, step.conclusion)]
    return [
        place
        for place, sentence in enumerate(sentences(passage.text))
        if place and len(words(sentence)) in LENGTHS and any(part.rstrip(".") in sentence for part in parts)
    ]


async def make(passage: Passage, ask: RecordContext, settings: FimTextSettings) -> list[Made]:
    places = needed(passage)
    if not places:
        raise Rejected("a sentence to cut")
    whole = sentences(passage.text)
    place = places[int(ask.rng.integers(len(places)))]
    truth = whole[place]
    text = " ".join([*whole[:place], GAP, *whole[place + 1 :]])

    async def attempt(number: int, hints: Sequence[str]) -> tuple[str, float, list[str]]:
        reasons = finished(await ask("reason", prompt(REASON, SHOWN_REASONS, text, hints), sample=number))
        thought = [f"Thought: {reasons}", *hints]
        written = await ask("fill", prompt(FILL, SHOWN_SENTENCE, text, thought), stop=["\n"], sample=number)
        return reasons, *check(reasons, unlabelled(written.text), truth, text, settings)

    filled = await fill(attempt, hints_for(truth), ask, settings)
    answer = f"{filled.reasons}\n\nThe missing sentence: {truth}"
    messages = [Message("user", f"{text}\n\n{ASKED}"), Message("assistant", answer)]
    return [Made(filled.passed, messages=messages, grade=filled.grade(settings.attempts))]


def prompt(task: str, answered: str, text: str, known: Sequence[str]) -> list[Message]:
    return [*example(f"{SHOWN}\n\n{task}", answered), Message("user", "\n\n".join([text, *known, task]))]


def hints_for(truth: str) -> list[str]:
    """More and more of the sentence: how long it is and how it begins, half of its words, all of them (in no order)."""
    tokens = truth.split()
    content = sorted({word for word in words(truth) if len(word) > 3})
    return [
        f"Hint: it has {len(tokens)} words and begins with: {' '.join(tokens[:3])}",
        f"Hint: it has these words: {', '.join(content[::2])}.",
        f"Hint: it has these words: {', '.join(content)}.",
    ]


def check(reasons: str, written: str, truth: str, text: str, settings: FimTextSettings) -> tuple[float, list[str]]:
    """(match, checks passed). Raises Rejected."""
    checks = Checks()
    match = matching(written, truth)
    checks.require("match", match >= settings.min_match, f"{match:.2f} of the sentence")
    checks.require("not a copy", copied(written, text) < 0.5, "repeats the rest of the text")
    about = stems(reasons) & stems(truth)
    checks.require("about the sentence", len(about) >= 2, "the reasons lead elsewhere")
    require_reasons(checks, reasons, f"{text} {truth}", f"{SHOWN_REASONS} {SHOWN_SENTENCE}", 0.4)
    return match, checks.passed


def matching(written: str, truth: str) -> float:
    """F1 of the content words, by their stems."""
    mine, theirs = stems(written), stems(truth)
    return round(2 * len(mine & theirs) / (len(mine) + len(theirs)), 4) if mine and theirs else 0.0


KIND = Kind(
    about="A sentence that a chain of reasoning needs, cut out and found again by reasoning, with hints where needed.",
    source="synthetic",
    report="D.2",
    seeded_by="passages that reason",
    seeds=seeds,
    make=make,
    stages=("reason", "fill"),
    checks=("a sentence to cut", "match", "not a copy", "about the sentence", *REASON_CHECKS),
    calls=lambda settings: 2 * settings.attempts,
    settings=FimTextSettings,
)
