"""The training loop of all stages, given an objective and a `TrainingBatches`.

The same seed, settings and machine give the same bytes, whether or not the run was killed and resumed; two processes
give the losses of one except for rounding, because the loss of a step is the sum over all its targets divided by their
number, however they are split into microbatches and processes.
"""

import ctypes
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from transformers import PreTrainedModel

from hornbook.base.workspace import Workspace
from hornbook.model.device import pick_dtype
from hornbook.model.packed_attention import packed
from hornbook.model.row_layout import has_layout
from hornbook.training.checkpoint import Checkpoints
from hornbook.training.choose_row_layout import choose_row_layout
from hornbook.training.distributed import Ranks
from hornbook.training.fsdp import Learner, sharded
from hornbook.training.layers import adapted_layers
from hornbook.training.metrics import METRICS, VALIDATION, TrainingLog
from hornbook.training.optimiser_and_lr_schedule import learning_rate_at, make_optimiser
from hornbook.training.settings import LoopSettings
from hornbook.training.step import Microbatch, Objective, Stepper
from hornbook.training.throughput import flop_cost, matmul_peak

CHECKPOINTS = "checkpoints"
__all__ = ["CHECKPOINTS", "METRICS", "VALIDATION", "Evaluation", "TrainingBatches", "train_model"]


class TrainingBatches(Protocol):
    """The data in training order, a function of the seed only.

    Attributes:
        steps: number of steps.
        tokens: approximate total number of tokens, for the progress line.
    """

    steps: int
    tokens: int

    def microbatches(self, step: int, rank: int, world: int) -> Iterator[Microbatch]:
        """The microbatches of a step for this process: number `rank`, `rank + world` and so on."""

    def describe(self, step: int, microbatches: Sequence[int]) -> str:
        """Where to find the data of these microbatches of a step, for messages; of all if none is given."""


@dataclass(frozen=True)
class Evaluation:
    """A measurement after every `every` steps and after the last one."""

    every: int
    measure: Callable[[PreTrainedModel], dict[str, float]]


def train_model(
    model: PreTrainedModel,
    objective: Objective,
    batches: TrainingBatches,
    settings: LoopSettings,
    work: Workspace,
    ranks: Ranks,
    evaluation: Evaluation | None = None,
) -> None:
    """Train `model` in place, continuing from `checkpoints/` in the workspace if there are any.

    Writes `metrics.jsonl` (step, tokens so far, targets, loss, the objective's figures, gradient_norm,
    learning_rate), `validation.jsonl` (step, tokens, and the figures of `evaluation`) and `timing.jsonl`.

    Raises HornbookError when the loss or its gradient is not finite, naming the data, for a checkpoint of another
    model, and as `choose_row_layout` does, which is called here unless the stage has done so.
    """
    keep_memory()
    torch.set_num_threads(settings.threads)
    model.eval()  # no dropout, whose random state would have to be saved in checkpoints
    if not has_layout(model):
        choose_row_layout(model, None, settings, work, ranks)
    half = pick_dtype(settings.dtype, model.device) == torch.bfloat16
    if settings.sharding == "fsdp" and ranks.world > 1:
        with sharded(model, ranks, half) as learner:
            _learn(learner, objective, batches, settings, half, work, ranks, evaluation)
    else:
        _learn(Learner(model), objective, batches, settings, half, work, ranks, evaluation)


def _learn(
    learner: Learner,
    objective: Objective,
    batches: TrainingBatches,
    settings: LoopSettings,
    half: bool,
    work: Workspace,
    ranks: Ranks,
    evaluation: Evaluation | None,
) -> None:
    optimiser = make_optimiser(learner.model, settings)
    stepper = Stepper(learner, objective, optimiser, settings, half, ranks)
    identity = {"settings": settings.identity(), "steps": batches.steps}
    every = evaluation.every if evaluation else batches.steps + 1
    with ExitStack() as stack:
        checkpoints = stack.enter_context(
            Checkpoints(work.path / CHECKPOINTS, learner.model, optimiser, ranks, settings.keep_checkpoints, identity)
        )
        start = checkpoints.load()
        ranks.wait()  # before the first one writes
        peak = matmul_peak(torch.bfloat16 if half else torch.float32, learner.model.device)
        log = stack.enter_context(
            TrainingLog(
                work, settings.trackers, batches.tokens, start, flop_cost(learner.model), ranks.world * peak, ranks
            )
        )
        stack.enter_context(packed(learner.model))
        stack.enter_context(adapted_layers(learner.model, settings.compile, settings.activation_checkpointing))
        for step in range(start, batches.steps + 1):
            done = step == batches.steps
            if evaluation and (done or (step and step % every == 0)):
                checkpoints.wait()  # saved before a measurement that may run out of memory
                if ranks.first or learner.sharded:
                    log.validation(step, learner(evaluation.measure))
            if done:
                break
            learning_rate = learning_rate_at(step, batches.steps, settings.learning_rate, settings.warmup_share)
            where = partial(_where, batches, step)
            update = stepper.update(batches.microbatches(step, ranks.rank, ranks.world), learning_rate, where)
            log.step(step + 1, learning_rate, update)
            if step + 1 == batches.steps or (step + 1) % settings.checkpoint_every == 0 or (step + 1) % every == 0:
                log.sync()
                checkpoints.save(step + 1)


def _where(batches: TrainingBatches, step: int, microbatches: list[int]) -> str:
    return f"step {step + 1} of {batches.steps} ({batches.describe(step, microbatches)})"


M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # constants of glibc's mallopt
NEVER = 2**31 - 1


def keep_memory() -> None:
    """Keep freed memory for the next step, with glibc only.

    By default each large activation is mapped again, and the kernel clears its pages. Without that, steps took 6 to 7 %
    less processor time at 11 M parameters, with the same peak memory.
    """
    if platform.libc_ver()[0] == "glibc":
        c_library = ctypes.CDLL(None)
        c_library.mallopt(M_MMAP_MAX, 0)
        c_library.mallopt(M_TRIM_THRESHOLD, NEVER)
