"""What followed from the accepted and the rejected token of a pivot, out of the rollouts already made."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hornbook.base.records import Pair, Pivot
from hornbook.pivotal.records import MadeRollout

Decode = Callable[[list[int]], str]
SHOWN = 4  # different continuations a side, the most frequent first
CHARACTERS = 500  # of each


def pivot_tokens(pivot: Pivot) -> list[int]:
    return pivot.solution_tokens[pivot.position : pivot.position + pivot.length]


class Followed:
    """Rollouts by where they began, and the opposite of each pivot."""

    def __init__(self, rollouts: list[MadeRollout], pairs: list[Pair], decode: Decode) -> None:
        self.decode = decode
        self.begun: dict[tuple[str, tuple[int, ...]], list[MadeRollout]] = {}
        for rollout in rollouts:
            self.begun.setdefault((rollout.question, tuple(rollout.prefix_tokens)), []).append(rollout)
        self.pairs = {parent: pair for pair in reversed(pairs) for parent in pair.parents}

    def sides(self, pivot: Pivot) -> list[dict[str, Any]]:
        """The accepted side, then the rejected one; a pivot without a pair has only its own."""
        pair = self.pairs.get(pivot.id)
        if pair:
            tokens = {"accepted": pair.chosen_tokens, "rejected": pair.rejected_tokens}
        else:
            tokens = {"accepted" if pivot.delta > 0 else "rejected": pivot_tokens(pivot)}
        return [self._side(role, pivot, side) for role, side in tokens.items()]

    def _side(self, role: str, pivot: Pivot, side: list[int]) -> dict[str, Any]:
        end = pivot.solution_tokens[: pivot.position] + side
        passed = self.through(pivot.question, end)
        return {
            "role": role,
            "text": self.decode(side),
            "pivot": side == pivot_tokens(pivot),
            "right": sum(success for _, success in passed),
            "made": len(passed),
            "rollouts": [
                [self._text(list(tokens)), success, count]
                for (tokens, success), count in Counter(passed).most_common(SHOWN)
            ],
        }

    def through(self, question: str, end: list[int]) -> list[tuple[tuple[int, ...], bool]]:
        """What came after `end`, and the verdict, in every rollout from there or earlier that passed through it."""
        passed = []
        for given in range(len(end), -1, -1):
            rest = end[given:]
            for rollout in self.begun.get((question, tuple(end[:given])), []):
                conditioned = not rest and rollout.avoid >= 0  # its next token was not free
                if rollout.tokens[: len(rest)] == rest and not conditioned:
                    passed.append((tuple(rollout.tokens[len(rest) :]), rollout.success))
        return passed

    def _text(self, tokens: list[int]) -> str:
        text = self.decode(tokens)
        return text if len(text) <= CHARACTERS else text[:CHARACTERS] + " …"
