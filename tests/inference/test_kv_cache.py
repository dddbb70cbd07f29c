"""Rows at shared prefixes: whoever comes and goes, each row sees its own prefix, and few lanes are computed."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from hornbook.inference.kv_cache import LANE_MULTIPLE, SharedRows
from hornbook.inference.prefix_cache import SharedPrefix

ROWS, LANES, SLOTS, WIDTH = 12, 4, 6, 2
TEXTS = [tuple(range(start, start + 16)) for start in (100, 200, 300)]


def prefix(text: tuple[int, ...]) -> SharedPrefix:
    """Keys and values that name the text."""
    keys = torch.full((1, len(text), WIDTH), float(text[0]))
    return SharedPrefix(text, [keys], [keys.clone()])


comings_and_goings = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from(TEXTS), st.integers(1, 16)),
        st.tuples(st.just("go"), st.integers(0, ROWS - 1), st.just(0)),
        st.tuples(st.just("compact"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(comings_and_goings)
def test_each_row_sees_its_own_prefix(events: list) -> None:
    cache = SharedRows(ROWS, 8, SLOTS, LANES, 16, torch.float32, torch.device("cpu"))
    sitting: dict[int, tuple[tuple[int, ...], int]] = {}  # head and cut of each row
    for kind, what, cut in events:
        idle = [row for row in range(ROWS) if row not in sitting]
        if kind == "come" and idle and cache.reserve(idle[0], what, cut):
            sitting[idle[0]] = (what, cut)
            cache.fill([(what, prefix(what))])
        elif kind == "go" and what in sitting:
            cache.release(what)
            del sitting[what]
        elif kind == "compact" and sitting:
            kept = sorted(sitting)
            cache.compact(kept)
            sitting = {number: sitting[row] for number, row in enumerate(kept)}
        if not sitting:
            continue
        cache.at(torch.zeros(ROWS, dtype=torch.long), torch.zeros(ROWS, dtype=torch.long))
        blocks, places = cache.mask_SP1T.shape[:2]
        keys_SGTD, _ = cache.prefix_layer(0)
        for row, (head, seen) in sitting.items():
            block, place = divmod(int(cache.lane_R[row]), places)
            assert int(cache.row_of_lane[block * places + place]) == row
            assert int((cache.mask_SP1T[block, place, 0] == 0).sum()) == seen
            assert (keys_SGTD[block, 0, :seen] == head[0]).all()
        many = [head for head, _ in sitting.values()]
        needed = sum(-(-many.count(text) // LANES) for text in TEXTS)
        assert sum(taken > 0 for taken in cache.taken) == needed
        assert blocks <= SLOTS and places <= max(LANE_MULTIPLE, LANES)


def test_no_lane_is_left() -> None:
    cache = SharedRows(ROWS, 8, 1, LANES, 16, torch.float32, torch.device("cpu"))
    assert all(cache.reserve(row, TEXTS[0], 16) for row in range(LANES))
    assert not cache.reserve(LANES, TEXTS[0], 16)
    assert not cache.reserve(LANES, TEXTS[1], 16)
    for row in range(LANES):
        cache.release(row)
    assert cache.reserve(LANES, TEXTS[1], 16)
