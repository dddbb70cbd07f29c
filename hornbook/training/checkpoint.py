"""Checkpoints: atomic, the last few kept, and exact: training goes on from one bit for bit."""

from pathlib import Path

import torch

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import atomic

NAME = "step-{:09d}.pt"


def save_checkpoint(
    folder: Path, step: int, model: torch.nn.Module, optimiser: torch.optim.Optimizer, keep: int
) -> None:
    """Write weights and optimiser state after `step` steps; then remove all but the last `keep` checkpoints."""
    with atomic(folder / NAME.format(step)) as temporary:
        torch.save({"step": step, "model": model.state_dict(), "optimiser": optimiser.state_dict()}, temporary)
    for old in _checkpoints(folder)[:-keep]:
        old.unlink()


def load_checkpoint(folder: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> int:
    """Put the last checkpoint's state into model and optimiser; returns the steps done, 0 if there is none.

    Raises HornbookError for a checkpoint of another model.
    """
    found = _checkpoints(folder)
    if not found:
        return 0
    state = torch.load(found[-1], map_location="cpu", weights_only=True)
    try:
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
    except (RuntimeError, ValueError) as error:
        raise HornbookError(f"{found[-1]}: a checkpoint of another model ({one_line(error)[:200]})") from None
    return int(state["step"])


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.pt"))
