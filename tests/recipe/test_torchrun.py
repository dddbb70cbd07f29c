"""A whole recipe under torchrun: all processes train, the first does the rest, and the run is that of one process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch.testing import assert_close

from hornbook.base.files import read_json, write_records
from hornbook.base.records import Document, Message, Pair, Question, Sample
from hornbook.recipe.recipe import load_recipe
from hornbook.recipe.run import run_recipe

RECIPE = """
name: small
stages:
  tokenizer: {kind: tokenizer, documents: ./docs.parquet, vocab_size: 300}
  mixture: {kind: mixture, tokenizer: tokenizer, documents: ./docs.parquet, tokens: 800, context: 32, shares: {web: 1}}
  pretrain:
    kind: pretrain
    tokens: mixture
    tokenizer: tokenizer
    model: {layers: 1, hidden: 32, heads: 2, kv_heads: 1, mlp: 48}
    dtype: float32
    batch_rows: 8
    microbatch_rows: 4
  longer: {kind: mixture, tokenizer: tokenizer, documents: ./docs.parquet, tokens: 800, context: 128, shares: {web: 1}}
  midtrain: {kind: midtrain, model: pretrain, tokens: longer, dtype: float32, batch_rows: 4, recall_trials: 2}
  sft: {kind: sft, model: midtrain, samples: ./chats.parquet, dtype: float32, microbatch_rows: 1, sharding: fsdp}
  dpo: {kind: dpo, model: sft, pairs: ./pairs.parquet, dtype: float32, batch_pairs: 4, refusal_share: null}
  scores: {kind: evaluation, model: dpo, questions: ./questions.parquet, benchmarks: [], max_new_tokens: 4}
"""
TRAINS = ["pretrain", "midtrain", "sft", "dpo"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    text = "The heron number {} waits by the river, and nobody knows what for."
    docs = [Document(id=f"d{n}", text=text.format(n), source="web", origin="o") for n in range(40)]
    turns = [[Message("user", f"Count {n}."), Message("assistant", f"{n} herons")] for n in range(12)]
    chats = [Sample(id=f"s{n}", source="synthetic", kind="k", messages=each) for n, each in enumerate(turns)]
    pairs = [
        Pair(id=f"p{n}", kind="k", prompt_tokens=[1 + n, 2], chosen_tokens=[3], rejected_tokens=[4]) for n in range(8)
    ]
    asked = [Question(id=f"q{n}", task="t", prompt=f"Count {n}.", answer=str(n), oracle="number") for n in range(6)]
    for name, cls, records in (
        ("docs", Document, docs),
        ("chats", Sample, chats),
        ("pairs", Pair, pairs),
        ("questions", Question, asked),
    ):
        write_records(Path(f"{name}.parquet"), cls, records)
    Path("r.yaml").write_text(RECIPE)
    return tmp_path


def torchrun(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    start = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "--no-python",
        "--",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [*start, sys.executable, "-m", "hornbook", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )


def artifacts(run: Path) -> dict[str, Path]:
    """Name and key of each finished stage → its folder."""
    return {path.name: path for path in sorted((run / "artifacts").iterdir())}


@pytest.mark.slow
def test_a_recipe_in_two_processes_is_that_of_one(folder: Path) -> None:
    run_recipe(load_recipe(Path("r.yaml")), Path("one"))
    first = torchrun(folder, "run", "r.yaml", "--run", "two")
    assert first.returncode == 0, first.stderr[-3000:]
    one, two = artifacts(Path("one")), artifacts(Path("two"))
    assert one.keys() == two.keys() and len(one) == 8
    assert not Path("two/lock").exists() and Path("two/report.html").exists()
    assert Path("two/timings.jsonl").read_text().count("\n") == 8  # each stage was booked once
    assert first.stderr.count("1/8") == 1  # and one process spoke
    for name, path in one.items():
        book, its_book = read_json(path / "stage.json"), read_json(two[name] / "stage.json")
        assert book["counts"] == its_book["counts"]
        if name.split("-")[0] in TRAINS:
            weights, its_weights = (load_file(each / "model/model.safetensors") for each in (path, two[name]))
            assert_close(its_weights, weights, atol=1e-4, rtol=0)
        else:
            assert book["notes"] == its_book["notes"]
    again = torchrun(folder, "run", "r.yaml", "--run", "two")
    assert again.returncode == 0 and again.stderr.count("done before") == 8


FAILING = [  # what is changed in the recipe, and what the first process says
    ("context: 128, shares: {web: 1}", "context: 128, shares: {books: 1}", "stage longer: shares.books"),
    ("pairs: ./pairs.parquet", "pairs: ./none.parquet", "stages.dpo.pairs: ./none.parquet: no such file"),
    ("batch_rows: 8\n", "batch_rows: 8\n    learning_rate: 1.0e+30\n", "stage pretrain: step 2"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new", "said"), FAILING, ids=[case[2] for case in FAILING])
def test_a_run_that_fails_in_two_processes_says_why_and_leaves_no_lock(folder: Path, old, new, said) -> None:
    assert old in RECIPE
    Path("r.yaml").write_text(RECIPE.replace(old, new))
    done = torchrun(folder, "run", "r.yaml", "--run", "two")
    assert done.returncode != 0
    assert f"hornbook: {said}" in done.stderr or f"r.yaml: {said}" in done.stderr
    ours = [line for line in done.stderr.splitlines() if "hornbook/" in line and line.strip().startswith("File")]
    assert ours == [] and not Path("two/lock").exists()


@pytest.mark.slow
def test_what_is_no_training_is_done_by_the_first_alone(folder: Path) -> None:
    done = torchrun(folder, "tokenizer", "--documents", "docs.parquet", "--vocab-size", "300", "--out", "tok")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("Written to tok") == 1 and not Path("tok/lock").exists()
