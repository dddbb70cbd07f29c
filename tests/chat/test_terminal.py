"""A conversation in the terminal: which model is meant, what is said, and what commands do."""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json, write_records
from hornbook.base.records import Pivot
from hornbook.chat.find_model import choose_model
from hornbook.chat.loaded_model import LoadedModel
from hornbook.chat.searched_questions import SearchedQuestions
from hornbook.chat.terminal import Session, talk
from hornbook.inference.settings import Sampling
from hornbook.pts.records import SearchedSolution
from tests.docs.running import run_here
from tests.pts.search_fixtures import pivot, solution

Say = Callable[..., list[str]]


def session(loaded: LoadedModel, **changes: object) -> Session:
    options = {"seed": 1, "system": "", "probabilities": False} | changes
    return Session(loaded, Sampling(temperature=0.9, max_new_tokens=12), **options)


@pytest.fixture
def say(loaded: LoadedModel, capsys: pytest.CaptureFixture[str]) -> Say:
    """What is printed for some lines, by a new session or by the one that is given."""

    def run(*lines: str, by: Session | None = None, apart: bool = False) -> str:
        capsys.readouterr()
        (by or session(loaded)).run(iter(lines), apart=apart)
        return capsys.readouterr().out

    return run


# Which model


def test_the_last_model_of_a_run_is_meant_or_that_of_a_stage(run_folder: Path, tmp_path: Path) -> None:
    chosen = choose_model(str(run_folder))
    assert (chosen.name, chosen.id) == (f"sft of {run_folder}", "small-sft") and not chosen.base
    assert choose_model(str(run_folder), "pretrain").base
    folder = run_folder / "artifacts" / "sft-k"
    assert choose_model(str(folder)).path == str(folder)
    with pytest.raises(HornbookError, match=r"--stage sfx: no such stage .*did you mean 'sft'"):
        choose_model(str(run_folder), "sfx")
    with pytest.raises(HornbookError, match=r"--stage dpo: .* holds no model of it \(models: pretrain, sft\)"):
        choose_model(str(run_folder), "dpo")
    with pytest.raises(HornbookError, match="is no run folder"):
        choose_model(str(folder), "sft")
    with pytest.raises(HornbookError, match="no search here"):
        choose_model(str(folder), pivots=folder)
    shutil.copy(run_folder / "recipe.yaml", tmp_path)
    with pytest.raises(HornbookError, match="no model in it yet"):
        choose_model(str(tmp_path))


