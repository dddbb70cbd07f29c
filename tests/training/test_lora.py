"""Adapters: only they are trained, exactly as after any interruption, and the merged model is the adapted one."""

import sys
from pathlib import Path

import peft
import pytest
import torch
from torch.distributed.checkpoint import FileSystemReader

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.model.load_save import load_model
from hornbook.model.settings import LoraSettings
from hornbook.training.metrics import read_metrics
from hornbook.training.settings import SftSettings
from hornbook.training.sft import sft
from tests.training.run_fixtures import finish, kill_after, processes

LORA = LoraSettings(rank=4, alpha=8)
FAST = {"batch_rows": 2, "microbatch_rows": 1, "epochs": 4, "learning_rate": 1e-2, "threads": 1, "checkpoint_every": 3}


def settings(**other) -> SftSettings:
    return SftSettings(**{"dtype": "float32", "lora": LORA, **FAST, **other})


def run(out: Path, chosen: SftSettings, model: Path, samples: Path) -> None:
    work = Workspace(out, seed=3)
    sft(chosen, work, model=model, samples=[samples])
    work.close()


@pytest.fixture(scope="module")
def trained(model_folder, samples, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("lora") / "run"
    finish(processes(run, (out, settings(), model_folder, samples), 1))
    return out


def test_the_model_is_the_adapted_one_and_only_its_linear_layers_have_changed(trained, model_folder) -> None:
    losses = [row["loss"] for row in read_metrics(trained / "metrics.jsonl")]
    assert losses[-1] < losses[0] - 0.5
    before, after = load_model(model_folder, "float32"), load_model(trained, "float32")
    changed = {
        name for name, weight in after.state_dict().items() if not torch.equal(weight, before.state_dict()[name])
    }
    assert {name.split(".")[-2] for name in changed} == {"qkv_proj", "o_proj", "gate_up_proj", "down_proj"}
    assert not any("lora" in name or "base_layer" in name for name in after.state_dict())
    ids = torch.arange(20)[None]
    adapted = peft.PeftModel.from_pretrained(before, str(trained / "adapter"))
    with torch.no_grad():
        torch.testing.assert_close(adapted(ids).logits, after(ids).logits, atol=1e-5, rtol=1e-5)


def test_killed_and_resumed_twice_gives_the_same_bytes(trained, model_folder, samples, tmp_path) -> None:
    out = tmp_path / "run"
    for steps in (4, 8):
        kill_after(processes(run, (out, settings(), model_folder, samples), 1), out / "metrics.jsonl", steps)
        assert not (out / "model").exists()
    checkpoint = max(path for path in (out / "checkpoints").glob("step-*") if path.suffix != ".tmp")
    stored = FileSystemReader(checkpoint).read_metadata().state_dict_metadata
    assert {name.split(".")[-3] for name in stored if name.startswith("model.")} == {"lora_A", "lora_B"}
    finish(processes(run, (out, settings(), model_folder, samples), 1))
    names = {file.relative_to(trained) for file in trained.rglob("*") if file.is_file()}
    assert names == {file.relative_to(out) for file in out.rglob("*") if file.is_file()}
    assert {Path("model/model.safetensors"), Path("adapter/adapter_model.safetensors")} <= names
    for name in names - {Path("timing.jsonl")}:
        assert (out / name).read_bytes() == (trained / name).read_bytes(), name


def test_two_processes_with_shards_have_the_losses_of_one(trained, model_folder, samples, tmp_path) -> None:
    out = tmp_path / "run"
    finish(processes(run, (out, settings(sharding="fsdp"), model_folder, samples), 2))
    alone, both = (read_metrics(path / "metrics.jsonl") for path in (trained, out))
    assert [row["loss"] for row in both] == pytest.approx([row["loss"] for row in alone], abs=1e-5)
    one, two = (load_model(path, "float32").state_dict() for path in (trained, out))
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, atol=1e-4, rtol=1e-3)


def test_frozen_weights_take_half_the_memory_in_half_precision(model_folder, samples, tmp_path) -> None:
    sft(settings(dtype="bfloat16", epochs=2), Workspace(tmp_path, seed=3), model=model_folder, samples=[samples])
    losses = [row["loss"] for row in read_metrics(tmp_path / "metrics.jsonl")]
    assert losses[-1] < losses[0] - 0.5
    size = (tmp_path / "model" / "model.safetensors").stat().st_size
    assert size < 0.6 * (model_folder / "model" / "model.safetensors").stat().st_size


def test_what_cannot_be_adapted_is_one_clear_line(model_folder, samples, tmp_path, monkeypatch) -> None:
    with pytest.raises(HornbookError, match=r"lora.targets: no layer to adapt .*q_prj"):
        chosen = settings(lora=LoraSettings(rank=2, targets=["q_prj"]))
        sft(chosen, Workspace(tmp_path / "a"), model=model_folder, samples=[samples])
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(HornbookError, match=r"lora needs the package peft: pip install peft"):
        sft(settings(), Workspace(tmp_path / "b"), model=model_folder, samples=[samples])
