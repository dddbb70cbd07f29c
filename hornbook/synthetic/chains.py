"""Chains of reasoning as seeds: the steps that a passage states, or that the teacher finds in it (report §2.2, D.1.1).

Where the passage's own words state a step ("since ...", "therefore ..."), a program reads it. Where they do not, the
teacher names the steps, and a program verifies that both ends of each stand in the passage.
"""

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from hornbook.synthetic.choose import spread
from hornbook.synthetic.grading import chain_of_reasoning
from hornbook.synthetic.groundedness import negations, stated
from hornbook.synthetic.kind import Ask, Material, Rejected, Seed
from hornbook.synthetic.passages import Passage, Step
from hornbook.synthetic.stages import SHOWN, shot
from hornbook.synthetic.words import leaked, stems, words

FIND = "Name one step of reasoning in the passage, as JSON: the assumption, and the conclusion that follows from it."
POINTS_BACK = re.compile(
    r"^(it|its|this|that|these|those|they|their|he|she|so|such|there|otherwise|then|and|or|but|note|see|which|on|by|of"
    r"|\w+ing)\b",
    re.IGNORECASE,
)  # its meaning stands in another sentence, or it is no clause of its own
IN_PASSAGE = 0.8  # share of an end's words that two neighbouring sentences must hold
Part = Annotated[str, Meta(min_length=10, max_length=200)]


class Found(msgspec.Struct):
    """A step of reasoning as the teacher names it."""

    assumption: Part
    conclusion: Part


FOUND = Found("every parent is smaller than or equal to its children", "the smallest element is always at the root")


def chains_first(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Passages that state a step that can be understood alone, then passages where the teacher must find one."""
    clear = [passage for passage in material.passages if clear_steps(passage.text)]
    others = [passage for passage in material.passages if not clear_steps(passage.text)]
    chosen = spread(clear, count, rng)
    return [*chosen, *spread(others, count - len(chosen), rng)]


def clear_steps(text: str) -> list[Step]:
    """The steps that the text states and that can be understood without the sentences around them."""
    steps = [Step(start, end.split(";")[0].rstrip(":"), joined) for start, end, joined in chain_of_reasoning(text)]
    return [step for step in steps if _clear(step.assumption) and _clear(step.conclusion)]


def _clear(part: str) -> bool:
    return 4 <= len(words(part)) <= 40 and not POINTS_BACK.match(part) and part.count("(") == part.count(")")


async def find_chain(passage: Passage, ask: Ask) -> list[Step]:
    """The clear steps of a passage, by its own words or else by the teacher's, which are noted in its metadata.

    Stage "chain", one or two calls where the words state none. Raises Rejected ("chain").
    """
    steps = clear_steps(passage.text)  # not passage.chain: that holds the teacher's too, once another kind asked
    if steps:
        return steps
    prompt = shot(FIND, msgspec.json.encode(FOUND).decode(), passage)
    found = await ask.json("chain", prompt, Found, max_tokens=120, temperature=0.0)
    step = Step(_plain(found.assumption), _plain(found.conclusion), "found by the teacher")
    _verify(step, passage)
    if not passage.has_chain:
        passage.has_chain, passage.chain = True, [step]
    return [step]


def _plain(part: str) -> str:
    return " ".join(part.split()).rstrip(".")


def _verify(step: Step, passage: Passage) -> None:
    for part in (step.assumption, step.conclusion):
        if not _clear(part) or not stated(part, passage.text, IN_PASSAGE) or leaked(part, SHOWN, passage.text):
            raise Rejected("chain", f"not in the passage: {part[:80]}")
    one, other = stems(step.assumption), stems(step.conclusion)
    if len(one & other) > 0.6 * min(len(one), len(other)) or negations(step.conclusion) > 1:
        raise Rejected("chain", "assumption and conclusion say the same")


def in_sentence(part: str) -> str:
    """A step's part as it stands within a sentence: no capital, unless it is a name or an acronym."""
    first = part.split()[0]
    return part if first[1:] != first[1:].lower() or first == "I" else part[0].lower() + part[1:]


def as_sentence(part: str) -> str:
    return part[0].upper() + part[1:].rstrip(".") + "."
