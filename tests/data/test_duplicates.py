"""Groups of copies among many documents: what is found, which copy is kept, in whatever order and division."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.progress import progress
from hornbook.data.curation import duplicates
from hornbook.data.curation.duplicates import Copies, connect, find_twins
from hornbook.data.curation.repeated_lines import count_lines
from hornbook.data.filters.duplicates import BANDS, exact_key, signatures
from tests.data.test_filters import words

BASE = words(300, 1)


def changed(places):
    """The base text with so many words replaced, far from each other: each changes five of 296 shingles."""
    return " ".join("new" if number % 20 == 0 and number < 20 * places else word for number, word in enumerate(BASE))


def twins(texts, threshold=0.8, quality=None):
    bands_NB, any_shingle_N = signatures(texts)
    keys = np.frombuffer(b"".join(map(exact_key, texts)), np.uint64).reshape(-1, 2)
    quality = np.array(quality or [0.0] * len(texts))
    copies = Copies(keys, any_shingle_N, quality, np.array([len(text) for text in texts]))
    with progress("", BANDS) as bar:
        found = find_twins(copies, lambda band: bands_NB[:, band].copy(), threshold, bar)
    return {copy: (kept, similarity) for copy, kept, similarity in zip(*map(np.ndarray.tolist, found), strict=True)}


OTHER = " ".join(words(300, 9))
GROUPS = [  # texts, qualities, copy → kept
    ([OTHER, changed(0), OTHER], None, {2: 0}),
    ([changed(0), OTHER, changed(0) + " and more"], None, {0: 2}),  # the longer one
    ([changed(0), OTHER, changed(0) + " and more"], [0.9, 0.1, 0.8], {2: 0}),  # the better one
    ([changed(0), changed(3), changed(6)], [0.1, 0.1, 0.9], {0: 2, 1: 2}),  # through the one between
    ([changed(0), changed(15), OTHER], None, {}),
    (["too few", "too few words", "Too few"], None, {2: 0}),  # no shingles: equal texts only
    ([], None, {}),
]


@pytest.mark.parametrize(("texts", "quality", "expected"), GROUPS)
def test_the_best_of_each_group_is_kept(texts, quality, expected):
    assert {copy: kept for copy, (kept, _) in twins(texts, quality=quality).items()} == expected


def test_the_similarity_to_the_twin_is_told():
    assert twins([OTHER, OTHER.upper()])[1] == (0, 1.0)
    (_, similarity) = twins([changed(0), changed(2)])[1]
    assert similarity == pytest.approx((296 - 10) / (296 + 10), abs=0.06)


def test_above_1_only_equal_texts_are_found():
    assert set(twins([changed(0), changed(1), changed(0)], 2.0)) == {2}


def test_large_buckets_do_not_need_all_pairs(monkeypatch):
    monkeypatch.setattr(duplicates, "LARGE_BUCKET", 4)
    monkeypatch.setattr(duplicates, "PAIRS_AT_ONCE", 50)
    many = [changed(1) + f" {number}" for number in range(60)]
    assert len(twins([OTHER, *many])) == 59


@given(st.permutations(range(8)))
def test_the_groups_do_not_depend_on_the_order(order):
    texts = [changed(0), changed(1), changed(2), OTHER, OTHER + " and so on", changed(15), "a", " ".join(words(90, 4))]
    found = twins([texts[number] for number in order])
    assert len(found) == 3
    for copy, (kept, _) in found.items():
        assert (order[copy] in (0, 1, 2)) == (order[kept] in (0, 1, 2))


@given(st.integers(1, 40), st.data())
def test_pairs_connect_to_groups_called_by_their_smallest_number(count, data):
    numbers = st.integers(0, count - 1)
    pairs = data.draw(st.lists(st.tuples(numbers, numbers), max_size=60))
    expected = list(range(count))
    for _ in range(count):
        for one, other in pairs:
            expected[one] = expected[other] = min(expected[one], expected[other])
    group_N = np.arange(count)
    for start in range(0, len(pairs), 7):  # in any number of batches
        left, right = (np.array(side, np.int64) for side in zip(*pairs[start : start + 7], strict=True))
        connect(group_N, left, right)
    assert group_N.tolist() == expected


@given(st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), max_size=8), max_size=5), st.integers(1, 5))
def test_lines_are_counted_the_same_in_any_number_of_parts(shards, parts):
    arrays = [np.array(shard, np.uint64) for shard in shards]
    every = [line for shard in shards for line in shard]
    expected = sorted({line for line in every if every.count(line) >= 2})
    assert count_lines(arrays, 2, parts).tolist() == expected
