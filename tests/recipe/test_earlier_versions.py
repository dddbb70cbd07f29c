"""Runs and recipes of earlier versions are refused in one line that says what to do."""

import json

import pytest
from click.testing import CliRunner

from hornbook.base.errors import HornbookError
from hornbook.cli.main import hornbook
from hornbook.recipe.recipe import load_recipe

RECIPE = "stages:\n  trivia: {facts: 5}\n"


@pytest.fixture
def run(tmp_path):
    """A run folder with a stage of a kind that is called otherwise now."""
    folder = tmp_path / "run"
    stage = folder / "artifacts" / "judge-0123"
    stage.mkdir(parents=True)
    (stage / "stage.json").write_text(json.dumps({"name": "judge", "kind": "judge", "counts": {}}))
    (folder / "recipe.yaml").write_text("stages: {judge: {model: ./m, questions: ./q}}")
    (folder / "summary.json").write_text("{}")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return folder


@pytest.mark.parametrize("command", ["run", "plan", "status", "report", "lineage"])
def test_a_run_of_an_earlier_version_is_refused(run, command):
    words = {
        "run": [str(run.parent / "recipe.yaml"), "--run", str(run)],
        "plan": [str(run.parent / "recipe.yaml"), "--run", str(run)],
        "lineage": [str(run), "sample-1"],
    }
    done = CliRunner().invoke(hornbook, [command, *words.get(command, [str(run)])])
    assert isinstance(done.exception, HornbookError)
    message = str(done.exception)
    assert (
        "made by an earlier version (judge-0123 is of the kind 'judge', which is called 'judged-pairs' now)" in message
    )
    assert "run the recipe in a new folder with --run, or delete this one" in message


def test_a_kind_that_is_not_known_at_all_is_refused_too(run):
    (run / "artifacts" / "judge-0123" / "stage.json").write_text(json.dumps({"name": "x", "kind": "distil"}))
    done = CliRunner().invoke(hornbook, ["status", str(run)])
    assert "is of the kind 'distil')" in str(done.exception)


def test_a_stage_that_cannot_be_read_is_no_reason(run):
    (run / "artifacts" / "judge-0123" / "stage.json").write_text("{")
    assert CliRunner().invoke(hornbook, ["plan", str(run.parent / "recipe.yaml"), "--run", str(run)]).exit_code == 0


@pytest.mark.parametrize("stage", ["judge: {model: ./m}", "x: {kind: judge, model: ./m}"])
def test_a_recipe_with_an_earlier_name_is_told_the_new_one(tmp_path, stage):
    (tmp_path / "r.yaml").write_text(f"stages:\n  {stage}\n")
    with pytest.raises(HornbookError, match="kind: 'judge' is called 'judged-pairs' now"):
        load_recipe(tmp_path / "r.yaml")
