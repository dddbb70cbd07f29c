"""Packing loses nothing, splits nothing and wastes next to nothing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.rng import rng
from hornbook.mixture.packing import pack


@st.composite
def pieces(draw: st.DrawFn) -> tuple[list[int], int]:
    context = draw(st.integers(1, 64))
    return draw(st.lists(st.integers(1, context), max_size=80)), context


@given(pieces())
def test_every_piece_is_in_one_row_and_no_row_is_too_long(given: tuple[list[int], int]) -> None:
    lengths, context = given
    rows = pack(lengths, context)
    assert sorted(piece for row in rows for piece in row) == list(range(len(lengths)))
    assert all(0 < sum(lengths[piece] for piece in row) <= context for row in rows)
    assert pack(lengths, context) == rows


@given(pieces())
def test_it_is_the_best_fit_longest_first(given: tuple[list[int], int]) -> None:
    lengths, context = given
    rooms: list[int] = []  # the textbook algorithm
    for length in sorted(lengths, reverse=True):
        fitting = [room for room in rooms if room >= length]
        if fitting:
            rooms.remove(min(fitting))
            rooms.append(min(fitting) - length)
        else:
            rooms.append(context - length)
    used = [sum(lengths[piece] for piece in row) for row in pack(lengths, context)]
    assert sorted(context - tokens for tokens in used) == sorted(rooms)


def test_rows_are_nearly_full_and_packing_is_fast() -> None:
    lengths = rng(0, "lengths").integers(1, 400, 100_000).tolist()
    start = time.process_time()
    rows = pack(lengths, 1024)
    assert time.process_time() - start < 5
    assert sum(lengths) / (len(rows) * 1024) > 0.999


@pytest.mark.parametrize("lengths", [[0], [3, 9]])
def test_pieces_that_cannot_be_packed_are_an_error(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="do not fit rows of 8"):
        pack(lengths, 8)
