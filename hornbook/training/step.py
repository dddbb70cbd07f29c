"""One step of training: microbatches in, one update out, whatever the number of microbatches and processes."""

from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch.nn.utils import clip_grad_norm_
from transformers import PreTrainedModel

from hornbook.base.errors import Diverged
from hornbook.model.device import pick_dtype
from hornbook.training.loss import Loss
from hornbook.training.ranks import Ranks
from hornbook.training.settings import LoopSettings


class Microbatch(Protocol):
    """What one forward pass takes. `targets` is what the loss is averaged over; without any the batch is skipped."""

    @property
    def targets(self) -> int: ...

    @property
    def tokens(self) -> int: ...


class Objective(Protocol):
    """What is learnt. `names` are those of the figures it returns along with the loss."""

    names: tuple[str, ...]

    def __call__(self, model: PreTrainedModel, batch: Any, /) -> Loss: ...


class Stepper:
    """Updates a model by the gradient of the mean loss over all targets of a step."""

    def __init__(
        self,
        model: PreTrainedModel,
        objective: Objective,
        optimiser: torch.optim.Optimizer,
        settings: LoopSettings,
        ranks: Ranks,
    ) -> None:
        self.model, self.objective, self.optimiser, self.ranks = model, objective, optimiser, ranks
        self.clip = settings.clip
        self.weights = [weight for weight in model.parameters() if weight.requires_grad]
        half = pick_dtype(settings.dtype, model.device) == torch.bfloat16
        self.precision = torch.autocast(model.device.type, torch.bfloat16, enabled=half)

    def update(self, microbatches: Iterator[Microbatch], learning_rate: float, where: str) -> dict[str, float]:
        """One update. Returns tokens, targets, the loss and the objective's figures (means over the targets), and the
        norm of the gradient. A step without any target changes nothing.

        Raises Diverged when loss or gradient is not finite; the message names the data as `where`.
        """
        self.optimiser.zero_grad()
        sums = torch.zeros(3 + len(self.objective.names), dtype=torch.float64, device=self.model.device)
        for batch in microbatches:
            sums[0] += batch.tokens
            sums[1] += batch.targets
            if batch.targets:
                with self.precision:
                    loss = self.objective(self.model, batch)
                loss.total.backward()
                sums[2:] += torch.stack([loss.total, *loss.figures]).detach()
        gradients = self._gradients()
        self.ranks.sum([sums])
        self.ranks.sum(gradients)
        tokens, targets, *totals = sums.tolist()
        means = [total / max(targets, 1) for total in totals]
        norm = 0.0
        if targets:
            torch._foreach_div_(gradients, targets)
            norm = clip_grad_norm_(self.weights, self.clip).item()
            if not all(map(torch.isfinite, torch.tensor([means[0], norm]))):
                raise Diverged(
                    f"{where}: the loss is {means[0]:g} and the norm of its gradient {norm:g}; lower the rate, "
                    "warm up longer, or look at this data"
                )
            for group in self.optimiser.param_groups:
                group["lr"] = learning_rate
            self.optimiser.step()
        figures = dict(zip(self.objective.names, means[1:], strict=True))
        return {"tokens": tokens, "targets": targets, "loss": means[0], **figures, "gradient_norm": norm}

    def _gradients(self) -> list[torch.Tensor]:
        """The gradient of every weight: zeros where this process had nothing to learn from."""
        gradients = []
        for weight in self.weights:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
            gradients.append(weight.grad)
        return gradients
