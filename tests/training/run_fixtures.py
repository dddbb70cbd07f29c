"""Running pretraining in processes of their own, to kill them or to run several together."""

import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from hornbook.base.workspace import Workspace
from hornbook.model.settings import ModelSettings
from hornbook.training.pretrain import pretrain
from hornbook.training.settings import PretrainSettings

TINY = ModelSettings(layers=2, hidden=32, heads=4, kv_heads=2, mlp=48)
SETTINGS = PretrainSettings(
    model=TINY,
    batch_rows=4,
    microbatch_rows=2,
    learning_rate=3e-3,
    evaluate_every=5,
    checkpoint_every=3,
    threads=1,
    dtype="float32",
)


def run(out: Path, tokens: Path, tokenizer: Path, changes: dict[str, Any]) -> None:
    work = Workspace(out, seed=7)
    settings = SETTINGS.model_copy(update=changes)
    pretrain(settings, work, tokens=tokens, tokenizer=tokenizer)
    work.close()


def start(out: Path, tokens: Path, tokenizer: Path, world: int = 1, **changes: Any) -> list[BaseProcess]:
    """Pretraining in `world` fresh processes, with other settings where given."""
    return processes(run, (out, tokens, tokenizer, changes), world)


def processes(target: Callable[..., None], arguments: tuple[Any, ...], world: int) -> list[BaseProcess]:
    """Processes as torchrun starts them; PyTorch and transformers are imported once for all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    started = []
    for rank in range(world):
        environment = {"RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        started.append(context.Process(target=_in_environment, args=(environment, target, arguments)))
        started[-1].start()
    return started


def _in_environment(environment: dict[str, str], target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.environ.update(environment)
    torch.set_num_threads(1)
    target(*arguments)


def finish(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.join(200)
        assert process.exitcode == 0


def kill_after(processes: list[BaseProcess], metrics: Path, steps: int) -> None:
    """SIGKILL to all once `steps` steps are in the journal."""
    while processes[0].is_alive():
        if metrics.exists() and metrics.read_bytes().count(b"\n") >= steps:
            for process in processes:
                process.kill()
            for process in processes:
                process.join()
            return
        time.sleep(0.001)
    raise AssertionError(f"finished before step {steps}")
