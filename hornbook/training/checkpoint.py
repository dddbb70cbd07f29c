"""Checkpoints: saved asynchronously and atomically; the last few are kept.

The format is PyTorch's distributed one: each process writes its part, and any number of processes, with or without
shards, can read it. A save goes to `step-N.tmp`, which is renamed to `step-N` when all processes have written.
"""

import os
import pickle
import shutil
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.staging import DefaultStager, StagingOptions
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_state_dict,
)

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import read_json, sync, write_json
from hornbook.training.distributed import Ranks

NAME = "step-{:09d}"
WHOSE = "run.json"
# frozen weights are loaded with the model: a checkpoint has only trained weights
OPTIONS = StateDictOptions(flatten_optimizer_state_dict=True, ignore_frozen_params=True, strict=False)
warnings.filterwarnings("ignore", "torch.distributed is disabled")  # intended with one process


class Checkpoints:
    """The checkpoints of one run. Use as a context manager: its exit waits for the last save.

    Args:
        keep: number of checkpoints to keep.
        identity: JSON that a checkpoint must match to be continued from.
    """

    def __init__(
        self,
        folder: Path,
        model: torch.nn.Module,
        optimiser: torch.optim.Optimizer,
        ranks: Ranks,
        keep: int,
        identity: dict[str, Any],
    ) -> None:
        self.folder, self.model, self.optimiser, self.ranks = folder, model, optimiser, ranks
        self.keep, self.identity = keep, identity
        # a process group of its own, so that saving does not interfere with the messages of training
        self.group = dist.new_group(backend="gloo") if ranks.world > 1 else None
        self.alone = {"no_dist": self.group is None, "process_group": self.group}
        self.stager = DefaultStager(StagingOptions(False, False, False, False))
        self.writer = ThreadPoolExecutor(1, "checkpoint")
        self.saving: Future[None] | None = None

    def load(self) -> int:
        """Load the last checkpoint into model and optimiser; returns the steps done, 0 if there is none.

        Raises HornbookError for a checkpoint of another model or of other settings, and for a damaged one.
        """
        found = self.ranks.from_first(self._clean() if self.ranks.first else [])
        if not found:
            return 0
        path = self.folder / found[-1]
        self._check(path)
        model, optimiser = get_state_dict(self.model, self.optimiser, options=OPTIONS)
        state = {"model": model, "optimiser": optimiser}
        try:
            dcp.load(state, checkpoint_id=path, **self.alone)
        except CheckpointException as error:
            raise _damaged(path, _reason(error)) from None
        set_state_dict(
            self.model,
            self.optimiser,
            model_state_dict=state["model"],
            optim_state_dict=state["optimiser"],
            options=OPTIONS,
        )
        return int(found[-1].removeprefix("step-"))

    def save(self, step: int) -> None:
        """Copy weights and optimiser state after `step` steps to CPU memory, and write them in the background.

        At most one save is in progress: this waits for the previous one.
        """
        self.wait()
        if not self.optimiser.state:  # no step has had a target so far: nothing to save
            return
        model, optimiser = get_state_dict(self.model, self.optimiser, options=OPTIONS)
        staged = self.stager.stage({"model": model, "optimiser": optimiser})
        self.saving = self.writer.submit(self._write, staged, step)

    def wait(self) -> None:
        """Wait until the current save is on disk. Raises its exception if it failed."""
        if self.saving:
            saving, self.saving = self.saving, None
            saving.result()

    def _write(self, staged: dict[str, Any], step: int) -> None:
        path = self.folder / NAME.format(step)
        aside = path.with_suffix(".tmp")
        try:
            dcp.save(staged, checkpoint_id=aside, **self.alone)  # returns in the first process when all have written
        except CheckpointException as error:
            raise HornbookError(f"{path}: cannot be written ({_reason(error)})") from None
        if self.ranks.first:
            write_json(aside / WHOSE, self.identity)
            sync(aside)
            os.replace(aside, path)
            sync(self.folder)
            for old in self._whole()[: -self.keep]:
                shutil.rmtree(self.folder / old)

    def _whole(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("step-*") if path.suffix != ".tmp")

    def _clean(self) -> list[str]:
        """Remove incomplete saves; returns the complete checkpoints."""
        for torn in self.folder.glob("step-*.tmp"):
            shutil.rmtree(torn)
        return self._whole()

    def _check(self, path: Path) -> None:
        """Raise HornbookError, naming the first difference, unless the checkpoint belongs to this run."""
        was, now = _flat(read_json(path / WHOSE)), _flat(self.identity)
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                raise HornbookError(
                    f"{path}: a checkpoint of other settings ({name} was {was.get(name)}, is {now.get(name)}); "
                    "remove it, or choose another output folder"
                )
        try:
            stored = dcp.FileSystemReader(path).read_metadata().state_dict_metadata
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise _damaged(path, one_line(error)) from None
        sizes = {name: list(entry.size) for name, entry in stored.items() if hasattr(entry, "size")}
        frozen = {name for name, weight in self.model.named_parameters() if not weight.requires_grad}
        for name, tensor in get_model_state_dict(self.model, options=OPTIONS).items():
            if name in frozen:
                continue
            there = sizes.pop(f"model.{name}", "missing")
            if there != list(tensor.shape):
                raise _another(path, name, there, list(tensor.shape))
        for name in sorted(sizes):
            if name.startswith("model."):
                raise _another(path, name.removeprefix("model."), sizes[name], "missing")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self.writer.shutdown()
        self.stager.close()
        if kind is None:
            self.wait()


def _flat(tree: dict[str, Any], above: str = "") -> dict[str, Any]:
    """The leaves of nested dicts by their paths."""
    leaves: dict[str, Any] = {}
    for name, value in tree.items():
        leaves |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return leaves


def _reason(error: CheckpointException) -> str:
    """The error of the first process that failed."""
    return next((one_line(failure) for failure, _ in error.failures.values()), one_line(error))


def _damaged(path: Path, reason: str) -> HornbookError:
    return HornbookError(f"{path}: damaged checkpoint; remove it to continue from the previous one ({reason[:200]})")


def _another(path: Path, name: str, there: list[int] | str, here: list[int] | str) -> HornbookError:
    return HornbookError(f"{path}: checkpoint of another model ({name} is {there} there, {here} here)")
