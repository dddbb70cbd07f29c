"""Killed and resumed, or on two processes: the same training."""

import json
import socket
from pathlib import Path

import pytest

from hornbook.training.journal import read_journal
from tests.training import runs


@pytest.fixture(scope="module")
def uninterrupted(tokens, tokenizer_folder, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    runs.finish(runs.start(out, tokens, tokenizer_folder))
    return out


def test_killed_and_resumed_twice_gives_the_same_bytes(uninterrupted, tokens, tokenizer_folder, tmp_path) -> None:
    out = tmp_path / "run"
    for steps in (5, 11):
        runs.kill_after(runs.start(out, tokens, tokenizer_folder), out / "metrics.jsonl", steps)
        assert not (out / "model").exists()
    runs.finish(runs.start(out, tokens, tokenizer_folder))
    names = {file.relative_to(uninterrupted) for file in uninterrupted.rglob("*") if file.is_file()}
    assert names == {file.relative_to(out) for file in out.rglob("*") if file.is_file()}
    assert {
        Path("metrics.jsonl"),
        Path("validation.jsonl"),
        Path("model/model.safetensors"),
        Path("book.json"),
    } <= names
    for name in names - {Path("timing.jsonl")}:
        assert (out / name).read_bytes() == (uninterrupted / name).read_bytes(), name


def test_two_processes_have_the_losses_of_one(uninterrupted, tokens, tokenizer_folder, tmp_path) -> None:
    out = tmp_path / "run"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        together = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    runs.finish(*[runs.start(out, tokens, tokenizer_folder, RANK=str(rank), **together) for rank in range(2)])
    alone, both = (read_journal(path / "metrics.jsonl") for path in (uninterrupted, out))
    assert len(alone) == len(both) > 10
    assert [row["tokens"] for row in alone] == [row["tokens"] for row in both]
    assert [row["loss"] for row in both] == pytest.approx([row["loss"] for row in alone], abs=1e-5)


def test_the_book_has_curves_per_source(uninterrupted) -> None:
    book = json.loads((uninterrupted / "book.json").read_text())
    curve = book["notes"]["loss_curve"]
    assert curve[0][1] > curve[-1][1] + 0.5
    assert curve[-1][0] == book["counts"]["tokens"]
    tokens, losses = book["notes"]["validation_loss"][-1]
    assert tokens == book["counts"]["tokens"]
    assert set(losses) == {"web", "code"}
    assert len(book["notes"]["validation_loss"]) == len(read_journal(uninterrupted / "validation.jsonl")) > 2
