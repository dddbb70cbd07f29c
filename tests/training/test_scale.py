"""Shards, uneven work, compiled and recomputed layers: other ways to the same training."""

import math
from itertools import pairwise

import pytest
import torch

from hornbook.base.errors import Diverged, HornbookError
from hornbook.base.records import Pair
from hornbook.base.workspace import Workspace
from hornbook.model.build import build_model
from hornbook.model.packing_check import hidden_states
from hornbook.model.settings import ModelSettings, flops_per_token
from hornbook.training.distributed import Ranks
from hornbook.training.fsdp import sharded
from hornbook.training.loop import train_model
from hornbook.training.losses import Loss
from hornbook.training.metrics import read_metrics
from hornbook.training.pretrain import pretrain
from hornbook.training.settings import DpoSettings
from hornbook.training.throughput import StepCounts, flop_cost, matmul_peak
from tests.architectures import make
from tests.training import run_fixtures as runs
from tests.training import scale_fixtures as scaled
from tests.training.conftest import write_lines

A, B, C, MUTE = [5, 9, 20, 31, 7], [40, 41, 42], [8, 8, 8, 100, 101, 102, 3], (1, 2, 3, 4)
D, E = list(range(30, 51)), list(range(4, 54))  # documents of 21 and 50 tokens
PADDED = [
    [[A, D, [9, 8]], [[7, 7]], [E, B]],
    [[A, E[:26]]],
    [[B, A], [C[:2], [7, 6]]],
    [[E, A]],
]  # of steps of microbatches
UNPACKED = ["stablelm", "gptj", "mamba", "llama4_text", "rwkv with 8 layers"]  # and bloom: rows are padded
UNEVEN = [[A, B, C], [A], [MUTE, C], [MUTE], [], [MUTE, MUTE, B], [A, B, C, A, B]]


def test_processes_with_unequal_work_or_none_train_as_one_does(tokenizer_folder, tmp_path) -> None:
    worlds = {"one": (1, "none"), "replicas": (2, "none"), "shards": (3, "fsdp")}
    for name, (world, sharding) in worlds.items():
        arguments = (tmp_path / name, tokenizer_folder, UNEVEN, {"sharding": sharding})
        runs.finish(runs.processes(scaled.learn, arguments, world))
    expected = read_metrics(tmp_path / "one" / "metrics.jsonl")
    assert [row["targets"] for row in expected] == [12, 4, 6, 0, 0, 2, 18]
    weights = torch.load(tmp_path / "one" / "weights-0.pt")
    for name, (world, _) in worlds.items():
        for row, its_row in zip(expected, read_metrics(tmp_path / name / "metrics.jsonl"), strict=True):
            assert row == pytest.approx(its_row, abs=1e-5)
        for row, its_row in zip(
            read_metrics(tmp_path / "one" / "validation.jsonl"),
            read_metrics(tmp_path / name / "validation.jsonl"),
            strict=True,
        ):
            assert row == pytest.approx(its_row, abs=1e-4)
        for rank in range(world):  # every process has the whole model again
            torch.testing.assert_close(torch.load(tmp_path / name / f"weights-{rank}.pt"), weights, atol=1e-5, rtol=0)
    assert weights["lm_head.weight"].data_ptr() == weights["model.embed_tokens.weight"].data_ptr()


@pytest.mark.parametrize("name", ["bloom", *(pytest.param(name, marks=pytest.mark.slow) for name in UNPACKED)])
def test_padded_rows_are_learnt_over_shards_as_by_one(tmp_path, name: str) -> None:
    for world, sharding in ((1, "none"), (2, "fsdp")):
        arguments = (tmp_path / str(world), name, PADDED, {"sharding": sharding})
        runs.finish(runs.processes(scaled.learn_padded, arguments, world))
    one, two = (read_metrics(tmp_path / world / "metrics.jsonl") for world in "12")
    assert [row["targets"] for row in one] == [sum(len(d) - 1 for batch in step for d in batch) for step in PADDED]
    for row, its_row in zip(one, two, strict=True):  # later ones rest on what was learnt before
        assert row == pytest.approx(its_row, abs=1e-5)
    assert (tmp_path / "1" / "rows-0").read_text() == "padded"
    assert [(tmp_path / "2" / f"rows-{rank}").read_text() for rank in range(2)] == ["padded"] * 2
    torch.testing.assert_close(*(torch.load(tmp_path / "2" / f"weights-{r}.pt") for r in range(2)), atol=0, rtol=0)


def test_layers_that_share_weights_are_refused_in_shards() -> None:
    with (
        pytest.raises(HornbookError, match=r"^zamba2: its layers share weights, .* use --sharding none$"),
        sharded(make("zamba2"), Ranks(), half=False),
    ):
        pass


@pytest.mark.parametrize(("world", "sharding"), [(1, "none"), (2, "none"), (2, "fsdp")])
def test_a_loss_that_is_not_finite_names_its_microbatch_in_every_process(
    tokenizer_folder, tmp_path, world: int, sharding: str
) -> None:
    plan = [[A, B], [A, B, [4, scaled.BAD, 9], C]]
    runs.finish(runs.processes(scaled.learn, (tmp_path, tokenizer_folder, plan, {"sharding": sharding}, False), world))
    for rank in range(world):
        assert "step 2 of 2 (microbatches [2]): the loss is nan" in (tmp_path / f"error-{rank}").read_text()


