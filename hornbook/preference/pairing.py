"""Choose pairs from graded replies to a prompt."""

from collections.abc import Sequence


def best_against_worst(grades: Sequence[float], can_win: Sequence[bool], most: int) -> list[tuple[int, int]]:
    """Up to `most` pairs (better, worse) of indices: the best with the worst, the next best with the next worst ...

    No reply is used twice, a tie gives no pair, and only replies that `can_win` are preferred.
    """
    winners = sorted((i for i in range(len(grades)) if can_win[i]), key=lambda i: (-grades[i], i))
    losers = sorted(range(len(grades)), key=lambda i: (grades[i], i))
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    for winner in winners:
        loser = next((i for i in losers if i not in used and i != winner), None)
        if len(pairs) == most or winner in used or loser is None or grades[winner] <= grades[loser]:
            break
        pairs.append((winner, loser))
        used |= {winner, loser}
    return pairs


def rank_agreement(truth: Sequence[float], grades: Sequence[float]) -> list[float]:
    """For each two replies of which one is truly better: 1 if the grades agree, 0.5 for a tie, else 0."""
    agreement = []
    for i, true_i in enumerate(truth):
        for j, true_j in enumerate(truth):
            if true_i > true_j:
                agreement.append(1.0 if grades[i] > grades[j] else 0.5 if grades[i] == grades[j] else 0.0)
    return agreement
