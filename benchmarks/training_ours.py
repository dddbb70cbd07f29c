"""Our side of the training benchmark: the package's own loop, told by `rounds` when it is its turn."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.rounds import Rounds, job
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.mixture.packing import pack
from hornbook.model.load_save import load_model
from hornbook.training.distributed import Ranks
from hornbook.training.lm import LmBatch, NextToken, RowBatches, TrainingText
from hornbook.training.loop import train_model
from hornbook.training.settings import LoopSettings

EPOCHS = 1000  # more than any race takes
MICROBATCH_ROWS = 4


class RacingBatches:
    """`batches` that count the tokens of each step when the next one is asked for."""

    def __init__(self, batches: RowBatches, rounds: Rounds) -> None:
        self.batches, self.rounds = batches, rounds
        self.steps, self.tokens = batches.steps, batches.tokens
        self.done: int | None = None

    def microbatches(self, step: int, rank: int, world: int) -> Iterator[LmBatch]:
        if self.done is None:
            self.rounds.begin()
        else:
            self.rounds.step(self.done)
        self.done = 0
        for batch in self.batches.microbatches(step, rank, world):
            self.done += batch.tokens
            yield batch

    def describe(self, step: int, microbatches: Sequence[int]) -> str:
        return self.batches.describe(step, microbatches)


def main(asked: dict[str, Any]) -> None:
    """Train on `data` (see `training_data`) in rows of `context` tokens, `batch_rows` of them a step."""
    texts = [_text(record, asked["context"]) for record in json.loads(Path(asked["data"]).read_text())]
    model = load_model(asked["model"], "float32")
    model.config.max_position_embeddings = max(asked["context"], model.config.max_position_embeddings)
    batches = _batches(texts, asked["context"], asked["batch_rows"], model.device)
    settings = LoopSettings(
        threads=asked["threads"], dtype=asked["dtype"], learning_rate=2e-5, **asked.get("settings", {})
    )
    with tempfile.TemporaryDirectory() as folder:
        train_model(
            model, NextToken(), RacingBatches(batches, Rounds(asked["round_seconds"])), settings, _work(folder), Ranks()
        )


def _work(folder: str) -> Workspace:
    return Workspace(Path(folder))


def _text(record: Any, context: int) -> TrainingText:
    return (
        TrainingText(record["tokens"], record["learn"]) if isinstance(record, dict) else TrainingText(record[:context])
    )


def _batches(texts: list[TrainingText], context: int, batch_rows: int, device: torch.device) -> RowBatches:
    """As the stages do: best fit into rows, rows in a seeded order."""
    packed = pack([len(text.tokens) for text in texts], context)
    order = [int(row) for epoch in range(EPOCHS) for row in rng(0, "rows", epoch).permutation(len(packed))]

    def in_rows(rows: Sequence[int]) -> list[TrainingText]:
        return [texts[index] for row in rows for index in packed[row]]

    return RowBatches(in_rows, order, context, batch_rows, min(MICROBATCH_ROWS, batch_rows), device)


if __name__ == "__main__":
    main(job())