class Root:
    """A loss of zero for any document, whose gradient is finite unless the first token is 8."""

    names = ()

    def __call__(self, model, batch) -> Loss:
        zero = 0.0 * hidden_states(model, batch.documents).sum()
        return Loss(zero.sqrt() if batch.documents.tokens_N[0] == 8 else zero)


def test_a_gradient_that_is_not_finite_names_its_microbatch(tokenizer, tmp_path) -> None:
    model = build_model(runs.TINY, tokenizer, 48, seed=0)
    with pytest.raises(Diverged, match=r"step 1 of 1 \(microbatches \[2\]\): the loss is 0 and the norm of .* nan"):
        train_model(model, Root(), scaled.Listed([[A, MUTE, C, B]]), runs.SETTINGS, Workspace(tmp_path), Ranks())


@pytest.mark.slow
def test_preferences_are_learnt_over_shards_as_by_one(model_folder, tmp_path) -> None:
    pairs = [
        Pair(id=f"p{i}", kind="k", prompt_tokens=[1 + i, 2, 3], chosen_tokens=[4 + i], rejected_tokens=said)
        for i in range(12)
        for said in [[30 + i, 5, 6] if i % 3 else [30 + i]]
    ]
    file = write_lines(tmp_path / "pairs.jsonl", pairs)
    settings = DpoSettings(batch_pairs=3, epochs=2, learning_rate=1e-3, threads=1, dtype="float32", sharding="fsdp")
    for world in (1, 2):
        runs.finish(runs.processes(scaled.prefer, (tmp_path / str(world), model_folder, file, settings), world))
    one, two = (read_metrics(tmp_path / world / "metrics.jsonl") for world in "12")
    assert len(one) == len(two) == 8
    for row, its_row in zip(one, two, strict=True):
        assert row == pytest.approx(its_row, abs=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"activation_checkpointing": True},
        {"microbatch_rows": 1},
        {"microbatch_rows": 4},
        pytest.param({"compile": True}, marks=pytest.mark.slow),
        pytest.param({"compile": True, "activation_checkpointing": True}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_the_losses_do_not_depend_on_how_they_are_computed(tokens, tokenizer_folder, tmp_path, changes: dict) -> None:
    for name, settings in (("plain", runs.SETTINGS), ("changed", runs.SETTINGS.model_copy(update=changes))):
        pretrain(settings, Workspace(tmp_path / name, seed=7), tokens=tokens, tokenizer=tokenizer_folder)
    plain, changed = (read_metrics(tmp_path / name / "metrics.jsonl") for name in ("plain", "changed"))
    assert len(plain) == len(changed) > 10
    for row, its_row in zip(plain, changed, strict=True):
        assert row == pytest.approx(its_row, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes", [{"dtype": "bfloat16"}, {"activation_checkpointing": True}, {"compile": True}], ids=str
)
def test_shards_go_with_half_precision_and_adapted_layers(tokens, tokenizer_folder, tmp_path, changes: dict) -> None:
    for world, options in ((1, {}), (2, {"sharding": "fsdp", **changes})):
        runs.finish(runs.start(tmp_path / str(world), tokens, tokenizer_folder, world, **options))
    losses, its_losses = ([row["loss"] for row in read_metrics(tmp_path / n / "metrics.jsonl")] for n in "12")
    assert its_losses == pytest.approx(losses, abs=0.05 if "dtype" in changes else 1e-5)


def test_the_arithmetic_of_a_model_is_that_of_the_plan(tokenizer) -> None:
    for tied in (False, True):
        shape = ModelSettings(layers=3, hidden=32, heads=4, kv_heads=2, mlp=48, tied_embeddings=tied)
        model = build_model(shape, tokenizer, 64, seed=0)
        full = flop_cost(model).flops(StepCounts(tokens=64, targets=64, squares=64**2))
        assert full == 64 * flops_per_token(shape, len(tokenizer), 64)
    model.requires_grad_(False)
    assert flop_cost(model).flops(StepCounts(64, 64, 0)) == pytest.approx(
        4 / 6 * flop_cost(model.requires_grad_(True)).flops(StepCounts(64, 64, 0))
    )


def test_the_peak_is_measured_and_the_share_of_it_written_down(tokens, tokenizer_folder, tmp_path) -> None:
    assert matmul_peak(torch.float32, torch.device("cpu")) > 1e9
    pretrain(runs.SETTINGS, Workspace(tmp_path, seed=7), tokens=tokens, tokenizer=tokenizer_folder)
    rows = read_metrics(tmp_path / "timing.jsonl")
    assert all(0 < row["peak_share"] < 1 and row["tokens_per_second"] > 0 for row in rows)
    assert all(a["step"] < b["step"] for a, b in pairwise(rows))
    assert all(math.isfinite(row["seconds"]) for row in rows)
