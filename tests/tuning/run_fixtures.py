"""Both searches, tiny, in processes of their own, to kill them."""

import multiprocessing
import os
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from hornbook.base.workspace import Workspace
from hornbook.training.settings import RowsSettings
from hornbook.tuning.ablation import ablation
from hornbook.tuning.settings import AblationSettings, TuneSettings
from hornbook.tuning.tune import tune
from tests.training.run_fixtures import TINY

TRAINING = RowsSettings(microbatch_rows=4, threads=1, dtype="float32", checkpoint_every=2)
TUNE = TuneSettings(
    horizons=[1000, 2000],
    rates=[2e-3, 1e-2, 5e-2],
    batch_rows=[4],
    extensions=1,
    warmups=[1, 3],
    doublings=3,
    model=TINY,
    training=TRAINING,
)
ABLATION = AblationSettings(
    horizons=[1000, 2000],
    presets=["final", "S", "S+W"],
    allocations={"mine": {"web": 0.9, "code": 0.1}},
    models={"tiny": TINY, "tinier": TINY.model_copy(update={"layers": 1})},
    training=RowsSettings(**{**TRAINING.model_dump(exclude={"batch_rows", "evaluate_every"}), "learning_rate": 1e-2}),
)
STAGES = {"tune": (tune, TUNE), "ablation": (ablation, ABLATION)}


def run(stage: str, out: Path, tokens: Path, tokenizer: Path, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    function, settings = STAGES[stage]
    work = Workspace(out, name=stage, seed=7)
    function(settings, work, tokens=tokens, tokenizer=tokenizer)
    work.close()


def start(stage: str, out: Path, tokens: Path, tokenizer: Path, **environment: str) -> BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=run, args=(stage, out, tokens, tokenizer, environment))
    process.start()
    return process


def finish(*processes: BaseProcess) -> None:
    for process in processes:
        process.join(200)
        assert process.exitcode == 0


def kill_when(process: BaseProcess, out: Path, results: int) -> None:
    """SIGKILL as soon as there are so many results."""
    while process.is_alive():
        if len(list(out.glob("runs/*/result.json"))) >= results:
            process.kill()
            process.join()
            return
        time.sleep(0.001)
    raise AssertionError("finished before it could be killed")


def files(out: Path) -> dict[str, bytes]:
    """Every file with its bytes, but for wall-clock figures."""
    found = (file for file in out.rglob("*") if file.is_file() and not file.name.startswith("timing"))
    return {str(file.relative_to(out)): file.read_bytes() for file in found}
