"""Next-token prediction on packed documents: pretraining, midtraining and SFT differ only in the loss mask."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from hornbook.mixture.packed_dataset import Rows
from hornbook.model.output_head import output_head
from hornbook.model.packed_attention import packed
from hornbook.model.packed_forward import PackedDocuments, hidden_states, pack_documents
from hornbook.training.losses import Loss, summed_cross_entropy


class TrainingText(NamedTuple):
    """One document: token ids, and which of them have a loss (all but the first, if None)."""

    tokens: np.ndarray | Sequence[int]
    learn: np.ndarray | Sequence[bool] | None = None


class LmBatch(NamedTuple):
    """Documents, the positions whose next token is a target, and those targets."""

    documents: PackedDocuments
    at_M: torch.Tensor
    targets_M: torch.Tensor

    @property
    def targets(self) -> int:
        return len(self.targets_M)

    @property
    def tokens(self) -> int:
        return len(self.documents.tokens_N)


class NextToken:
    """Cross-entropy of the next token (nats)."""

    names: tuple[str, ...] = ()

    def __call__(self, model: PreTrainedModel, batch: LmBatch) -> Loss:
        hidden_MC = hidden_states(model, batch.documents).index_select(0, batch.at_M)
        return Loss(summed_cross_entropy(output_head(model), hidden_MC, batch.targets_M))


class RowBatches:
    """Steps of `batch_rows` rows each, in the given order, split into microbatches of `microbatch_rows`.

    Args:
        texts: returns the documents in the rows with these indices.
        order: row indices in training order, each as often as it is to be trained on.
        row_tokens: approximate tokens per row.
        world: number of processes, over which a step's microbatches are distributed; each gets at least one.
    """

    def __init__(
        self,
        texts: Callable[[Sequence[int]], list[TrainingText]],
        order: Sequence[int],
        row_tokens: float,
        batch_rows: int,
        microbatch_rows: int,
        device: torch.device,
        world: int = 1,
    ) -> None:
        self.texts, self.order, self.device = texts, order, device
        self.batch_rows, self.microbatch_rows = batch_rows, min(microbatch_rows, -(-batch_rows // world))
        self.steps = -(-len(order) // batch_rows)
        self.tokens = int(len(order) * row_tokens)

    def microbatches(self, step: int, rank: int, world: int) -> Iterator[LmBatch]:
        rows = self.order[step * self.batch_rows : (step + 1) * self.batch_rows]
        starts = range(0, len(rows), self.microbatch_rows)
        for start in starts[rank::world]:
            yield lm_batch(self.texts(rows[start : start + self.microbatch_rows]), self.device)

    def describe(self, step: int, microbatches: Sequence[int]) -> str:
        rows = self.order[step * self.batch_rows : (step + 1) * self.batch_rows]
        size = self.microbatch_rows
        rows = [row for number in microbatches for row in rows[number * size : (number + 1) * size]] or rows
        return f"rows {', '.join(map(str, rows[:8]))}{' ...' if len(rows) > 8 else ''}"


def mixture_texts(rows: Rows) -> Callable[[Sequence[int]], list[TrainingText]]:
    """The documents in rows of a mixture."""

    def texts(indices: Sequence[int]) -> list[TrainingText]:
        tokens_BT, _, documents_BT = rows.batch(indices)
        found = []
        for tokens_T, documents_T in zip(tokens_BT, documents_BT, strict=True):
            lengths = np.bincount(documents_T[documents_T >= 0])
            found += [TrainingText(tokens) for tokens in np.split(tokens_T, np.cumsum(lengths))[:-1]]
        return found

    return texts


def lm_batch(texts: list[TrainingText], device: torch.device) -> LmBatch:
    """Documents with the positions and ids of their targets; the longest come first."""
    texts = sorted(texts, key=lambda text: -len(text.tokens))
    documents = pack_documents([text.tokens for text in texts], device)
    learn_N = np.concatenate([_learn(text) for text in texts])
    target_at = torch.from_numpy(np.flatnonzero(learn_N)).to(device)
    return LmBatch(documents, target_at - 1, documents.tokens_N[target_at])


@torch.no_grad()
def evaluate_loss(model: PreTrainedModel, batches: RowBatches) -> float:
    """Mean cross-entropy (nats per token) over all rows."""
    total, targets = 0.0, 0
    with packed(model):
        for step in range(batches.steps):
            for batch in batches.microbatches(step, 0, 1):
                total += NextToken()(model, batch).total.item()
                targets += batch.targets
    return total / max(targets, 1)


def _learn(text: TrainingText) -> np.ndarray:
    learn = np.ones(len(text.tokens), bool) if text.learn is None else np.array(text.learn, bool)
    learn[0] = False  # nothing comes before it
    return learn
