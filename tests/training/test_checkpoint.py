"""Checkpoints are whole or not there, of the moment they were asked for, and only ever read by their own run."""

import threading
from pathlib import Path

import pytest
import torch
import torch.distributed.checkpoint as dcp

from hornbook.base.errors import HornbookError
from hornbook.model.build import build_model
from hornbook.training.checkpoint import Checkpoints
from hornbook.training.distributed import Ranks
from hornbook.training.optimiser_and_lr_schedule import make_optimiser
from hornbook.training.settings import LoopSettings
from tests.training.run_fixtures import TINY


@pytest.fixture
def made(tokenizer, tmp_path):
    """A way to open the checkpoints of a model that has learnt a little."""

    def make(shape=TINY, identity=None, keep: int = 2) -> Checkpoints:
        model = build_model(shape, tokenizer, 48, seed=1)
        optimiser = make_optimiser(model, LoopSettings())
        return Checkpoints(tmp_path / "checkpoints", model, optimiser, Ranks(), keep, identity or {"steps": 9})

    return make


def learn(checkpoints: Checkpoints) -> dict[str, torch.Tensor]:
    """One update; returns a copy of the weights."""
    for weight in checkpoints.model.parameters():
        weight.grad = torch.ones_like(weight)
    checkpoints.optimiser.step()
    checkpoints.optimiser.zero_grad()
    return {name: weight.clone() for name, weight in checkpoints.model.state_dict().items()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_is_the_moment_of_the_call_and_training_goes_on(made, monkeypatch) -> None:
    written, may_write = [], threading.Event()
    save = dcp.save

    def slow_save(*args, **kwargs):
        assert may_write.wait(20)
        written.append(1)
        return save(*args, **kwargs)

    monkeypatch.setattr(dcp, "save", slow_save)
    with made() as checkpoints:
        at_save = learn(checkpoints)
        checkpoints.save(1)
        assert not written  # and yet training goes on:
        learn(checkpoints)
        second = threading.Thread(target=checkpoints.save, args=(2,))
        second.start()
        second.join(0.2)
        assert second.is_alive()  # the next save waits for this one
        may_write.set()
        second.join()
    (made().folder / "step-000000002").rename(made().folder / "step-000000000")
    with made() as again:
        assert again.load() == 1
        torch.testing.assert_close(dict(again.model.state_dict()), at_save, rtol=0, atol=0)
        torch.testing.assert_close(learn(again), learn_twice(made), rtol=0, atol=0)


def learn_twice(made) -> dict[str, torch.Tensor]:
    with made() as fresh:
        learn(fresh)
        return learn(fresh)


def test_the_last_few_are_kept(made) -> None:
    with made(keep=2) as checkpoints:
        for step in (3, 6, 9):
            learn(checkpoints)
            checkpoints.save(step)
    assert names(checkpoints.folder) == ["step-000000006", "step-000000009"]


def test_a_save_that_was_killed_is_no_checkpoint(made) -> None:
    with made() as checkpoints:
        learn(checkpoints)
        checkpoints.save(3)
    torn = checkpoints.folder / "step-000000006.tmp"
    (checkpoints.folder / "step-000000003").rename(torn)  # complete but for its name: all the more so if it is not
    with made() as again:
        assert again.load() == 0
    assert names(checkpoints.folder) == []


def test_nothing_learnt_is_nothing_to_save(made) -> None:
    with made() as checkpoints:
        checkpoints.save(3)
    with made() as again:
        assert again.load() == 0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"shape": TINY.model_copy(update={"mlp": 64})},
            r"step-000000003: a checkpoint of another model \(model.layers.0.mlp",
        ),
        (
            {"shape": TINY.model_copy(update={"layers": 1})},
            r"another model \(model.layers.1.* is \[\d+.*\] there, missing here",
        ),
        ({"identity": {"steps": 8}}, r"a checkpoint of other settings \(steps was 9, is 8\)"),
        ({"identity": {"steps": 9, "settings": {"beta2": 0.9}}}, r"other settings \(settings.beta2 was None, is 0.9\)"),
    ],
    ids=["shape", "layers", "steps", "settings"],
)
def test_a_checkpoint_of_another_run_is_refused_in_one_line(made, other: dict, message: str) -> None:
    with made() as checkpoints:
        learn(checkpoints)
        checkpoints.save(3)
    with made(**other) as again, pytest.raises(HornbookError, match=message) as caught:
        again.load()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("hurt", ["__0_0.distcp", ".metadata", "run.json"])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_a_damaged_checkpoint_is_refused_in_one_line(made, hurt: str, how: str) -> None:
    with made() as checkpoints:
        learn(checkpoints)
        checkpoints.save(3)
    file = checkpoints.folder / "step-000000003" / hurt
    if how == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])
    else:
        file.unlink()
    with made() as again, pytest.raises(HornbookError, match="step-000000003") as caught:
        again.load()
    assert "\n" not in str(caught.value)


def test_a_save_that_failed_is_heard_of(made, monkeypatch) -> None:
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dcp.FileSystemWriter, "write_data", full)
    with (
        pytest.raises(HornbookError, match=r"step-000000003: cannot be written .*No space left"),
        made() as checkpoints,
    ):
        learn(checkpoints)
        checkpoints.save(3)
