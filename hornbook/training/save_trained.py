"""Save a trained model at the end of a stage, note its curves, and remove its checkpoints."""

import shutil
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.workspace import Workspace
from hornbook.model.load_save import save_model
from hornbook.model.lora import has_adapters, merge_adapters, save_adapter
from hornbook.training.distributed import Ranks
from hornbook.training.loop import CHECKPOINTS, METRICS, VALIDATION
from hornbook.training.metrics import read_metrics

POINTS = 200  # maximum number of points of a curve


def save_trained_model(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    work: Workspace,
    ranks: Ranks,
    curves: tuple[str, ...] = ("loss",),
) -> None:
    """Write `model/`, and `adapter/` for a model with adapters, which are merged; note NAME_curve [[tokens, value]...]
    of the figures in `curves`, and `validation_loss`; count tokens."""
    if ranks.first:
        if has_adapters(model):
            save_adapter(model, work.path / "adapter")
        save_model(merge_adapters(model), tokenizer, work.path / "model")
        metrics = read_metrics(work.path / METRICS)
        for name in curves:
            work.note(f"{name}_curve", averaged_curve(metrics, name))
        validations = read_metrics(work.path / VALIDATION)
        if validations:
            work.note("validation_loss", [[row.pop("tokens"), _without_step(row)] for row in validations])
        work.count(records_out=1, tokens=metrics[-1]["tokens"] if metrics else 0, steps=len(metrics))
        shutil.rmtree(work.path / CHECKPOINTS, ignore_errors=True)
    ranks.wait()


def averaged_curve(metrics: list[dict[str, Any]], name: str) -> list[list[float]]:
    """[[tokens, mean of a figure over the steps since the previous point]...], at most POINTS of them."""
    points = []
    size = max(1, -(-len(metrics) // POINTS))
    for start in range(0, len(metrics), size):
        part = metrics[start : start + size]
        targets = sum(row["targets"] for row in part)
        if targets:
            points.append([part[-1]["tokens"], sum(row[name] * row["targets"] for row in part) / targets])
    return points


def _without_step(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "step"}
