"""Every training stage joins its processes before it loads a model, and loads it onto the device that it was given."""

from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.recipe.stage_registry import STAGE_TYPES
from hornbook.training import distributed as ranks
from hornbook.training import dpo, midtrain, pretrain, sft
from hornbook.training.distributed import Ranks
from tests.training.conftest import write_lines

SAMPLE = {"id": "1", "messages": [{"role": "user", "content": "How?"}, {"role": "assistant", "content": "So."}]}
PAIR = {"id": "1", "kind": "k", "prompt_tokens": [1], "chosen_tokens": [2], "rejected_tokens": [3]}
STAGES = [  # the stage, its module, and what loads its model
    ("pretrain", pretrain, "build_model"),
    ("midtrain", midtrain, "load_model"),
    ("sft", sft, "load_model"),
    ("dpo", dpo, "load_model"),
]


class Loaded(Exception):
    """Far enough."""


@pytest.fixture
def inputs(tokens: Path, tokenizer_folder: Path, model_folder: Path, tmp_path: Path) -> dict[str, object]:
    samples, pairs = (write_lines(tmp_path / f"{row}.jsonl", [rows]) for row, rows in (("s", SAMPLE), ("p", PAIR)))
    there = {"tokens": tokens, "tokenizer": tokenizer_folder, "model": model_folder}
    return {**there, "samples": [samples], "pairs": [pairs]}


@pytest.mark.parametrize(("name", "module", "loads"), STAGES, ids=[stage[0] for stage in STAGES])
def test_a_stage_joins_and_then_loads(name, module, loads, inputs, tmp_path, monkeypatch) -> None:
    joined: list[str] = []

    @contextmanager
    def join(device: str = "auto"):
        joined.append(device)
        yield Ranks()

    def load(*given: object) -> None:
        assert joined == ["cuda"] and given[-1] == "cuda"
        raise Loaded

    monkeypatch.setattr(module, "ranks", join)
    monkeypatch.setattr(module, loads, load)
    kind = STAGE_TYPES[name]
    settings = kind.settings.parse({"device": "cuda"}, "")
    with pytest.raises(Loaded):
        kind.function(settings, Workspace(tmp_path / "out"), **{slot: inputs[slot] for slot in kind.inputs})


def test_every_training_stage_is_in_the_table() -> None:
    trains = {kind.name for kind in STAGE_TYPES.values() if kind.command.startswith("train ")}
    assert trains == {name for name, _, _ in STAGES}


GROUPS = [  # GPUs, the setting, and what is called to join
    (2, "auto", ["current cuda:1", "group cpu:gloo,cuda:nccl"], "cuda:1"),
    (2, "cpu", ["group cpu:gloo,cuda:nccl"], "cpu"),
    (0, "auto", ["group gloo"], "cpu"),
]


@pytest.fixture
def second_of_two(monkeypatch):
    """The environment of a process that torchrun started, on a machine with so many GPUs; returns what is called."""
    called: list[str] = []
    for name in ("HORNBOOK_DEVICE", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"RANK": "1", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: called.append(f"current {device}"))
    monkeypatch.setattr(ranks.dist, "init_process_group", lambda backend: called.append(f"group {backend}"))
    monkeypatch.setattr(ranks.dist, "get_rank", lambda: 1)
    monkeypatch.setattr(ranks.dist, "destroy_process_group", lambda: called.append("left"))

    def on_machine(gpus: int) -> list[str]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        return called

    return on_machine


@pytest.mark.parametrize(("gpus", "setting", "calls", "device"), GROUPS)
def test_a_process_takes_its_gpu_before_it_joins(gpus, setting, calls, device, second_of_two) -> None:
    """With stubs: NCCL has never been run by us."""
    called = second_of_two(gpus)
    with ranks.ranks(setting) as here:
        assert (here.rank, here.world, here.device) == (1, 2, torch.device(device))
    assert called == [*calls, "left"]


def test_processes_do_not_share_a_gpu(second_of_two) -> None:
    called = second_of_two(2)
    with pytest.raises(HornbookError, match="device cuda:1: 2 processes cannot share it"), ranks.ranks("cuda:1"):
        pass
    assert called == []
