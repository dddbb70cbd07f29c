"""Long documents: long enough, of one subject, with questions at the end that need their beginning."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.token_estimate import estimate_tokens
from hornbook.synthetic.collection import parents_of
from hornbook.synthetic.kind import Material
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.kinds.long._pages import reading_lists
from hornbook.synthetic.passages import Page, PassageSettings
from tests.synthetic.kinds.scripted import passage_of

WORDS = [
    *["amber", "basil", "cedar", "dahlia", "ember", "fjord", "garnet", "hazel"],
    *["indigo", "jasper", "kelp", "lotus", "maple", "nectar", "olive", "pearl"],
]


@cache
def about(number):
    """A passage on the number-th invented city, whose answers stand in no other."""
    name, goods = f"{WORDS[number].capitalize()}ville", WORDS[number - 1]
    return passage_of(
        f"The old harbour of {name} trades in {goods} wood and copper kettles all through the cold season. Its "
        f"{WORDS[number]} guild elects a new warden whenever the spring flood reaches the lower market gate. Every "
        f"sailor pays one coin to the keeper of the {WORDS[number]} tower before the ship may leave."
    )


def page_of(*numbers, name="page"):
    return Page(id=name, text="", origin=f"docs/{name}.txt", passages=[about(number) for number in numbers])


def material(*pages):
    return Material([], [], [], list(pages), PassageSettings())


# ---- seeds


def test_a_short_page_is_joined_by_the_pages_most_like_it():
    near, far = page_of(1, name="near"), page_of(9, 10, name="far")
    start = page_of(1, 2, name="start")
    (joined,) = reading_lists(material(start, far, near), 1, estimate_tokens(about(1).text) * 2 + 10)
    assert joined.parents == parents_of(joined) == ["start", "near"]  # by which a record is traced to its documents
    assert parents_of(start) == ["start"]
    assert len(joined.passages) == 3


@given(st.lists(st.integers(1, 4), max_size=8), st.integers(40, 400), st.integers(1, 5))
def test_reading_lists_are_long_enough_and_share_no_page(sizes, needed, count):
    pages = [page_of(*range(1, size + 1), name=str(number)) for number, size in enumerate(sizes)]
    lists = reading_lists(material(*pages), count, needed)
    assert len(lists) <= count
    used = [name for one in lists for name in (one.parents or [one.id])]
    assert len(used) == len(set(used))
    for one in lists:
        length = sum(estimate_tokens(passage.text) for passage in one.passages)
        assert needed <= length < needed + estimate_tokens(about(1).text) + 5


@pytest.mark.parametrize("name", ["long_chapter", "long_dialogue", "long_recall"])
def test_by_default_documents_have_the_report_s_four_thousand_tokens(name):
    kind = load_kind(name)
    settings = kind.settings()
    assert settings.min_tokens == 4096
    assert list(kind.seeds(material(page_of(1, 2)), 2, np.random.default_rng(1), settings)) == []
    assert kind.calls(kind.settings(min_tokens=1024)) <= kind.calls(settings)
