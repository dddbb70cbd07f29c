"""Running pretraining in processes of their own, to kill them or to run several together."""

import multiprocessing
import os
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

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


def run(out: Path, tokens: Path, tokenizer: Path, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    work = Workspace(out, seed=7)
    pretrain(SETTINGS, work, tokens=tokens, tokenizer=tokenizer)
    work.close()


def start(out: Path, tokens: Path, tokenizer: Path, **environment: str) -> BaseProcess:
    """A fresh process; PyTorch and transformers are imported once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=run, args=(out, tokens, tokenizer, environment))
    process.start()
    return process


def finish(*processes: BaseProcess) -> None:
    for process in processes:
        process.join(200)
        assert process.exitcode == 0


def kill_after(process: BaseProcess, metrics: Path, steps: int) -> None:
    """SIGKILL once `steps` steps are in the journal."""
    while process.is_alive():
        if metrics.exists() and metrics.read_bytes().count(b"\n") >= steps:
            process.kill()
            process.join()
            return
        time.sleep(0.001)
    raise AssertionError(f"finished before step {steps}")
