"""Killed and resumed, or on two processes: the same training."""

import json
from pathlib import Path

import pytest

from hornbook.training.metrics import read_metrics
from tests.training import run_fixtures as runs


@pytest.fixture(scope="module")
def uninterrupted(tokens, tokenizer_folder, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    runs.finish(runs.start(out, tokens, tokenizer_folder))
    return out


@pytest.mark.parametrize(
    ("world", "sharding"), [(1, "none"), pytest.param(2, "none", marks=pytest.mark.slow), (2, "fsdp")]
)
def test_killed_and_resumed_twice_gives_the_same_bytes(
    uninterrupted, tokens, tokenizer_folder, tmp_path, world: int, sharding: str
) -> None:
    run = {"world": world, "sharding": sharding}
    whole, out = uninterrupted, tmp_path / "run"
    if world > 1:
        whole = tmp_path / "whole"
        runs.finish(runs.start(whole, tokens, tokenizer_folder, **run))
    for steps in (5, 11):
        runs.kill_after(runs.start(out, tokens, tokenizer_folder, **run), out / "metrics.jsonl", steps)
        assert not (out / "model").exists()
    assert [path for path in (out / "checkpoints").glob("step-*") if path.suffix != ".tmp"]
    runs.finish(runs.start(out, tokens, tokenizer_folder, **run))
    names = {file.relative_to(whole) for file in whole.rglob("*") if file.is_file()}
    assert names == {file.relative_to(out) for file in out.rglob("*") if file.is_file()}
    expected = ["metrics.jsonl", "validation.jsonl", "model/model.safetensors", "book.json"]
    assert set(map(Path, expected)) <= names
    for name in names - {Path("timing.jsonl")}:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize("sharding", ["none", "fsdp"])
def test_two_processes_have_the_curve_of_one(uninterrupted, tokens, tokenizer_folder, tmp_path, sharding: str) -> None:
    out = tmp_path / "run"
    runs.finish(runs.start(out, tokens, tokenizer_folder, world=2, sharding=sharding))
    assert_same_curves(uninterrupted, out)


@pytest.mark.slow
def test_a_checkpoint_goes_on_in_another_number_of_processes_with_or_without_shards(
    uninterrupted, tokens, tokenizer_folder, tmp_path
) -> None:
    out = tmp_path / "run"
    for steps, run in ((5, {"world": 2, "sharding": "fsdp"}), (9, {}), (14, {"world": 3, "sharding": "fsdp"})):
        runs.kill_after(runs.start(out, tokens, tokenizer_folder, **run), out / "metrics.jsonl", steps)
    runs.finish(runs.start(out, tokens, tokenizer_folder, world=2))
    assert_same_curves(uninterrupted, out)


def assert_same_curves(one: Path, other: Path) -> None:
    for name in ("metrics.jsonl", "validation.jsonl"):
        expected, got = (read_metrics(path / name) for path in (one, other))
        assert len(expected) == len(got) > 2
        for row, its_row in zip(expected, got, strict=True):
            assert row == pytest.approx(its_row, abs=1e-5)


def test_the_book_has_curves_per_source(uninterrupted) -> None:
    book = json.loads((uninterrupted / "book.json").read_text())
    curve = book["notes"]["loss_curve"]
    assert curve[0][1] > curve[-1][1] + 0.5
    assert curve[-1][0] == book["counts"]["tokens"]
    tokens, losses = book["notes"]["validation_loss"][-1]
    assert tokens == book["counts"]["tokens"]
    assert set(losses) == {"web", "code"}
    assert len(book["notes"]["validation_loss"]) == len(read_metrics(uninterrupted / "validation.jsonl")) > 2
