"""Shard a model's weights over several processes with FSDP2.

Objectives and evaluations call parts of a model (its decoder, its output matrix), not its forward. So the root FSDP
module is a `Learner` around the model: inside the learner's forward the embeddings are gathered, and each decoder layer
gathers its own weights when it is called.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.model.packed_forward import hidden_states, pack_documents
from hornbook.training.distributed import Ranks
from hornbook.training.layers import decoder_layers
from hornbook.training.losses import Loss

T = TypeVar("T")


class Learner(torch.nn.Module):
    """Calls functions of a model while the weights outside its decoder layers are gathered."""

    def __init__(self, model: PreTrainedModel, sharded: bool = False) -> None:
        super().__init__()
        self.model, self.sharded = model, sharded

    def forward(self, function: Callable[[PreTrainedModel], T]) -> T:
        return function(self.model)


@contextmanager
def sharded(model: PreTrainedModel, ranks: Ranks, half: bool) -> Iterator[Learner]:
    """A sharded learner of `model`; at the end `model` has the full trained weights in every process.

    All processes must start with the same weights. Shards, gradients and optimiser state are float32; with `half` the
    weights are gathered and used in bfloat16. Gradients are summed over the processes. Within the block all processes
    must run the same number of forward and backward passes.
    Raises HornbookError for a model whose layers share weights.
    """
    in_layers = [id(weight) for layer in decoder_layers(model) for weight in layer.parameters()]
    if len(set(in_layers)) < len(in_layers):
        raise HornbookError(
            f"{model.config.model_type}: its layers share weights, which sharding does not allow; use --sharding none"
        )
    mesh = init_device_mesh(model.device.type, (ranks.world,))
    precision = MixedPrecisionPolicy(torch.bfloat16 if half else None, torch.float32)
    learner = Learner(_twin(model), sharded=True)
    for module in [*decoder_layers(learner.model), learner]:
        shards = fully_shard(module, mesh=mesh, mp_policy=precision)
        shards.set_gradient_divide_factor(1.0)  # sum over processes: the step divides by the number of targets
        shards.set_force_sum_reduction_for_comms(True)  # gloo supports sums only
    twins = list(zip(model.parameters(), learner.model.parameters(), strict=True))
    for weight, _ in twins:
        weight.data = weight.new_empty(0)
    yield learner
    for weight, shard in twins:
        weight.data = _whole(shard.detach())


def no_loss(model: PreTrainedModel) -> Loss:
    """A loss of zero that depends on every weight, for a process without data while others need its shards."""
    hidden_2C = hidden_states(
        model, pack_documents([[0, 0]], model.device)
    )  # two tokens: a state's decay acts on the second
    return Loss(0.0 * model.get_output_embeddings()(hidden_2C).float().sum())


def _twin(model: PreTrainedModel) -> PreTrainedModel:
    """A second model with the same storage and the same tied weights."""
    return copy.deepcopy(model, {id(weight): _alias(weight) for weight in model.parameters()})


def _alias(weight: torch.nn.Parameter) -> torch.nn.Parameter:
    return torch.nn.Parameter(weight.detach(), weight.requires_grad)


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
