"""Running a recipe: what is there is not run again, what changed is, and only one run at a time."""

import os

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Document
from hornbook.recipe.artifacts import ArtifactStore
from hornbook.recipe.recipe import load_recipe
from hornbook.recipe.run import run_recipe
from hornbook.recipe.status import stage_statuses

RECIPE = """
name: small
stages:
  tokenizer: {kind: tokenizer, documents: DOCS, vocab_size: 300}
  mixture: {kind: mixture, tokenizer: tokenizer, documents: DOCS, tokens: 1500, context: 32, shares: {web: 1.0}}
"""


@pytest.fixture
def recipe(tmp_path):
    documents = [
        Document(id=f"d{i}", text=f"A fox, number {i}, and a dog.", source="web", origin="o") for i in range(60)
    ]
    write_records(tmp_path / "docs.parquet", Document, documents)

    def load(old="", new=""):
        (tmp_path / "r.yaml").write_text(RECIPE.replace("DOCS", str(tmp_path / "docs.parquet")).replace(old, new))
        return load_recipe(tmp_path / "r.yaml")

    return load


def states(recipe, run):
    return {standing.stage.name: (standing.state, standing.why) for standing in stage_statuses(recipe, run)}


def test_only_what_changed_and_what_depends_on_it_runs_again(tmp_path, recipe):
    run = tmp_path / "run"
    run_recipe(recipe(), run)
    assert states(recipe(), run) == {"tokenizer": ("done", ""), "mixture": ("done", "")}
    changed = states(recipe("context: 32", "context: 16"), run)
    assert changed == {"tokenizer": ("done", ""), "mixture": ("waiting", "context 32 → 16")}
    changed = states(recipe("vocab_size: 300", "vocab_size: 280"), run)
    assert changed["tokenizer"] == ("waiting", "vocab_size 300 → 280")
    assert changed["mixture"] == ("waiting", "tokenizer from tokenizer changed")
    before = {path: path.stat().st_mtime_ns for path in (run / "artifacts").rglob("*")}
    run_recipe(recipe(), run)
    assert before == {path: path.stat().st_mtime_ns for path in (run / "artifacts").rglob("*")}


def test_a_stage_that_fails_leaves_no_artifact_and_the_finished_ones_stay(tmp_path, recipe):
    with pytest.raises(HornbookError, match=r"mixture: shares\.books: .* no text of that source"):
        run_recipe(recipe("{web: 1.0}", "{books: 1.0}"), tmp_path / "run")
    assert [path.name.split("-")[0] for path in (tmp_path / "run" / "artifacts").iterdir()] == ["tokenizer"]


def test_two_runs_in_one_folder_are_refused(tmp_path, recipe):
    with ArtifactStore(tmp_path / "run").lock(), pytest.raises(HornbookError, match=f"process {os.getpid()} on"):
        run_recipe(recipe(), tmp_path / "run")
