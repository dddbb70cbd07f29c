"""The order of seeds: spread, reproducible, without end, in constant memory."""

import tracemalloc
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.synthetic.coverage import Coverage
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.seed_sampling import SeedOrder, name_subjects, spread_over_documents


def passage(number, document=0, subject="", information="statement", text=""):
    return Passage(
        id=f"p{number}", text=text, document=f"d{document}", origin="", first_line=1, last_line=1,
        information=information, subject=subject,
    )  # fmt: skip


def order(passages, seed=0):
    return SeedOrder(passages, np.random.default_rng(seed))


@given(st.integers(0, 40), st.integers(0, 10))
def test_seeds_are_spread_over_documents_before_any_is_used_twice(count, seed):
    found = [passage(10 * page + place, page) for page in range(6) for place in range(3)]
    chosen = spread_over_documents(found, count, np.random.default_rng(seed))
    assert len(chosen) == min(count, len(found)) == len({each.id for each in chosen})
    assert len({each.document for each in chosen[:6]}) == min(6, len(chosen))


groups = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 5)), min_size=1, max_size=30)


@given(groups, st.integers(0, 5), st.integers(0, 200))
def test_a_draw_is_a_function_of_its_number_and_rounds_are_whole(parts, seed, start):
    found = [passage(n, document, subject, kind) for n, (subject, kind, document) in enumerate(parts)]
    draws = list(islice(order(found, seed).draw(), start + 20))
    assert (
        list(islice(order(found, seed).draw(start), 20)) == draws[start:] and order(found, seed)[start] == draws[start]
    )
    for turn in {draw.round for draw in draws}:
        ids = [draw.passage.id for draw in draws if draw.round == turn]
        assert len(ids) == len(set(ids))  # none is drawn again before its group's next round


def test_what_is_rare_is_drawn_more_than_its_share_and_nothing_is_left_out():
    found = [passage(n, n, "common") for n in range(960)] + [passage(n, n, f"rare{n % 4}") for n in range(1000, 1040)]
    first = Counter(draw.passage.subject for draw in islice(order(found).draw(), 250))
    assert sum(first[f"rare{n}"] for n in range(4)) >= 3 * 250 * 40 / 1000
    assert {draw.passage.id for draw in islice(order(found).draw(), 5000)} == {each.id for each in found}


def test_nothing_is_drawn_from_nothing():
    assert list(order([]).draw()) == [] == spread_over_documents([], 3, np.random.default_rng(0))
    with pytest.raises(IndexError):
        order([])[0]


def test_memory_does_not_grow_with_the_number_of_draws():
    found = [passage(n, n // 3, f"s{n % 50}") for n in range(3000)]
    tracemalloc.start()
    sum(draw.round for draw in islice(order(found).draw(), 1000))
    _, little = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    sum(draw.round for draw in islice(order(found).draw(), 20_000))
    _, much = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert much < little + 100_000


def test_a_subject_is_a_term_that_passages_share():
    texts = ["The glacier moves slowly. A glacier is ice.", "A glacier melts.", "Violins have strings.", "Trains stop."]
    found = [passage(n, n, text=text) for n, text in enumerate(texts)]
    found[3].subject = "railways"
    name_subjects(found)
    assert [each.subject for each in found] == ["glacier", "glacier", "", "railways"]


def test_coverage_shows_what_there_is_and_what_is_drawn():
    coverage = Coverage({"subject": lambda each: each.subject})
    coverage.offer([passage(1, subject="a"), passage(2, subject="a"), passage(3, subject="b"), passage(4)])
    coverage.draw(passage(1, subject="a"))
    assert coverage.table() == {"subject": [("a", 2, 1), ("(none)", 1, 0), ("b", 1, 0)]}
    assert coverage.table(1) == {"subject": [("a", 2, 1), ("2 others", 2, 0)]}
