"""Run short pretrainings one after another, each in a folder of its own; finished ones are not repeated."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hornbook.base.errors import Diverged
from hornbook.base.files import read_json, write_json
from hornbook.base.progress import console
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import mixture_info
from hornbook.model.settings import ModelSettings
from hornbook.training.distributed import Ranks
from hornbook.training.loop import CHECKPOINTS, METRICS, VALIDATION
from hornbook.training.metrics import read_metrics
from hornbook.training.pretrain import pretrain
from hornbook.training.settings import PretrainSettings, RowsSettings

ONLY_AT_THE_END = 1 << 62  # steps between evaluations
RunResult = dict[str, Any]
Score = Callable[[Path, Workspace], dict[str, float]]  # of a folder with `model/` in it, in a workspace


@dataclass(frozen=True)
class ProxyRun:
    """A pretraining to run: `number` is that of its seed; runs with the same number start from the same weights."""

    name: str
    tokens: Path
    model: ModelSettings
    training: RowsSettings
    number: int = 0
    about: tuple[tuple[str, Any], ...] = ()  # further columns of its result


class ProxyRunner:
    """Does proxy runs in `runs/NAME/` of a stage's workspace; a run with a result.json is not repeated.

    The weights are removed once a run is scored. Under torchrun all processes train, and the first one writes.
    """

    def __init__(
        self, work: Workspace, tokenizer: Path, ranks: Ranks, expected: int, score: Score | None = None
    ) -> None:
        self.work, self.tokenizer, self.ranks, self.score = work, tokenizer, ranks, score
        self.expected = expected  # minimum number of runs
        self.results: list[RunResult] = []

    def run(self, run: ProxyRun) -> RunResult:
        """The result of a run: {name, number, tokens, steps, losses (validation, {source: nats}), training_loss of each
        step, scores, diverged (the reason or ""), and the columns `about` it}."""
        folder = self.work.path / "runs" / run.name
        if not (folder / "result.json").exists():
            began = time.monotonic()
            why = self._train(run, folder)
            if self.ranks.first:
                self._conclude(run, folder, why)
                place = f"[dim]{len(self.results) + 1:3}/{self.expected}[/dim]"
                console.print(f"{place} {run.name}: {_in_short(folder)} [dim]{time.monotonic() - began:.0f} s[/dim]")
            self.ranks.wait()
        if self.ranks.first:
            _tidy(folder)
        result: RunResult = read_json(folder / "result.json")
        result["training_loss"] = [row["loss"] for row in read_metrics(folder / METRICS)]
        self.results.append(result)
        return result

    def _train(self, run: ProxyRun, folder: Path) -> str:
        """Train unless a killed attempt has finished training; returns why it diverged, if it did."""
        if (folder / "model").exists():  # written last
            return ""
        inner = Workspace(folder, name=run.name, seed=derive(self.work.seed, "run", run.number))
        shared = run.training.model_copy(update={"evaluate_every": ONLY_AT_THE_END})
        values = {name: getattr(shared, name) for name in type(shared).model_fields}
        settings = PretrainSettings(model=run.model, **values)
        try:
            pretrain(settings, inner, tokens=run.tokens, tokenizer=self.tokenizer)
        except Diverged as error:
            return str(error)
        return ""

    def _conclude(self, run: ProxyRun, folder: Path, why: str) -> None:
        steps = read_metrics(folder / METRICS)
        measured = [] if why else read_metrics(folder / VALIDATION)
        last = measured[-1] if measured else {}
        losses = {name: value for name, value in last.items() if name not in ("step", "tokens")}
        scores = {} if why or not self.score else self.score(folder, Workspace(folder / "evaluation", name=run.name))
        write_json(
            folder / "result.json",
            {
                "name": run.name,
                "number": run.number,
                "tokens": steps[-1]["tokens"] if steps else 0,
                "steps": len(steps),
                "planned_tokens": mixture_info(run.tokens)["tokens"],
                "losses": losses,
                "scores": scores,
                "diverged": why,
                **dict(run.about),
            },
        )


def weighted_loss(losses: Mapping[str, float], shares: Mapping[str, float]) -> float:
    """Mean of the sources' losses weighted by their shares; nan if no source with a share has a loss."""
    weights = [shares.get(source, 0.0) for source in losses]
    return float(np.average(list(losses.values()), weights=weights)) if sum(weights) > 0 else float("nan")


def _tidy(folder: Path) -> None:
    for leftover in ("model", CHECKPOINTS):
        shutil.rmtree(folder / leftover, ignore_errors=True)


def _in_short(folder: Path) -> str:
    result = read_json(folder / "result.json")
    if result["diverged"]:
        return "diverged"
    return "loss " + ", ".join(f"{source} {loss:.3f}" for source, loss in result["losses"].items())
