"""An evaluation that counts its calls to the engine and kills itself at one of them."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hornbook.evaluation.chat.ask as ask
import hornbook.evaluation.harness.model as model
import hornbook.inference.shared_scoring as scoring
from hornbook.base.workspace import Workspace
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.evaluation.stage import evaluation
from hornbook.inference.torch_engine import TorchEngine


def evaluate(folder: Path, out: Path, tasks: list[str], **settings: Any) -> Workspace:
    """Run tasks with the model in `folder`."""
    work = Workspace(out)
    named = {"tasks": tasks, "style": "plain", "engine": {"dtype": "float32"}, **settings}
    evaluation(EvaluationSettings.parse(named, ""), work, model=folder)
    work.close()
    return work


def killed_run(folder: Path, out: Path, tasks: list[str], asked: Path, kill_at: int, **settings: Any) -> None:
    """Write a line to `asked` for each call to the engine, and end by SIGKILL when it has `kill_at` of them."""
    model.REPLIES_PER_BATCH, ask.REPLIES_PER_BATCH, scoring.ROW_TOKENS = 3, 3, 200
    for name in ("score", "sample"):
        setattr(TorchEngine, name, _counted(name, asked, kill_at))
    evaluate(folder, out, tasks, **settings)


def _counted(name: str, asked: Path, kill_at: int) -> Callable[..., Any]:
    method = getattr(TorchEngine, name)

    def call(engine: TorchEngine, first: Any, *rest: Any, **named: Any) -> Any:
        with asked.open("a") as file:
            file.write(f"{name} {len(first)} {hash(str(first))}\n")
        if len(asked.read_text().splitlines()) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(engine, first, *rest, **named)

    return call
