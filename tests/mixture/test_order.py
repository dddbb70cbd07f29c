"""Cutting documents into pieces, and handing them out epoch by epoch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hornbook.mixture.order import Stream, cut, shuffled

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=30)


@given(LENGTHS, st.integers(1, 20))
def test_pieces_cover_each_document_exactly(lengths: list[int], context: int) -> None:
    pieces_P3 = cut(np.arange(len(lengths)), np.array(lengths), context)
    assert pieces_P3[:, 2].min() >= 1 and pieces_P3[:, 2].max() <= context
    for document, length in enumerate(lengths):
        tokens = [start + i for d, start, size in pieces_P3.tolist() if d == document for i in range(size)]
        assert tokens == list(range(length))


def test_short_documents_are_not_split() -> None:
    assert cut(np.array([4, 2]), np.array([8, 9]), 8).tolist() == [[4, 0, 8], [2, 0, 8], [2, 8, 1]]


@given(LENGTHS, st.lists(st.integers(0, 200), min_size=1, max_size=6), st.integers(1, 20))
def test_a_stream_gives_what_is_asked_within_half_a_piece_and_each_epoch_is_whole(
    lengths: list[int], amounts: list[int], context: int
) -> None:
    lengths_D = np.array(lengths)
    stream = Stream(shuffled(np.arange(len(lengths)), np.ones(len(lengths)), 0, "x"), lengths_D, context)
    until, parts = 0, []
    for amount in amounts:
        until += amount
        parts.append(stream.take(until))
        assert abs(stream.taken - until) <= context / 2
    pieces_P3 = np.concatenate(parts)
    assert pieces_P3[:, 2].sum() == stream.taken
    epoch = len(cut(np.arange(len(lengths)), lengths_D, context))
    whole = cut(np.arange(len(lengths)), lengths_D, context).tolist()
    for begin in range(0, len(pieces_P3) - epoch + 1, epoch):
        assert sorted(pieces_P3[begin : begin + epoch].tolist()) == whole


def test_epochs_differ_in_order_and_weights_repeat() -> None:
    order = shuffled(np.arange(10, 60), np.r_[np.ones(25), np.full(25, 2.5)], 0, "x")
    assert order(0).tolist() != order(1).tolist()
    assert order(0).tolist() == shuffled(np.arange(10, 60), np.r_[np.ones(25), np.full(25, 2.5)], 0, "x")(0).tolist()
    times = np.array([np.bincount(order(epoch), minlength=60)[10:] for epoch in range(200)])
    assert (times[:, :25] == 1).all()
    assert set(times[:, 25:].flat) == {2, 3}
    assert abs(times[:, 25:].mean() - 2.5) < 0.05
