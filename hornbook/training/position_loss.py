"""What a model makes of the far end of a long text: its loss by position in held-out long documents (report §3.3).

A model that does not use its longer context loses more there than near the beginning, or no less. Documents are the
units of the intervals, and two models are compared on the same ones.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from hornbook.base.confidence_intervals import middle_95
from hornbook.base.files import read_json, write_json
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import validation_rows
from hornbook.model.output_head import output_head
from hornbook.model.packed_attention import packed
from hornbook.model.packed_forward import hidden_states, pack_documents
from hornbook.training.losses import cross_entropies

FILE = "position_loss.json"
RESAMPLES = 2000
MOST_DOCUMENTS = 400
TOKENS_AT_ONCE = 8192


class PositionLoss(NamedTuple):
    """Summed losses (nats) and tokens of D documents in B ranges of positions; `edges` has the B + 1 bounds."""

    edges: list[int]
    documents: list[str]
    losses_DB: np.ndarray
    tokens_DB: np.ndarray


def long_documents(tokens: Path, longer_than: int) -> dict[str, np.ndarray]:
    """The held-out documents of a mixture that have more than `longer_than` tokens, as far as its context, by id."""
    found: dict[str, np.ndarray] = {}
    for rows in validation_rows(tokens).values():
        found |= rows.long_documents(longer_than, MOST_DOCUMENTS)
    return dict(sorted(found.items())[:MOST_DOCUMENTS])


def range_edges(old: int, context: int) -> list[int]:
    """Bounds of the ranges: what the model read before, then twice as far each time, up to the new context."""
    edges = [0, min(old, context)]
    while edges[-1] < context:
        edges.append(min(2 * edges[-1], context))
    return edges


@torch.no_grad()
def position_loss(
    model: PreTrainedModel, documents: dict[str, np.ndarray], edges: Sequence[int], work: Workspace, label: str
) -> PositionLoss:
    """The model's loss at each token but the first of each document, summed within the ranges."""
    shape = (len(documents), len(edges) - 1)
    losses_DB, tokens_DB = np.zeros(shape), np.zeros(shape, np.int64)
    texts = list(documents.values())
    size = max(1, TOKENS_AT_ONCE // edges[-1])
    with work.progress(label, len(texts), "documents") as bar, packed(model):
        for start in range(0, len(texts), size):
            some = texts[start : start + size]
            inputs = pack_documents(some, model.device)
            hidden_NC = hidden_states(model, inputs)
            targets_N = inputs.tokens_N.roll(-1)  # a document's last is no target: it is left out below
            losses_N = cross_entropies(output_head(model), hidden_NC, targets_N).cpu().numpy()
            for number, losses_T in enumerate(np.split(losses_N, np.cumsum([len(text) for text in some])[:-1]), start):
                range_T = np.searchsorted(edges, np.arange(1, len(losses_T)), side="right") - 1
                np.add.at(losses_DB[number], range_T, losses_T[:-1])
                np.add.at(tokens_DB[number], range_T, 1)
            bar.advance(len(some))
    return PositionLoss(list(edges), list(documents), losses_DB, tokens_DB)


def table(after: PositionLoss, before: PositionLoss) -> list[dict[str, Any]]:
    """A row for each range of positions: {from, to, documents, tokens, before, after, difference, low, high}.

    Losses are means over the range's tokens, in nats; the interval of after - before is a bootstrap over documents.
    """
    rows = []
    for number, (start, end) in enumerate(pairwise(after.edges)):
        tokens_D = after.tokens_DB[:, number]
        reaches_D = tokens_D > 0
        pairs_D2 = np.stack([before.losses_DB[reaches_D, number], after.losses_DB[reaches_D, number]], axis=1)
        tokens_D = tokens_D[reaches_D]
        if not len(tokens_D):
            continue
        random = rng(0, "loss by position", number)
        drawn_RD = random.integers(len(tokens_D), size=(RESAMPLES, len(tokens_D)))
        moved_D = pairs_D2[:, 1] - pairs_D2[:, 0]
        low, high = middle_95(moved_D[drawn_RD].sum(axis=1) / tokens_D[drawn_RD].sum(axis=1))
        total = int(tokens_D.sum())
        rows.append(
            {
                "from": start,
                "to": end,
                "documents": len(tokens_D),
                "tokens": total,
                "before": float(pairs_D2[:, 0].sum() / total),
                "after": float(pairs_D2[:, 1].sum() / total),
                "difference": float(moved_D.sum() / total),
                "low": low,
                "high": high,
            }
        )
    return rows


def write_position_loss(losses: PositionLoss, folder: Path) -> None:
    """Keep the figures in `folder`, for a model that is compared with this one."""
    write_json(
        folder / FILE,
        {**losses._asdict(), "losses_DB": losses.losses_DB.tolist(), "tokens_DB": losses.tokens_DB.tolist()},
    )


def read_position_loss(folder: Path) -> PositionLoss:
    """What `write_position_loss` kept. Raises HornbookError where there is none."""
    kept = read_json(folder / FILE)
    return PositionLoss(kept["edges"], kept["documents"], np.array(kept["losses_DB"]), np.array(kept["tokens_DB"]))
