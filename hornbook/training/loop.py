"""The one training loop. What is learnt is an objective, from what is a `Batches`, how fast is the settings' schedule.

Exact: the same seed, settings and machine give the same bytes, whether or not the run was killed on the way; two
processes give the losses of one but for rounding, because the loss of a step is the sum over all its targets
divided by their number, however they were split into microbatches and processes.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from transformers import PreTrainedModel

from hornbook.base.workspace import Workspace
from hornbook.model.attention import packed
from hornbook.model.packed import check_packing
from hornbook.training.checkpoint import load_checkpoint, save_checkpoint
from hornbook.training.journal import Journal
from hornbook.training.optimiser import make_optimiser
from hornbook.training.ranks import Ranks
from hornbook.training.schedule import rate
from hornbook.training.settings import LoopSettings
from hornbook.training.step import Microbatch, Objective, Stepper

CHECKPOINTS, METRICS, VALIDATION, TIMING = "checkpoints", "metrics.jsonl", "validation.jsonl", "timing.jsonl"


class Batches(Protocol):
    """The data in training order, a function of the seed alone.

    Attributes:
        steps: how many steps there are.
        tokens: about how many tokens in all, for the progress line.
    """

    steps: int
    tokens: int

    def microbatches(self, step: int, rank: int, world: int) -> Iterator[Microbatch]:
        """Those of one step's microbatches that fall to this process."""

    def describe(self, step: int) -> str:
        """Where the data of a step is to be found, for messages."""


@dataclass(frozen=True)
class Evaluation:
    """A measurement to make every so many steps and after the last one."""

    every: int
    measure: Callable[[PreTrainedModel], dict[str, float]]


def train(
    model: PreTrainedModel,
    objective: Objective,
    batches: Batches,
    settings: LoopSettings,
    work: Workspace,
    ranks: Ranks,
    evaluation: Evaluation | None = None,
) -> None:
    """Train `model` in place, continuing from `checkpoints/` in the workspace if there are any.

    Writes `metrics.jsonl` (step, tokens so far, targets, loss, the objective's figures, gradient_norm,
    learning_rate), `validation.jsonl` (step, tokens, and what `evaluation` measures) and `timing.jsonl`.

    Raises HornbookError when the loss or its gradient is not finite, naming the data, for a checkpoint of another
    model, and for a model that cannot be trained on packed documents.
    """
    torch.set_num_threads(settings.threads)
    model.eval()  # no dropout, whose random state would have to be resumed as well
    check_packing(model)
    optimiser = make_optimiser(model, settings)
    folder = work.path / CHECKPOINTS
    start = load_checkpoint(folder, model, optimiser)
    ranks.wait()  # before the first one writes
    stepper = Stepper(model, objective, optimiser, settings, ranks)
    with packed(model), _Log(work, batches.tokens, start, ranks) as log:
        for step in range(start, batches.steps + 1):
            if evaluation and (step == batches.steps or (step and step % evaluation.every == 0)):
                log.validation(step, evaluation, model)
            if step == batches.steps:
                break
            learning_rate = rate(step, batches.steps, settings.learning_rate, settings.warmup_share)
            where = f"step {step + 1} of {batches.steps} ({batches.describe(step)})"
            figures = stepper.update(batches.microbatches(step, ranks.rank, ranks.world), learning_rate, where)
            log.step(step + 1, learning_rate, figures)
            done = step + 1 == batches.steps
            if ranks.first and (done or (step + 1) % settings.checkpoint_every == 0):
                log.sync()
                save_checkpoint(folder, step + 1, model, optimiser, settings.keep_checkpoints)


class _Log:
    """The journals and the progress line of a run; only the first process has them."""

    def __init__(self, work: Workspace, tokens: int, start: int, ranks: Ranks) -> None:
        self.work, self.total, self.start, self.first = work, tokens, start, ranks.first
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        if self.first:
            files = (self.work.path / name for name in (METRICS, VALIDATION, TIMING))
            journals = [self.stack.enter_context(Journal(file, self.start)) for file in files]
            self.metrics, self.validations, self.timing = journals
            self.tokens = self.metrics.rows[-1]["tokens"] if self.metrics.rows else 0
            self.bar = self.stack.enter_context(self.work.progress("", self.total, "tokens", self.tokens))
            self.began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def step(self, step: int, learning_rate: float, figures: dict[str, float]) -> None:
        if not self.first:
            return
        tokens = int(figures["tokens"])
        self.tokens += tokens
        counts = {"tokens": self.tokens, "targets": int(figures["targets"])}
        self.metrics.add(**{"step": step, **figures, **counts, "learning_rate": learning_rate})
        now = time.perf_counter()
        self.timing.add(step=step, seconds=now - self.began, tokens_per_second=tokens / (now - self.began))
        self.began = now
        self.bar.advance(tokens, note=f"loss {figures['loss']:.3f}")

    def validation(self, step: int, evaluation: Evaluation, model: PreTrainedModel) -> None:
        if self.first and step not in [row["step"] for row in self.validations.rows]:
            self.validations.add(step=step, tokens=self.tokens, **evaluation.measure(model))
            self.began = time.perf_counter()

    def sync(self) -> None:
        self.metrics.sync()
        self.validations.sync()
