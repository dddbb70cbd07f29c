"""Which device a process computes on, on machines with GPUs that this one need not have (stubs and fake tensors)."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import Phi3Config, Phi3ForCausalLM

from hornbook.base.device import VARIABLE
from hornbook.base.errors import HornbookError
from hornbook.inference.settings import BackendSettings
from hornbook.model import load_save as files
from hornbook.model.device import pick_device
from hornbook.training.settings import DpoSettings, LoopSettings, MidtrainSettings, PretrainSettings, SftSettings

TWO_OF_FOUR = {"LOCAL_RANK": "2", "LOCAL_WORLD_SIZE": "4", "WORLD_SIZE": "8", "RANK": "6"}
ONE_SHOWN = {**TWO_OF_FOUR, "CUDA_VISIBLE_DEVICES": "2"}

PICKED = [  # GPUs of the machine, environment, what the setting says, and the device
    (0, {}, "auto", "cpu"),
    (0, {}, "cpu", "cpu"),
    (1, {}, "auto", "cuda:0"),
    (4, {}, "auto", "cuda:0"),
    (4, {}, "cuda:3", "cuda:3"),
    (4, {}, "cpu", "cpu"),
    (4, {VARIABLE: "cpu"}, "auto", "cpu"),
    (4, {VARIABLE: " CPU "}, "auto", "cpu"),
    (4, {VARIABLE: ""}, "auto", "cuda:0"),
    (4, {VARIABLE: "auto"}, "auto", "cuda:0"),
    (4, {VARIABLE: "cuda:1"}, "auto", "cuda:1"),
    (4, {VARIABLE: "cuda:1"}, "cpu", "cpu"),  # what a setting says stays
    (4, TWO_OF_FOUR, "auto", "cuda:2"),
    (4, TWO_OF_FOUR, "cuda", "cuda:2"),
    (4, TWO_OF_FOUR, "cpu", "cpu"),
    (4, TWO_OF_FOUR, "cuda:1", "cuda:1"),  # a stage that is one process's work
    (4, {**TWO_OF_FOUR, VARIABLE: "cpu"}, "auto", "cpu"),
    (4, {**TWO_OF_FOUR, VARIABLE: "cuda"}, "auto", "cuda:2"),
    (1, ONE_SHOWN, "auto", "cuda:0"),
    (8, {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1", "WORLD_SIZE": "2"}, "cuda:5", "cuda:5"),  # one a machine
    (1, {"LOCAL_RANK": "0", "WORLD_SIZE": "2", "CUDA_VISIBLE_DEVICES": "7"}, "auto", "cuda:0"),  # as Ray starts it
    (0, TWO_OF_FOUR, "auto", "cpu"),
]
REFUSED = [
    (0, {}, "cuda", "device cuda: PyTorch finds no GPU here"),
    (0, {VARIABLE: "cuda:1"}, "auto", "device cuda:1: PyTorch finds no GPU here"),
    (2, {}, "cuda:2", "device cuda:2: this machine has 2 GPUs, counted from 0"),
    (2, TWO_OF_FOUR, "auto", "device cuda:2: this machine has 2 GPUs"),
    (4, {VARIABLE: "gpu"}, "auto", "HORNBOOK_DEVICE: cpu, cuda, cuda:N or auto expected, got 'gpu'"),
    (4, {VARIABLE: "cuda:"}, "cpu", "HORNBOOK_DEVICE: cpu, cuda, cuda:N or auto expected"),
    (4, {VARIABLE: "cuda:-1"}, "auto", "expected, got 'cuda:-1'"),
    (4, {VARIABLE: "meta"}, "auto", "expected, got 'meta'"),
]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    def with_gpus(count: int, environment: dict[str, str]) -> None:
        for name in (VARIABLE, *ONE_SHOWN):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)

    return with_gpus


@pytest.mark.parametrize(("gpus", "environment", "setting", "device"), PICKED)
def test_a_process_computes_on(machine, gpus: int, environment: dict[str, str], setting: str, device: str) -> None:
    machine(gpus, environment)
    assert pick_device(setting) == torch.device(device)


@pytest.mark.parametrize(("gpus", "environment", "setting", "said"), REFUSED)
def test_a_device_that_is_not_there_is_one_line(
    machine, gpus: int, environment: dict[str, str], setting: str, said: str
) -> None:
    machine(gpus, environment)
    with pytest.raises(HornbookError, match=said):
        pick_device(setting)


@pytest.mark.parametrize("device", ["cpu", "cuda:0", "cuda:2"])
def test_a_model_is_loaded_onto_that_device(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = Phi3ForCausalLM(Phi3Config(vocab_size=32, num_key_value_heads=1, pad_token_id=0, **sizes))
    monkeypatch.setattr(files, "read_model", lambda path, dtype: model)
    monkeypatch.setattr(files, "pick_device", lambda name: {"chosen": torch.device(device)}[name])
    with FakeTensorMode(allow_non_fake_inputs=True):  # tensors of any device, without memory
        loaded = files.load_model("some", "float32", "chosen")
        here = torch.device(device)
        assert {tensor.device for tensor in [*loaded.parameters(), *loaded.buffers()]} == {here}


@pytest.mark.parametrize(
    "settings", [BackendSettings, LoopSettings, PretrainSettings, MidtrainSettings, SftSettings, DpoSettings]
)
def test_the_setting_is_checked_and_is_no_part_of_the_key(settings) -> None:
    assert settings.parse({"device": "cuda:1"}, "").identity() == settings.parse({}, "").identity()
    with pytest.raises(HornbookError, match=r"here\.device: .* got 'gpu'"):
        settings.parse({"device": "gpu"}, "here")


def test_the_setting_goes_with_pytorch_alone() -> None:
    with pytest.raises(HornbookError, match="device goes with backend torch"):
        BackendSettings.parse({"backend": "vllm", "device": "cuda:1"}, "")
