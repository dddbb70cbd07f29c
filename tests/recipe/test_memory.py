"""The plan's figures for memory against what a model really takes."""

import pytest
import torch

from hornbook.model.build import empty_model
from hornbook.model.packed_attention import packed
from hornbook.model.packing_check import pack_documents
from hornbook.model.settings import ModelSettings, parameters
from hornbook.recipe.memory import Allocations, peak_bytes, training_memory
from hornbook.training.layers import adapted_layers
from hornbook.training.lm import LmBatch, NextToken
from hornbook.training.optimiser_and_lr_schedule import make_optimiser
from hornbook.training.settings import LoopSettings

PHI_4 = ModelSettings(layers=40, hidden=5120, heads=40, kv_heads=10, mlp=17920)
SMALL = ModelSettings(layers=4, hidden=64, heads=4, kv_heads=2, mlp=192)
VOCAB, CONTEXT, TOKENS = 300, 128, 1024


@pytest.fixture
def model():
    """A real model of the small shape, on the CPU."""
    made = empty_model(SMALL, VOCAB, CONTEXT).to_empty(device="cpu")
    for weight in made.parameters():
        torch.nn.init.constant_(weight, 0.01)
    made.model.rotary_emb.inv_freq.fill_(0.1)
    return made.eval()


def batch() -> LmBatch:
    documents = pack_documents([[7] * CONTEXT] * (TOKENS // CONTEXT), torch.device("cpu"))
    return LmBatch(documents, torch.arange(TOKENS), torch.zeros(TOKENS, dtype=torch.int64))


def test_the_parameters_of_phi_4_are_those_counted_by_hand() -> None:
    attention = 5120 * (5120 + 2 * 1280) + 5120 * 5120
    mlp = 5120 * 2 * 17920 + 17920 * 5120
    by_hand = 40 * (attention + mlp + 2 * 5120) + 5120 + 2 * 100_352 * 5120
    memory = training_memory(PHI_4, 100_352, 4096, 4096, half=True, shards=1)
    assert memory.parameters == by_hand == parameters(PHI_4, 100_352) == 14_659_507_200
    assert memory.weights == memory.gradients == 4 * by_hand
    assert 0 <= memory.optimiser - 8 * by_hand < 2000  # and AdamW's counts of steps


def test_weights_gradients_and_optimiser_are_exact(model) -> None:
    memory = training_memory(SMALL, VOCAB, CONTEXT, TOKENS, half=False, shards=1)
    optimiser = make_optimiser(model, LoopSettings())
    with packed(model):
        NextToken()(model, batch()).total.backward()
    optimiser.step()
    assert memory.weights == sum(weight.nbytes for weight in model.parameters())
    assert memory.gradients == sum(weight.grad.nbytes for weight in model.parameters())
    state = [value for values in optimiser.state.values() for value in values.values()]
    assert memory.optimiser == sum(tensor.nbytes for tensor in state)


@pytest.mark.parametrize("shards", [2, 3, 7])
def test_shards_are_the_largest_that_fsdp_makes(model, shards: int) -> None:
    memory = training_memory(SMALL, VOCAB, CONTEXT, TOKENS, half=False, shards=shards)
    assert memory.weights == sum(weight.chunk(shards)[0].nbytes for weight in model.parameters())


@pytest.mark.parametrize("recompute", [False, True])
def test_the_peak_of_a_real_pass_is_met_within_a_tenth(model, recompute: bool) -> None:
    memory = training_memory(SMALL, VOCAB, CONTEXT, TOKENS, half=False, shards=1)
    for weight in model.parameters():
        weight.register_post_accumulate_grad_hook(lambda weight: setattr(weight, "grad", None))
    with packed(model), adapted_layers(model, False, recompute), Allocations(model) as made:
        NextToken()(model, batch()).total.backward()
    planned = memory.recomputed if recompute else memory.activations
    assert planned == pytest.approx(made.most, rel=0.1)


def test_what_is_kept_for_the_backward_pass_is_most_of_the_activations(model) -> None:
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with packed(model), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = NextToken()(model, batch()).total
    planned = training_memory(SMALL, VOCAB, CONTEXT, TOKENS, half=False, shards=1).activations
    assert 0.75 * planned < sum(kept.values()) < planned
    loss.backward()


@pytest.mark.parametrize("recompute", [False, True])
def test_all_layers_follow_from_two(recompute: bool) -> None:
    whole = peak_bytes(empty_model(SMALL, VOCAB, CONTEXT), TOKENS, CONTEXT, recompute)
    memory = training_memory(SMALL, VOCAB, CONTEXT, TOKENS, half=False, shards=1)
    assert (memory.recomputed if recompute else memory.activations) == pytest.approx(whole, rel=0.05)


def test_recomputing_shards_and_half_precision_save_what_they_should() -> None:
    alone = training_memory(SMALL, VOCAB, CONTEXT, TOKENS, half=False, shards=1)
    cut = training_memory(SMALL, VOCAB, CONTEXT, TOKENS, half=True, shards=4)
    assert alone.recomputed < 0.6 * alone.activations and alone.total(True) < alone.total(False)
    assert 0.4 < cut.activations / alone.activations < 0.75  # norms stay in float32
    assert cut.optimiser == pytest.approx(alone.optimiser / 4, rel=0.01)
    assert alone.whole == 0 and cut.whole == alone.weights
