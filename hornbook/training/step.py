"""One training step: an update from any number of microbatches and processes."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch.distributed.tensor import DTensor
from torch.nn.utils import clip_grad_norm_
from transformers import PreTrainedModel

from hornbook.base.errors import Diverged
from hornbook.model.packed_forward import PackedDocuments
from hornbook.training.distributed import Ranks
from hornbook.training.fsdp import Learner, no_loss
from hornbook.training.losses import Loss
from hornbook.training.settings import LoopSettings
from hornbook.training.throughput import StepCounts


class Microbatch(Protocol):
    """The data of one forward pass. The loss is averaged over `targets`; a batch without targets is skipped."""

    @property
    def targets(self) -> int: ...

    @property
    def documents(self) -> PackedDocuments: ...


class Objective(Protocol):
    """Computes the loss. `names` are those of the figures that it returns along with the loss."""

    names: tuple[str, ...]

    def __call__(self, model: PreTrainedModel, batch: Any, /) -> Loss: ...


class Update(NamedTuple):
    """Result of a step: the counts of all processes, and figures by name (the loss first)."""

    work: StepCounts
    figures: dict[str, float]


class Stepper:
    """Updates a model with the gradient of the mean loss over all targets of a step.

    Args:
        half: whether to compute in bfloat16.
    """

    def __init__(
        self,
        learner: Learner,
        objective: Objective,
        optimiser: torch.optim.Optimizer,
        settings: LoopSettings,
        half: bool,
        ranks: Ranks,
    ) -> None:
        self.learner, self.objective, self.optimiser, self.ranks = learner, objective, optimiser, ranks
        self.clip = settings.clip
        self.weights = [weight for weight in learner.parameters() if weight.requires_grad]
        self.device = learner.model.device
        self.precision = torch.autocast(self.device.type, torch.bfloat16, enabled=half)

    def update(
        self, microbatches: Iterator[Microbatch], learning_rate: float, where: Callable[[list[int]], str]
    ) -> Update:
        """One update from this process's microbatches of a step, number `rank`, `rank + world` and so on.

        The figures are the loss and the objective's own (means over the targets), and the norm of the gradient. A step
        without any target changes nothing. Raises Diverged when loss or gradient is not finite; the message names the
        data of the affected microbatches by `where(numbers)`.
        """
        batches = list(microbatches)
        passes = self._passes(batches)
        self.optimiser.zero_grad()
        losses = [self._learn(batch) for batch in passes]
        sums = self._sums(batches, losses)
        self.ranks.sum([sums])
        tokens, targets, squares, *totals = sums.tolist()
        loss, *others = (total / max(targets, 1) for total in totals)
        norm = 0.0
        if targets:
            gradients = self._gradients()
            if not self.learner.sharded:  # FSDP has summed them already
                self.ranks.sum(gradients)
            torch._foreach_div_(gradients, targets)
            norm = _whole(clip_grad_norm_(self.weights, self.clip)).item()
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise Diverged(
                    f"{where(self._culprits(batches, passes, losses))}: the loss is {loss:g} and the norm of its "
                    f"gradient {norm:g}; lower the learning rate, warm up longer, or check this data"
                )
            for group in self.optimiser.param_groups:
                group["lr"] = learning_rate
            self.optimiser.step()
        figures = {"loss": loss, **dict(zip(self.objective.names, others, strict=True)), "gradient_norm": norm}
        return Update(StepCounts(tokens, targets, squares), figures)

    def _passes(self, batches: Sequence[Microbatch]) -> list[Microbatch | None]:
        """The batches with targets. With shards, None pads them to the largest number over all processes."""
        passes: list[Microbatch | None] = [batch for batch in batches if batch.targets]
        if self.learner.sharded:
            passes += [None] * (self.ranks.most(len(passes)) - len(passes))
        return passes

    def _learn(self, batch: Microbatch | None) -> torch.Tensor:
        """Accumulate the gradient of a microbatch; returns its loss and figures (shape 1 + F)."""
        with self.precision:
            loss = self.learner(lambda model: no_loss(model) if batch is None else self.objective(model, batch))
        loss.total.backward()
        if batch is None:
            return torch.zeros(1 + len(self.objective.names), device=self.device)
        return torch.stack([loss.total, *loss.figures]).detach()

    def _sums(self, batches: Sequence[Microbatch], losses: Sequence[torch.Tensor]) -> torch.Tensor:
        """Tokens, targets, squares of lengths, loss and figures over this process's microbatches, in float64."""
        lengths = [length for batch in batches for length in batch.documents.lengths]
        counts = [sum(lengths), sum(batch.targets for batch in batches), sum(length**2 for length in lengths)]
        totals = torch.zeros(1 + len(self.objective.names), dtype=torch.float64, device=self.device)
        for loss in losses:
            totals += loss
        return torch.cat([torch.tensor(counts, dtype=torch.float64, device=self.device), totals])

    def _gradients(self) -> list[torch.Tensor]:
        """The gradient of every weight: zeros where this process had no batch."""
        gradients = []
        for weight in self.weights:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
            gradients.append(weight.grad)
        return gradients

    def _culprits(
        self, batches: Sequence[Microbatch], passes: Sequence[Microbatch | None], losses: Sequence[torch.Tensor]
    ) -> list[int]:
        """Numbers of the microbatches whose loss is not finite; if all are finite, those whose gradient is not.

        Empty if each is finite by itself. The weights are still those before the step.
        """
        bad = [batch for batch, loss in zip(passes, losses, strict=True) if not loss[0].isfinite()]
        if not any(self.ranks.gather(bool(bad))):
            finite = torch.ones(len(passes), device=self.device)
            for index, batch in enumerate(passes):
                self.optimiser.zero_grad()
                self._learn(batch)
                for gradient in self._gradients():
                    finite[index] *= _part(gradient).isfinite().all()
            if self.learner.sharded:  # gradients are summed over all processes, and each process has one shard
                finite = torch.stack(self.ranks.gather(finite.cpu())).prod(0)
            bad = [batch for batch, fine in zip(passes, finite.tolist(), strict=True) if not fine]
        numbers = [self.ranks.rank + self.ranks.world * i for i, b in enumerate(batches) if any(b is x for x in bad)]
        return sorted(number for part in self.ranks.gather(numbers) for number in part)


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _part(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
