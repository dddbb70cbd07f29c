"""In which order the pieces of a source are seen: epoch after epoch, each in an order of its own."""

from collections.abc import Callable

import numpy as np

from hornbook.base.seeds import rng

Order = Callable[[int], np.ndarray]  # epoch -> indices of documents, in the order in which that epoch shows them


def cut(documents_D: np.ndarray, lengths_D: np.ndarray, context: int) -> np.ndarray:
    """Cut documents into pieces of at most `context` tokens.

    Args:
        documents_D: indices of the documents; lengths_D: their tokens.

    Returns:
        pieces_P3: document, start within it, length. A document's pieces follow each other and cover it exactly.
    """
    count_D = -(-lengths_D // context)
    document_P = np.repeat(np.arange(len(lengths_D)), count_D)
    first_D = np.cumsum(count_D) - count_D
    start_P = (np.arange(len(document_P)) - first_D[document_P]) * context
    length_P = np.minimum(context, lengths_D[document_P] - start_P)
    return np.stack([documents_D[document_P], start_P, length_P], axis=1)


class Stream:
    """The endless stream of the pieces of some documents, one epoch of them in memory; `take` hands out the next ones.

    Attributes:
        taken: tokens handed out so far.
    """

    def __init__(self, order: Order, lengths_D: np.ndarray, context: int) -> None:
        self.order, self.lengths_D, self.context = order, lengths_D, context
        self.epoch = 0
        self.taken = 0
        self._left = np.empty((0, 3), np.int64)

    def take(self, until: float) -> np.ndarray:
        """The next pieces (pieces_P3), so that all tokens taken come as near to `until` as whole pieces allow."""
        parts = []
        while True:
            if not len(self._left):
                documents = self.order(self.epoch)
                self._left = cut(documents, self.lengths_D[documents], self.context)
                self.epoch += 1
            length_P = self._left[:, 2]
            middle_P = self.taken + np.cumsum(length_P) - length_P / 2
            number = int(np.searchsorted(middle_P, until))  # a piece belongs here if its middle does
            parts.append(self._left[:number])
            self.taken += int(length_P[:number].sum())
            done = number < len(self._left)
            self._left = self._left[number:]
            if done:
                return np.concatenate(parts)


def shuffled(documents_D: np.ndarray, weights_D: np.ndarray, seed: int, name: str) -> Order:
    """Each epoch shows every document `weights_D` times (at least once; a fraction is a chance), well shuffled."""

    def order(epoch: int) -> np.ndarray:
        random = rng(seed, "order", name, epoch)
        times_D = np.floor(weights_D + random.random(len(weights_D))).astype(np.int64)
        return random.permutation(np.repeat(documents_D, times_D))

    return order
