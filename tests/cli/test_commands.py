"""The command line: help with an example everywhere, and bad input answered in one line with exit code 2."""

import subprocess
import sys

import click
import pytest

from hornbook.base.settings import Settings
from hornbook.cli.main import hornbook
from hornbook.inference.settings import BackendSettings
from hornbook.recipe.stage_registry import STAGE_TYPES


def run(*arguments, cwd=None):
    done = subprocess.run(
        [sys.executable, "-m", "hornbook", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def commands(group=hornbook, words=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(words):
    from click.testing import CliRunner

    shown = CliRunner().invoke(hornbook, [*words, "--help"])
    assert shown.exit_code == 0
    assert f"hornbook {' '.join(words)} " in shown.output.partition("Example:")[2]


@pytest.mark.parametrize("command", ["pts", "eval", "judged-pairs", "refusal"])
def test_what_samples_has_the_same_flags_in_every_command(command):
    from click.testing import CliRunner

    shown = CliRunner().invoke(hornbook, [command, "--help"]).output
    for flag in BackendSettings.model_fields:
        assert f"--engine.{flag.replace('_', '-')} " in shown


@pytest.mark.parametrize("kind", STAGE_TYPES.values(), ids=lambda kind: kind.name)
def test_every_setting_has_a_help_text(kind):
    for name, field in kind.settings.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize("kind", STAGE_TYPES.values(), ids=lambda kind: kind.name)
def test_every_stage_has_settings_inputs_and_an_example(kind):
    assert issubclass(kind.settings, Settings)
    assert (
        kind.does.endswith(".") and kind.makes and kind.report and kind.example.startswith(f"hornbook {kind.command} ")
    )
    assert not kind.argument or kind.argument in kind.inputs
    assert set(kind.holds) <= set(kind.inputs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], "No such command 'rnu'"),
        (["run", "none.yaml"], "none.yaml: no such recipe"),
        (["status", "."], ".: not a run folder"),
        (["lineage", ".", "doc-1"], ".: neither a run (no artifacts/ in it) nor a stage's output"),
        (["report", "."], "no summary.json"),
        (["curate", "nowhere", "--out", "o"], "nowhere: no such file or folder"),
        (["train", "sft", "m", "--samples", ".", "--out", "o", "--epochs", "0"], "epochs: "),
        (["tokenizer", "--vocab-size", "many", "--out", "o"], "vocab_size: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, arguments, message):
    code, _, error = run(*arguments, cwd=tmp_path)
    assert code == 2
    assert message in error
    assert error.startswith("hornbook: ")
    assert error.count("\n") == 1


def test_a_wrong_precision_in_the_environment_is_told_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setenv("HORNBOOK_DTYPE", "bf16")
    code, output, error = run("curate", ".", "--out", "o", cwd=tmp_path)
    assert (code, output) == (2, "")
    assert error == "hornbook: HORNBOOK_DTYPE: float32, bfloat16 or auto expected, got 'bf16'\n"
    assert not (tmp_path / "o").exists()


def test_a_stage_by_itself_is_done_once_and_never_written_over(tmp_path):
    command = ["tokenizer", "--documents", "docs.parquet", "--vocab-size", "300", "--out", "tok"]
    from hornbook.base.files import write_records
    from hornbook.base.records import Document

    documents = [
        Document(id=f"d{i}", text=f"A fox, number {i}, and a dog.", source="web", origin="o") for i in range(50)
    ]
    write_records(tmp_path / "docs.parquet", Document, documents)
    assert run(*command, cwd=tmp_path)[0] == 0
    code, _, said = run(*command, cwd=tmp_path)
    assert code == 0
    assert "done before" in said
    code, _, said = run(*[*command, "--seed", "2"], cwd=tmp_path)
    assert code == 2
    assert "has other content" in said
    answers = tmp_path / "tok" / "teacher" / "calls.jsonl"
    answers.parent.mkdir(exist_ok=True)
    answers.write_text("paid for")
    (tmp_path / "tok" / "old").mkdir()
    assert run(*[*command, "--seed", "2", "--overwrite"], cwd=tmp_path)[0] == 0
    assert answers.read_text() == "paid for" and not (tmp_path / "tok" / "old").exists()


def test_an_error_says_how_many_records_were_set_aside_before(tmp_path):
    documents = tmp_path / "documents.jsonl"
    documents.write_text('{"text": ""}\nnot json\n')
    code, _, err = run("curate", str(documents), "--out", str(tmp_path / "out"))
    assert code == 2 and "set aside, see" in err.strip().splitlines()[-1] and "Traceback" not in err
    assert (tmp_path / "out/rejects.jsonl").read_text().count("\n") >= 1
