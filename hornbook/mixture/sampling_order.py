"""Sampling order of the pieces of a mixture's part: epoch after epoch, each in a new order."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hornbook.mixture.feistel_permutation import Permutation, uniform

SLOTS_AT_ONCE = 4096  # documents looked up together, which bounds a stream's memory


@dataclass(frozen=True)
class MixturePart:
    """A part of the mixture with its share: a source, or the naturally long documents of several sources.

    `documents_D` are indices into the catalogue, memory-mapped. Those of `upweight_from` tokens or more are seen
    `upweight` times as often as the others. `joined`: its pieces are laid end to end and read as one text.
    """

    name: str
    share: float
    documents_D: np.ndarray
    upweight: float = 1.0
    upweight_from: float = 0.0
    joined: bool = False


def cut_pieces(documents_D: np.ndarray, lengths_D: np.ndarray, context: int) -> np.ndarray:
    """Cut documents into pieces of at most `context` tokens.

    Args:
        documents_D: indices of the documents; lengths_D: their token counts.

    Returns:
        pieces_P3: document, start within it, length. A document's pieces are consecutive and cover it exactly.
    """
    count_D = -(-lengths_D // context)
    document_P = np.repeat(np.arange(len(lengths_D)), count_D)
    first_D = np.cumsum(count_D) - count_D
    start_P = (np.arange(len(document_P)) - first_D[document_P]) * context
    length_P = np.minimum(context, lengths_D[document_P] - start_P)
    return np.stack([documents_D[document_P], start_P, length_P], axis=1)


class PieceStream:
    """The infinite stream of the pieces of a part, a function of the seed; `take` returns the next ones.

    An epoch has a slot for each possible occurrence of a document; their order is computed, not stored.

    Args:
        lengths: returns the token counts of documents.

    Attributes:
        taken: tokens returned so far.
    """

    def __init__(self, part: MixturePart, lengths: Callable[[np.ndarray], np.ndarray], context: int, seed: int) -> None:
        self.part, self.lengths, self.context, self.seed = part, lengths, context, seed
        self.slots = len(part.documents_D) * int(np.ceil(part.upweight))
        self.taken = 0
        self._epoch, self._slot = 0, 0
        self._left = np.empty((0, 3), np.int64)

    def take(self, until: float) -> np.ndarray:
        """The next pieces (pieces_P3), so that the tokens taken are as close to `until` as whole pieces allow."""
        parts = []
        while True:
            if not len(self._left):
                self._left = self._next()
            length_P = self._left[:, 2]
            middle_P = self.taken + np.cumsum(length_P) - length_P / 2
            number = int(np.searchsorted(middle_P, until))  # a piece is included if its middle is before `until`
            parts.append(self._left[:number])
            self.taken += int(length_P[:number].sum())
            done = number < len(self._left)
            self._left = self._left[number:]
            if done:
                return np.concatenate(parts)

    def _next(self) -> np.ndarray:
        """The pieces of the next slots."""
        order = Permutation(self.slots, self.seed, "order", self.part.name, self._epoch)
        slots_S = order(np.arange(self._slot, min(self._slot + SLOTS_AT_ONCE, self.slots)))
        time_S, place_S = np.divmod(slots_S, len(self.part.documents_D))
        documents_S = self.part.documents_D[place_S]
        lengths_S = self.lengths(documents_S)
        chance_S = uniform(place_S, self.seed, "times", self.part.name, self._epoch)
        weight_S = np.where(lengths_S >= self.part.upweight_from, self.part.upweight, 1.0)
        seen_S = time_S < np.floor(weight_S + chance_S)  # a fractional weight is a probability
        self._slot += SLOTS_AT_ONCE
        if self._slot >= self.slots:
            self._epoch, self._slot = self._epoch + 1, 0
        return cut_pieces(documents_S[seen_S], lengths_S[seen_S], self.context)
