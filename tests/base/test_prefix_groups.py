"""Sequences are grouped with the longest that they begin."""

from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.prefix_groups import group_by_prefix


@given(st.lists(st.lists(st.integers(0, 2), max_size=4), max_size=8))
def test_each_sequence_is_in_one_group_whose_first_it_begins_and_which_no_other_sequence_continues(sequences):
    groups = group_by_prefix(sequences)
    assert sorted(index for group in groups for index in group) == list(range(len(sequences)))
    for longest, *others in groups:
        assert all(sequences[longest][: len(sequences[i])] == sequences[i] for i in others)
        assert not any(
            s[: len(sequences[longest])] == sequences[longest] for s in sequences if len(s) > len(sequences[longest])
        )
