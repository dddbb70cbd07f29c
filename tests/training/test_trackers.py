"""Trackers get the figures of each step once, and can neither stop nor hold up what they watch."""

import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.training import trackers
from hornbook.training.settings import TrackerSettings
from hornbook.training.trackers import RUN_ID, open_trackers


class FakeWandb:
    """What `trackers` uses of wandb; `trouble` is called by every log."""

    def __init__(self, trouble: Any = lambda step: None) -> None:
        self.trouble = trouble
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.inits: list[dict[str, Any]] = []
        self.finished = 0

    Settings = SimpleNamespace

    def init(self, **arguments: Any) -> Any:
        self.inits.append(arguments)
        return SimpleNamespace(log=self._log, finish=self._finish)

    def _log(self, figures: dict[str, float], step: int) -> None:
        self.trouble(step)
        self.logged.append((step, figures))

    def _finish(self) -> None:
        self.finished += 1


@pytest.fixture
def wandb(monkeypatch) -> FakeWandb:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return fake


def log(work: Workspace, settings: TrackerSettings, steps: range) -> None:
    with open_trackers(settings, work) as opened:
        for step in steps:
            opened.log(step, {"loss": 1 / step})


def test_none_by_default(tmp_path) -> None:
    work = Workspace(tmp_path)
    log(work, TrackerSettings(), range(1, 3))
    assert list(tmp_path.iterdir()) == []


def test_wandb_gets_every_step_once_and_is_finished(wandb, tmp_path) -> None:
    log(Workspace(tmp_path, name="pretrain"), TrackerSettings(wandb="mine"), range(1, 4))
    assert wandb.logged == [(1, {"loss": 1.0}), (2, {"loss": 0.5}), (3, {"loss": 1 / 3})]
    assert wandb.finished == 1
    assert wandb.inits[0]["project"] == "mine" and wandb.inits[0]["name"] == "pretrain"
    assert list(tmp_path.iterdir()) == []  # a finished stage holds nothing that differs from run to run


def test_a_resumed_training_goes_on_with_its_run_and_another_has_another(wandb, tmp_path) -> None:
    settings = TrackerSettings(wandb="mine")
    with pytest.raises(KeyboardInterrupt), open_trackers(settings, Workspace(tmp_path / "a")) as opened:
        opened.log(1, {"loss": 1.0})
        raise KeyboardInterrupt
    assert (tmp_path / "a" / RUN_ID).exists()
    log(Workspace(tmp_path / "a"), settings, range(2, 3))
    log(Workspace(tmp_path / "b"), settings, range(1, 2))
    first, resumed, other = (init["id"] for init in wandb.inits)
    assert first == resumed != other
    assert {init["resume"] for init in wandb.inits} == {"allow"}


def test_a_network_that_fails_is_warned_of_once_and_counted(wandb, tmp_path, capsys) -> None:
    def fails(step: int) -> None:
        if step > 1:
            raise ConnectionError("no route to host")

    wandb.trouble = fails
    work = Workspace(tmp_path)
    log(work, TrackerSettings(wandb="mine"), range(1, 6))
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("warning") == 1 and "no route to host" in said
    assert "4 of 5 steps were not logged" in said
    assert work.statistics()["warnings"] == []  # the book does not depend on a network


def test_a_run_that_cannot_be_opened_does_not_stop_training(wandb, tmp_path, capsys) -> None:
    def refuse(**_: Any) -> None:
        raise RuntimeError("api_key not configured")

    wandb.init = refuse
    log(Workspace(tmp_path), TrackerSettings(wandb="mine"), range(1, 4))
    said = " ".join(capsys.readouterr().err.split())
    assert "api_key not configured" in said and "3 of 3 steps were not logged" in said


def test_a_tracker_that_hangs_holds_nothing_up(wandb, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(trackers, "SECONDS_TO_FINISH", 0.05)
    monkeypatch.setattr(trackers, "STEPS_WAITING", 3)
    released = threading.Event()
    wandb.trouble = lambda step: released.wait(20)
    began = time.monotonic()
    log(Workspace(tmp_path), TrackerSettings(wandb="mine"), range(1, 100))
    assert time.monotonic() - began < 5
    released.set()
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("warning") == 1 and "99 of 99 steps were not logged" in said


@pytest.mark.parametrize(("name", "module"), [("wandb", "wandb"), ("tensorboard", "torch.utils.tensorboard")])
def test_a_missing_package_is_an_error_that_names_it(name, module, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with (
        pytest.raises(HornbookError, match=f"pip install {name}"),
        open_trackers(TrackerSettings(**{name: "x"}), Workspace(tmp_path)),
    ):
        pass


def test_tensorboard_shows_every_step_once_after_a_resume(tmp_path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    settings, work = TrackerSettings(tensorboard=str(tmp_path / "events")), Workspace(tmp_path / "run")
    log(work, settings, range(1, 8))
    log(work, settings, range(4, 10))  # killed after step 7, resumed from the checkpoint of step 3
    shown = EventAccumulator(str(tmp_path / "events" / "run"))
    shown.Reload()
    assert [(event.step, event.value) for event in shown.Scalars("loss")] == [
        (step, pytest.approx(1 / step)) for step in range(1, 10)
    ]
