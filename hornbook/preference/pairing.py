"""Choose pairs from graded replies to a prompt."""

from collections.abc import Sequence


def best_against_worst(
    grades: Sequence[float], can_win: Sequence[bool], most: int, tokens: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    """Up to `most` pairs (better, worse) of indices: the best with the worst, the next best with the next worst ...

    Of equally good and equally bad replies those come together whose tokens agree longest from the beginning: such a
    pair differs in little but what made it right or wrong. No reply is used twice, a tie gives no pair, and only
    replies that `can_win` are preferred.
    """
    left = set(range(len(grades)))
    pairs: list[tuple[int, int]] = []
    while len(pairs) < most:
        winners = [i for i in sorted(left) if can_win[i]]
        best, worst = max((grades[i] for i in winners), default=None), min((grades[i] for i in left), default=None)
        if best is None or worst is None or best <= worst:
            break
        losers = [i for i in sorted(left) if grades[i] == worst]
        combinations = [(i, j) for i in winners if grades[i] == best for j in losers]
        closest = max(combinations, key=lambda pair: common_prefix(tokens[pair[0]], tokens[pair[1]]))
        pairs.append(closest)
        left -= set(closest)
    return pairs


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """The number of tokens with which both begin."""
    differing = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))


def rank_agreement(truth: Sequence[float], grades: Sequence[float]) -> list[float]:
    """For each two replies of which one is truly better: 1 if the grades agree, 0.5 for a tie, else 0."""
    agreement = []
    for i, true_i in enumerate(truth):
        for j, true_j in enumerate(truth):
            if true_i > true_j:
                agreement.append(1.0 if grades[i] > grades[j] else 0.5 if grades[i] == grades[j] else 0.0)
    return agreement
