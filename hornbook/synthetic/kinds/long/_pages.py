"""Seeds that are long enough for long documents (report §3.3, over 4K tokens).

A long document is one subject read at length: a page with its passages in order, and where a page is too short the
pages of the corpus that have most words in common with it, the nearest first.
"""

from collections.abc import Sequence

import numpy as np

from hornbook.base.records import make_id
from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.kind import Material
from hornbook.synthetic.passages import Page, Passage
from hornbook.synthetic.words import stems


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


def shuffled(material: Material, rng: np.random.Generator) -> Material:
    """The same material with its pages in random order."""
    order = rng.permutation(len(material.pages)).tolist()
    pages = [material.pages[place] for place in order]
    return Material(material.passages, material.functions, material.questions, pages, material.cutting)


def joined(pages: Sequence[Page], needed: int) -> Page:
    """Pages as one seed, with their passages in order until they have `needed` tokens; its parents are the pages."""
    passages: list[Passage] = []
    for passage in (passage for page in pages for passage in page.passages):
        if sum(estimate_tokens(one.text) for one in passages) < needed:
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
    return sum(estimate_tokens(passage.text) for page in pages for passage in page.passages)


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0
