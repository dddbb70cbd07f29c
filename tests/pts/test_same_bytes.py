"""The stage on a real model in float32: the same bytes, whatever is computed together and whenever it is killed."""

import multiprocessing
import signal
import time
from pathlib import Path

import pytest
import torch

from hornbook.base.files import read_records, write_records
from hornbook.base.records import Pair, Pivot, Question
from hornbook.base.workspace import Workspace
from hornbook.inference.settings import BackendSettings
from hornbook.model.load_save import save_model
from hornbook.pts.settings import PtsSettings
from hornbook.pts.stage import pts
from tests.inference.tiny import tiny_model, tiny_tokenizer

torch.set_num_threads(1)
FILES = ["pivots.parquet", "pairs.parquet", "solutions.parquet", "difficulty.parquet", "rollouts.parquet"]
ORACLE = "def right(question, completion):\n    return completion[-1:] in 'aeiou'\n"
ENTRIES = 8  # in the journal when the stage is killed
SEARCHES = {
    "adaptive": {"error_rate": 0.5, "max_rollouts": 8, "question_tokens": 0},
    "subdivide": {"search": "subdivide", "rollouts": 8, "confirm": 8},
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    save_model(tiny_model(), tiny_tokenizer(), folder / "model")
    questions = [Question(id=f"question-{n}", task="letters", prompt=f"say {n}", answer="a") for n in range(3)]
    write_records(folder / "questions.parquet", Question, questions)
    (folder / "checks.py").write_text(ORACLE)
    return folder


def search(inputs: Path, out: Path, how: str, batch_size: int, cache_gb: float = 4.0) -> dict[str, bytes]:
    settings = PtsSettings(
        p_low=0, p_high=1, p_gap=0.1, max_new_tokens=12, stop=list("abcdefghijklm"), batch_size=batch_size,
        oracle=f"{inputs}/checks.py:right", engine=BackendSettings(dtype="float32", device="cpu", cache_gb=cache_gb),
        **SEARCHES[how],
    )  # fmt: skip
    work = Workspace(out, name="pts", seed=1)
    pts(settings, work, model=inputs / "model", questions=[inputs / "questions.parquet"])
    work.close()
    return {name: (out / name).read_bytes() for name in FILES}


def lines(journal: Path) -> list[bytes]:
    """Those that are complete."""
    whole = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    return [line for line in whole if line.endswith(b"\n")]


@pytest.mark.parametrize("how", SEARCHES)
def test_batches_caches_and_kills_do_not_change_the_pivots(how: str, inputs: Path, tmp_path: Path) -> None:
    usual = search(inputs, tmp_path / "usual", how, 256)
    assert len(read_records(tmp_path / "usual", Pivot)) >= 5 and read_records(tmp_path / "usual", Pair)
    assert search(inputs, tmp_path / "narrow", how, 16, cache_gb=0.0005) == usual

    journal = tmp_path / "killed" / "journal.jsonl"
    context = multiprocessing.get_context("forkserver")  # a fork of this process would share PyTorch's locked threads
    context.set_forkserver_preload([__name__])
    child = context.Process(target=search, args=(inputs, tmp_path / "killed", how, 3))
    child.start()
    while len(lines(journal)) < 1 + ENTRIES and child.is_alive():
        time.sleep(0.001)
    child.kill()
    child.join()
    assert child.exitcode == -signal.SIGKILL  # it had not ended before
    kept = lines(journal)
    assert not (tmp_path / "killed" / "pivots.parquet").exists()
    assert search(inputs, tmp_path / "killed", how, 3) == usual
    assert lines(journal)[: len(kept)] == kept
    assert len(lines(journal)) > len(kept)
