"""What the long documents share: seeds long enough for them, and how long a text is (report §3.3, over 4K tokens).

A long document is one subject read at length: a page with its passages in order, and where a page is too short the
pages of the corpus that have most words in common with it, the nearest first.
"""

from collections.abc import Sequence

import numpy as np

from hornbook.base.records import make_id
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, KindSettings, Material
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.words import stems, tokens_in


class LongSettings(KindSettings):
    """Long documents."""

    records: int = setting(4, "long documents to begin", ge=0)
    temperature: float = setting(0.5, "sampling temperature", ge=0)
    min_tokens: int = setting(4096, "least length of a document, in tokens", ge=256)
    tries: int = setting(3, "times that a piece is written, at most", ge=1)
    min_grounded: float = setting(0.5, "least share of a piece's content words that its passage holds", ge=0, le=1)


def tokens(text: str) -> int:
    """About how many tokens the text has."""
    return tokens_in(text)


def require_long(checks: Checks, text: str, settings: LongSettings) -> None:
    checks.require("long", tokens(text) >= settings.min_tokens, f"{tokens(text)} of {settings.min_tokens} tokens")


def reading_lists(material: Material, count: int, needed: int) -> list[Page]:
    """At most `count` seeds with passages of at least `needed` tokens together, no page in two of them.

    The longest pages come first: they need the fewest others; equals in the order of the material. Each is joined by
    the remaining ones most like it until it is long enough.
    """
    ordered = sorted(material.pages, key=lambda page: -min(needed, _length([page])))
    left = {page.id: page for page in ordered if page.passages}
    about = {name: stems(" ".join(passage.text for passage in page.passages)) for name, page in left.items()}
    lists: list[Page] = []
    while left and len(lists) < count:
        first = left.pop(next(iter(left)))
        alike = [name for name, page in left.items() if page.language == first.language]
        by_likeness = sorted(alike, key=lambda name: (-_likeness(about[first.id], about[name]), name))
        chosen = [first]
        while by_likeness and _length(chosen) < needed:
            chosen.append(left.pop(by_likeness.pop(0)))
        if _length(chosen) >= needed:
            lists.append(joined(chosen, needed))
    return lists


def most_passages(needed: int) -> int:
    """At most how many passages make up so many tokens, when all are as short as passages come (200 characters)."""
    return needed // 30 + 1


def shuffled(material: Material, rng: np.random.Generator) -> Material:
    """The same material with its pages in random order."""
    order = rng.permutation(len(material.pages)).tolist()
    pages = [material.pages[place] for place in order]
    return Material(material.passages, material.functions, material.questions, pages, material.cutting)


def joined(pages: Sequence[Page], needed: int) -> Page:
    """Pages as one seed, with their passages in order until they have `needed` tokens; its parents are the pages."""
    passages: list[Passage] = []
    for passage in (passage for page in pages for passage in page.passages):
        if sum(tokens(one.text) for one in passages) < needed:
            passages.append(passage)
    names = [page.id for page in pages]
    return Page(
        id=make_id("pages", *names) if len(names) > 1 else names[0],
        parents=names if len(names) > 1 else [],
        text="\n\n".join(page.text for page in pages),
        origin=pages[0].origin,
        passages=passages,
        language=pages[0].language,
    )


def _length(pages: Sequence[Page]) -> int:
    return sum(tokens(passage.text) for page in pages for passage in page.passages)


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0
