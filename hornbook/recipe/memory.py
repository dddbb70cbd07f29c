"""Estimate the memory of training on each device, by running the model on the meta device.

There tensors have shapes but no memory. Weights are counted exactly; activations are the peak of live allocations in a
forward and backward pass. The caching of PyTorch's allocator and kernel workspaces (about a tenth) are not included.
"""

import weakref
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary
from transformers import AttentionInterface, PreTrainedModel

from hornbook.model.build import empty_model
from hornbook.model.packed_forward import PackedDocuments, hidden_states
from hornbook.model.settings import ModelSettings
from hornbook.training.layers import adapted_layers, decoder_layers

ATTENTION = "hornbook_counted"
FLOAT, HALF = 4, 2  # bytes
LOGITS_AT_ONCE, POSITIONS_AT_LEAST = 1 << 22, 256  # as in `training.losses`
LAYERS_IN_USE = 2  # one computes while the next is gathered


@dataclass(frozen=True)
class Memory:
    """Bytes on one device.

    Attributes:
        parameters: of the model, over all devices.
        weights, gradients, optimiser: float32, this device's shards; held all the time.
        gathered: gathered weights and their gradients (FSDP), or bfloat16 copies of the weights.
        activations: peak in forward and backward, including the loss.
        recomputed: the same with activation checkpointing.
        whole: all weights in float32, which a process has before sharding and after training.
    """

    parameters: int
    weights: int
    gradients: int
    optimiser: int
    gathered: int
    activations: int
    recomputed: int
    whole: int

    def total(self, recompute: bool) -> int:
        """The peak."""
        held = self.weights + self.gradients + self.optimiser + self.gathered
        return max(held + (self.recomputed if recompute else self.activations), self.weights + self.whole)


def training_memory(shape: ModelSettings, vocab: int, context: int, tokens: int, half: bool, shards: int) -> Memory:
    """Memory for a model of this shape, trained on `tokens` tokens in a pass of one device.

    Args:
        context: maximum tokens of a document.
        half: whether it computes in bfloat16.
        shards: number of devices over which weights, gradients and optimiser state are sharded (FSDP2); 1 for none.
    """
    model = empty_model(shape, vocab, context)
    mine = sum(_shard(weight, shards) for weight in model.parameters())
    tensors = len(list(model.parameters()))
    return Memory(
        parameters=model.num_parameters(),
        weights=FLOAT * mine,
        gradients=FLOAT * mine,
        optimiser=2 * FLOAT * mine + FLOAT * tensors,  # two moments, and a count of steps
        gathered=_gathered(model, half, shards),
        activations=_activations(shape, vocab, context, tokens, half, False),
        recomputed=_activations(shape, vocab, context, tokens, half, True),
        whole=FLOAT * model.num_parameters() if shards > 1 else 0,
    )


def _shard(weight: torch.Tensor, shards: int) -> int:
    """Elements of a device's shard of a weight: FSDP2 splits along the first dimension and pads to equal parts."""
    return -(-weight.shape[0] // shards) * weight[0].numel()


def _gathered(model: PreTrainedModel, half: bool, shards: int) -> int:
    layer = sum(weight.numel() for weight in decoder_layers(model)[0].parameters())
    if shards == 1:
        return HALF * model.num_parameters() if half else 0  # autocast's copies
    root = model.num_parameters() - layer * model.config.num_hidden_layers  # embeddings, gathered all the time
    weight_and_gradient = 2 * (HALF if half else FLOAT)
    return weight_and_gradient * (root + LAYERS_IN_USE * layer) + FLOAT * layer  # and a layer's sum in float32


@cache
def _activations(shape: ModelSettings, vocab: int, context: int, tokens: int, half: bool, recompute: bool) -> int:
    """Peak bytes; every layer beyond the first adds the same, so models of one and two layers are enough."""
    dtype = torch.bfloat16 if half else torch.float32
    models = [empty_model(shape.model_copy(update={"layers": layers}), vocab, context).to(dtype) for layers in (1, 2)]
    one, two = (peak_bytes(model, tokens, context, recompute) for model in models)
    return one + (shape.layers - 1) * (two - one)


def peak_bytes(model: PreTrainedModel, tokens: int, context: int, recompute: bool) -> int:
    """Peak bytes of tensors allocated in a forward and backward pass over documents of `context` tokens."""
    model.eval()
    model.set_attn_implementation(ATTENTION)
    for weight in model.parameters():
        weight.register_post_accumulate_grad_hook(_drop_gradient)  # gradients are counted elsewhere
    numbers = torch.zeros(tokens, dtype=torch.int64, device="meta")
    length = min(context, tokens)  # a part of a long row is one document
    documents = PackedDocuments(numbers, numbers, [length] * (tokens // length))
    with Allocations(model) as made, adapted_layers(model, compile=False, recompute=recompute):
        hidden_MC = hidden_states(model, documents).index_select(0, numbers)  # as `training.lm` does
        _Loss.apply(hidden_MC, model.get_output_embeddings().weight).backward()
    return made.most


def _drop_gradient(weight: torch.Tensor) -> None:
    weight.grad = None


class Allocations(TorchDispatchMode):
    """Counts live storages allocated by operators, without those of the model's weights.

    Attributes:
        now, most: live bytes now, and their peak.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.now = self.most = 0
        self._known = WeakIdKeyDictionary()
        for tensor in [*model.parameters(), *model.buffers()]:
            self._known[tensor.untyped_storage()] = True

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        if storage not in self._known:
            self._known[storage] = True
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._free, storage.nbytes())

    def _free(self, size: int) -> None:
        self.now -= size


class _Attention(torch.autograd.Function):
    """The allocations of a fused attention kernel, without its arithmetic."""

    @staticmethod
    def forward(ctx: Any, q_1HND: torch.Tensor, k_1GND: torch.Tensor, v_1GND: torch.Tensor) -> torch.Tensor:
        output_1HND = torch.empty_like(q_1HND)
        log_sums_1HN = q_1HND.new_empty(q_1HND.shape[:-1], dtype=torch.float32)
        ctx.save_for_backward(q_1HND, k_1GND, v_1GND, output_1HND, log_sums_1HN)
        return output_1HND

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(torch.empty_like(tensor) for tensor in ctx.saved_tensors[:3])


class _Loss(torch.autograd.Function):
    """The allocations of `training.losses`: gradients together with the loss, logits in chunks of positions."""

    @staticmethod
    def forward(ctx: Any, hidden_MC: torch.Tensor, weight_VC: torch.Tensor) -> torch.Tensor:
        at_once = min(len(hidden_MC), max(POSITIONS_AT_LEAST, LOGITS_AT_ONCE // len(weight_VC)))
        to_weight_VC = torch.empty_like(weight_VC)
        logits_AV = torch.empty(at_once, len(weight_VC), device="meta")
        slope_AV = torch.empty_like(logits_AV)
        portions_MC, to_hidden_MC = torch.empty_like(hidden_MC), torch.empty_like(hidden_MC)
        del logits_AV, slope_AV, portions_MC
        ctx.save_for_backward(to_hidden_MC, to_weight_VC)
        return torch.zeros((), device="meta")

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(torch.empty_like(tensor) for tensor in ctx.saved_tensors)


def _attention(
    module: torch.nn.Module, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *_: Any, **__: Any
) -> tuple[torch.Tensor, None]:
    return _Attention.apply(q, k, v).transpose(1, 2), None


AttentionInterface.register(ATTENTION, _attention)
