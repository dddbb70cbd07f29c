"""Grouping of sequences that are prefixes of others."""

from collections.abc import Sequence


def group_by_prefix(sequences: Sequence[Sequence[int]]) -> list[list[int]]:
    """Indices of all sequences in groups: the first of a group is the longest, and all others are prefixes of it.

    In reverse lexicographic order a sequence comes right after those of which it is a prefix.
    """
    groups: list[list[int]] = []
    order = sorted(range(len(sequences)), key=lambda index: list(sequences[index]))
    for index in order[::-1]:
        sequence = sequences[index]
        if groups and sequences[groups[-1][0]][: len(sequence)] == sequence:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups
