"""Cutting documents into pieces, and handing them out epoch by epoch."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.mixture import sampling_order as order
from hornbook.mixture.feistel_permutation import Permutation
from hornbook.mixture.sampling_order import MixturePart, PieceStream, cut_pieces

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=30)


@given(LENGTHS, st.integers(1, 20))
def test_pieces_cover_each_document_exactly(lengths: list[int], context: int) -> None:
    pieces_P3 = cut_pieces(np.arange(len(lengths)), np.array(lengths), context)
    assert pieces_P3[:, 2].min() >= 1 and pieces_P3[:, 2].max() <= context
    for document, length in enumerate(lengths):
        tokens = [start + i for d, start, size in pieces_P3.tolist() if d == document for i in range(size)]
        assert tokens == list(range(length))


def test_short_documents_are_not_split() -> None:
    assert cut_pieces(np.array([4, 2]), np.array([8, 9]), 8).tolist() == [[4, 0, 8], [2, 0, 8], [2, 8, 1]]


@given(LENGTHS, st.lists(st.integers(0, 200), min_size=1, max_size=6), st.integers(1, 20))
def test_a_stream_gives_what_is_asked_within_half_a_piece_and_each_epoch_is_whole(
    lengths: list[int], amounts: list[int], context: int
) -> None:
    lengths_D = np.array(lengths)
    stream = PieceStream(MixturePart("x", 1.0, np.arange(len(lengths))), lengths_D.__getitem__, context, 0)
    until, parts = 0, []
    for amount in amounts:
        until += amount
        parts.append(stream.take(until))
        assert abs(stream.taken - until) <= context / 2
    pieces_P3 = np.concatenate(parts)
    assert pieces_P3[:, 2].sum() == stream.taken
    epoch = len(cut_pieces(np.arange(len(lengths)), lengths_D, context))
    whole = cut_pieces(np.arange(len(lengths)), lengths_D, context).tolist()
    for begin in range(0, len(pieces_P3) - epoch + 1, epoch):
        assert sorted(pieces_P3[begin : begin + epoch].tolist()) == whole


@given(st.integers(1, 300), st.integers(0, 100))
def test_a_permutation_has_every_number_once_and_each_place_alone(size: int, seed: int) -> None:
    permutation = Permutation(size, seed, "x")
    whole = permutation(np.arange(size)).tolist()
    assert sorted(whole) == list(range(size))
    assert [permutation(np.array([place]))[0] for place in range(size)] == whole


def test_a_permutation_is_well_shuffled() -> None:
    assert Counter(tuple(Permutation(3, seed)(np.arange(3)).tolist()) for seed in range(600)).most_common()[-1][1] > 60
    shuffled = Permutation(100_000, 1, "a")(np.arange(100_000))
    neighbours = np.corrcoef(shuffled[:-1], shuffled[1:])[0, 1], np.corrcoef(shuffled, np.arange(100_000))[0, 1]
    assert max(map(abs, neighbours)) < 0.02
    assert (shuffled == Permutation(100_000, 1, "b")(np.arange(100_000))).mean() < 0.001


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 7))
def test_a_stream_does_not_depend_on_how_much_is_looked_up_at_once(lengths: list[int], at_once: int) -> None:
    def first(slots: int) -> list[list[int]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(order, "SLOTS_AT_ONCE", slots)
            part = MixturePart("x", 1.0, np.arange(len(lengths)), upweight=2.5, upweight_from=20)
            return PieceStream(part, np.array(lengths).__getitem__, 16, 0).take(60).tolist()

    assert first(at_once) == first(1000)


def test_epochs_differ_in_order_and_weights_repeat() -> None:
    part = MixturePart("x", 1.0, np.arange(10, 60), upweight=2.5, upweight_from=2)
    lengths_D = np.r_[np.ones(35, np.int64), np.full(25, 2)]  # the second half of the part is longer
    stream = PieceStream(part, lengths_D.__getitem__, 4, 0)
    epochs = [stream._next()[:, 0] for _ in range(200)]
    assert epochs[0].tolist() != epochs[1].tolist()
    times = np.array([np.bincount(documents, minlength=60)[10:] for documents in epochs])
    assert (times[:, :25] == 1).all()
    assert set(times[:, 25:].flat) == {2, 3}
    assert abs(times[:, 25:].mean() - 2.5) < 0.05
