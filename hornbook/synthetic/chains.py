"""Chains of reasoning as seeds: the steps that a passage states, or that the teacher finds in it (report §2.2, D.1.1).

Steps that the passage states explicitly ("since ...", "therefore ...") are found by patterns. Otherwise the teacher
names a step, and a program verifies that the passage supports both its assumption and its conclusion.
"""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from hornbook.synthetic.groundedness import is_supported, negations
from hornbook.synthetic.kind import Material, RecordContext, Rejected, Seed
from hornbook.synthetic.passage_scores import chain_of_reasoning
from hornbook.synthetic.passages import Passage, ReasoningStep
from hornbook.synthetic.prompting import SHOWN, shot
from hornbook.synthetic.seed_sampling import spread_over_documents
from hornbook.synthetic.words import leaked, stems, words

FIND = "Name one step of reasoning in the passage, as JSON: the assumption, and the conclusion that follows from it."
POINTS_BACK = re.compile(
    r"^(it|its|this|that|these|those|they|their|he|she|so|such|there|otherwise|then|and|or|but|note|see|which|on|by|of"
    r"|\w+ing)\b",
    re.IGNORECASE,
)  # it refers to another sentence, or is not a clause of its own
IN_PASSAGE = 0.8  # share of its words that two neighbouring sentences must contain
Part = Annotated[str, Meta(min_length=10, max_length=200)]


class NamedStep(msgspec.Struct):
    """A step of reasoning as the teacher names it."""

    assumption: Part
    conclusion: Part


FOUND = NamedStep("every parent is smaller than or equal to its children", "the smallest element is always at the root")


def chains_first(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Passages that state a self-contained step, then passages in which the teacher must find one."""
    clear = [passage for passage in material.passages if _known_steps(passage)]
    others = [passage for passage in material.passages if not _known_steps(passage)]
    chosen = spread_over_documents(clear, count, rng)
    return [*chosen, *spread_over_documents(others, count - len(chosen), rng)]


def _known_steps(passage: Passage) -> list[ReasoningStep]:
    """The self-contained steps that the text states; else those that the teacher found in its curation."""
    curated = passage.chain if passage.factual else []
    return clear_steps(passage.text) or [
        step for step in curated if _clear(step.assumption) and _clear(step.conclusion)
    ]


def clear_steps(text: str) -> list[ReasoningStep]:
    """The self-contained steps that the text states."""
    steps = [
        ReasoningStep(start, end.split(";")[0].rstrip(":"), joined) for start, end, joined in chain_of_reasoning(text)
    ]
    return [step for step in steps if _clear(step.assumption) and _clear(step.conclusion)]


def _clear(part: str) -> bool:
    return 4 <= len(words(part)) <= 40 and not POINTS_BACK.match(part) and part.count("(") == part.count(")")


async def find_chain(passage: Passage, ask: RecordContext) -> list[ReasoningStep]:
    """The self-contained steps of a passage, or else one that the teacher finds, which is added to its metadata.

    Stage "chain": one or two calls if the passage states none. Raises Rejected ("chain").
    """
    steps = _known_steps(passage)
    if steps:
        return steps
    prompt = shot(FIND, msgspec.json.encode(FOUND).decode(), passage)
    found = await ask.json("chain", prompt, NamedStep, max_tokens=120, temperature=0.0)
    step = ReasoningStep(_plain(found.assumption), _plain(found.conclusion), "found by the teacher")
    _verify(step, passage)
    if not passage.has_chain:
        passage.has_chain, passage.chain = True, [step]
    return [step]


def _plain(part: str) -> str:
    return " ".join(part.split()).rstrip(".")


def _verify(step: ReasoningStep, passage: Passage) -> None:
    for part in (step.assumption, step.conclusion):
        if not _clear(part) or not is_supported(part, passage.text, IN_PASSAGE) or leaked(part, SHOWN, passage.text):
            raise Rejected("chain", f"not in the passage: {part[:80]}")
    one, other = stems(step.assumption), stems(step.conclusion)
    if len(one & other) > 0.6 * min(len(one), len(other)) or negations(step.conclusion) > 1:
        raise Rejected("chain", "assumption and conclusion say the same")


def in_sentence(part: str) -> str:
    """A step's part for use within a sentence: no capital, unless it is a name or an acronym."""
    first = part.split()[0]
    return part if first[1:] != first[1:].lower() or first == "I" else part[0].lower() + part[1:]


def capitalised(part: str) -> str:
    return part[0].upper() + part[1:].rstrip(".") + "."
