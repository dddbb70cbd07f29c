"""Our side of the DPO benchmark: the package's own loop, told by `rounds` when it is its turn."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from benchmarks.dpo_data import read_pairs
from benchmarks.rounds import Rounds, job
from hornbook.base.workspace import Workspace
from hornbook.model.load_save import load_model
from hornbook.training.distributed import Ranks
from hornbook.training.dpo_data import PairBatch, PairBatches, group_pairs
from hornbook.training.dpo_loss import Dpo, log_ratios
from hornbook.training.loop import train_model
from hornbook.training.losses import Loss
from hornbook.training.settings import DpoSettings

EPOCHS = 1000  # more than any race takes


class RacingPairs(PairBatches):
    """Counts the pairs of each step when the next one is asked for."""

    rounds: Rounds
    done: int | None = None

    def microbatches(self, step: int, rank: int, world: int) -> Iterator[PairBatch]:
        if self.done is None:
            self.rounds.begin()
        else:
            self.rounds.step(self.done)
        self.done = 0
        for batch in super().microbatches(step, rank, world):
            self.done += batch.targets
            yield batch


class WithReference(Dpo):
    """Pays for the reference terms of each step as if they were new: what the one epoch that most runs have costs."""

    def __call__(self, model: PreTrainedModel, batch: PairBatch) -> Loss:
        with torch.no_grad():
            self.reference_P[batch.pairs] = log_ratios(model, batch, self.length_normalise)
        return super().__call__(model, batch)


def main(asked: dict[str, Any]) -> None:
    """Train on `data` (see `dpo_data`), with the reference terms at hand if `precomputed`."""
    # With zeros for a reference, margins are such as no training has, and gradients too small for normal floats; these
    # take a CPU many times as long. The peer flushes them to zero as well.
    torch.set_flush_denormal(True)
    pairs = read_pairs(Path(asked["data"]))
    model = load_model(asked["model"], "float32")
    settings = DpoSettings(
        threads=asked["threads"],
        dtype=asked["dtype"],
        epochs=EPOCHS,
        checkpoint_every=10**9,
        **asked.get("settings", {}),
    )
    objective = (Dpo if asked["precomputed"] else WithReference)(torch.zeros(len(pairs)), settings.beta, 0.0, False)
    batches = RacingPairs(pairs, group_pairs(pairs), settings, 0, model.device, 1)
    batches.rounds = Rounds(asked["round_seconds"])
    with tempfile.TemporaryDirectory() as folder:
        train_model(model, objective, batches, settings, Workspace(Path(folder)), Ranks())


if __name__ == "__main__":
    main(job())
