"""RWKV with more layers than transformers leaves as they are: it is trained, saved and sampled from unchanged."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from hornbook.inference.torch_engine import TorchEngine
from hornbook.model.load_save import load_model, save_model
from hornbook.model.packing_check import check_packing
from hornbook.model.rescaling import disable_rescaling
from tests.architectures import make
from tests.inference.tiny import tiny_tokenizer

torch.set_num_threads(1)
NAME = "rwkv with 8 layers"
TEXT = torch.tensor([[5, 9, 20, 31, 7, 44, 30]])
SAME = 1e-3  # nats; halved weights are off by one


@torch.no_grad()
def says(model: PreTrainedModel) -> torch.Tensor:
    return model(TEXT, use_cache=False).logits.float().log_softmax(-1)


def weights(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in model.state_dict().items()}


@pytest.mark.parametrize("before", [False, True], ids=["fresh", "already halved"])
def test_a_trained_model_is_saved_as_it_is(tmp_path: Path, before: bool) -> None:
    model = make(NAME)
    fresh = weights(model)
    if before:
        says(model)
        assert any(not torch.equal(weight, fresh[name]) for name, weight in model.state_dict().items())
    check_packing(model)
    assert all(torch.equal(weight, fresh[name]) for name, weight in model.state_dict().items())
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3)
    model(TEXT, labels=TEXT, use_cache=False).loss.backward()  # in eval mode, as the loop does
    optimiser.step()
    save_model(model, tiny_tokenizer(), tmp_path / "model")
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32).eval()
    assert theirs.config.rescale_every == 6
    assert not torch.allclose(says(model), says(make(NAME)), atol=SAME)
    for other in (theirs, load_model(tmp_path / "model", "float32", "cpu")):
        torch.testing.assert_close(says(other), says(model), atol=SAME, rtol=0)


def test_a_bfloat16_model_that_is_tried_in_float32_comes_back_as_it_was() -> None:
    model = make(NAME).bfloat16()
    disable_rescaling(model)
    fresh, said = weights(model), says(model)
    TorchEngine(model, tiny_tokenizer()).mode()
    assert all(torch.equal(weight, fresh[name]) for name, weight in model.state_dict().items())
    assert torch.equal(says(model), said)
    torch.testing.assert_close(said, says(make(NAME)), atol=0.3, rtol=0)


def test_other_models_are_left_alone() -> None:
    model = make("llama")
    config = model.config
    disable_rescaling(model)
    assert model.config is config and model.model.config is config