def test_a_search_of_the_model_or_of_one_before_it_is_found(run_folder: Path, tmp_path: Path) -> None:
    run = shutil.copytree(run_folder, tmp_path / "run")
    shutil.copytree(run / "artifacts/sft-k", run / "artifacts/dpo-k")
    before = {"name": "dpo", "kind": "dpo", "key": "k-dpo", "inputs": {"model": ["k-sft"]}}
    write_json(run / "artifacts/dpo-k/stage.json", before)
    write_json(run / "artifacts/pivots-k/stage.json",
               {"name": "pivots", "kind": "pts", "key": "k-pivots", "inputs": {"model": ["k-sft"]}})  # fmt: skip
    for stage, searched in {"": "sft", "sft": "sft", "pretrain": ""}.items():
        chosen = choose_model(str(run), stage)
        assert chosen.searched == searched
        assert chosen.search == (run / "artifacts/pivots-k" if searched else None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chat", "nowhere/"], "nowhere/: no such model"),
        (["chat", "MODEL", "--stage", "sft"], "no run folder"),
        (["chat", "MODEL", "--temperature", "-1"], "-1.0 is not in the range x>=0"),
        (["serve", "MODEL", "--port", "99999"], "not in the range"),
        (["serve", "MODEL", "--host", "nowhere.invalid"], "nowhere.invalid:"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    run_folder: Path,
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = str(run_folder / "artifacts/sft-k")
    assert run_here([word.replace("MODEL", model) for word in words], monkeypatch) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("hornbook: ")]
    assert len(lines) == 1 and said in lines[0]


# What is said


def test_the_same_seed_gives_the_same_replies(say: Say, loaded: LoadedModel) -> None:
    one = say("How many?", "And then?")
    assert one == say("How many?", "And then?") and one.count("\n") >= 2
    assert one != say("How many?", "And then?", by=session(loaded, seed=2))


def test_a_conversation_goes_on_until_it_is_new(say: Say, loaded: LoadedModel) -> None:
    talking = session(loaded, system="Be brief.")
    say("How many?", "And then?", by=talking)
    assert [turn.role for turn in talking.turns] == ["system", "user", "assistant", "user", "assistant"]
    first = talking.turns[2].content
    say("/new", "How many?", by=talking)
    assert len(talking.turns) == 3 and talking.turns[2].content == first
    say("/again", by=talking)
    assert len(talking.turns) == 3


def test_lines_of_a_pipe_are_questions_by_themselves(
    say: Say, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = say("How many?")
    monkeypatch.setattr(sys, "stdin", io.StringIO("How many?\n\nHow many?\n"))
    talk(session(loaded))
    assert capsys.readouterr().out == alone * 2


def test_probabilities_stand_behind_unsure_tokens(say: Say, loaded: LoadedModel) -> None:
    plain = say("How many?")
    marked = say("How many?", by=session(loaded, probabilities=True))
    assert "[0." in marked and marked != plain
    assert say("How many?", "/probabilities", "/new", "How many?").endswith(marked)


def test_alternatives_of_a_token(say: Say) -> None:
    told = say("How many?", "/alternatives 2").splitlines()[-1]
    assert told.startswith("   2  ") and told.count(", ") >= 3 and "instead: " in told


def test_an_interrupt_ends_the_reply_and_not_the_session(
    say: Say, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    talking = session(loaded)
    steps = iter(range(3))
    step = loaded.batch.step

    def interrupted() -> None:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        step()

    with monkeypatch.context() as patch:
        patch.setattr(loaded.batch, "step", interrupted)
        say("How many?", by=talking)
    assert len(talking.told) == 3 and talking.turns[-1].role == "assistant" and not loaded.batch.busy
    say("And then?", by=talking)
    assert len(talking.turns) == 4


def test_commands_that_cannot_be_obeyed_are_answered(loaded: LoadedModel, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "/nothing",
        "/again",
        "/alternatives",
        "/alternatives x",
        "/pivots",
        "/temperature warm",
        "/temperature -1",
    ]
    session(loaded).run(iter([*lines, "word " * 300]), apart=False)
    said = capsys.readouterr()
    assert said.out == ""
    for words in ("no such command", "nothing was asked", "no reply yet", "--pivots FOLDER", "'warm'", "temperature",
                  "context of 128"):  # fmt: skip
        assert words in said.err


def test_quit_ends_and_help_lists(say: Say) -> None:
    assert "/alternatives" in say("/help")
    assert say("/quit", "How many?") == ""


# Pivots


@pytest.fixture
def searched(loaded: LoadedModel, say: Say, tmp_path: Path) -> LoadedModel:
    """With a search whose only solution is what the model says at seed 1, pivotal in its third token."""
    talking = session(loaded)
    say("How many?", by=talking)
    tokens = [told.token for told in talking.told]
    made = solution(1, "x" * len(tokens), True, [0.5] * 3 + [0.9] * len(tokens), "How many?")
    made.prompt_tokens = loaded.prompt(talking.turns[:1])
    made.solution_tokens = tokens
    taken, other = pivot(made, 2), pivot(made, 2)
    other.solution_tokens = [*tokens[:4], tokens[4] + 1]
    other.position, other.p_before, other.p_after = 4, 0.75, 0.25
    write_records(tmp_path / "solutions.parquet", SearchedSolution, [made])
    write_records(tmp_path / "pivots.parquet", Pivot, [taken, other])
    return loaded._replace(searched=SearchedQuestions(tmp_path, "sft"))


def test_pivots_are_marked_in_a_reply_to_a_searched_question(say: Say, searched: LoadedModel) -> None:
    told = say("How many?", by=session(searched))
    assert "◂(0.50→0.90)" in told
    assert "searched with sft: 1 of 2 pivotal tokens found are in this reply" in told
    assert "at token 5 it says" in told and "p(success) goes from 0.75 to 0.25" in told
    assert "◂" not in say("How many of them?", by=session(searched))


def test_searched_questions_are_listed_and_asked(say: Say, searched: LoadedModel) -> None:
    assert "   1  2 pivots  How many?" in say("/pivots", by=session(searched))
    told = say("/pivots 1", by=session(searched))
    assert told.startswith("How many?\n") and "right: xx▸x◂(0.50→0.90)xx" in told
