"""A search from Python, and what a user hears who gives it something wrong."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import torch

from hornbook import find_pivots
from hornbook.base.errors import HornbookError
from hornbook.model.load_save import save_model
from hornbook.pts.settings import PtsSettings
from tests.inference.tiny import tiny_model, tiny_tokenizer

torch.set_num_threads(1)
QUICK: dict[str, Any] = {
    "p_low": 0,
    "p_high": 1,
    "screening": 4,
    "max_rollouts": 6,
    "batch_size": 16,
    "max_new_tokens": 8,
}
CHOICE = {"question": "say a letter", "choices": list("abcd"), "answer": "a"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(tiny_model(), tiny_tokenizer(), folder)
    return folder


def asked(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_few_lines_of_python_search_a_model(model: Path, tmp_path: Path) -> None:
    questions = [{**CHOICE, "question": f"say {n}"} for n in range(3)]
    found = find_pivots(model, questions, out=tmp_path / "out", p_gap=0.1, export="jsonl", **QUICK)
    assert len(found.difficulties) == 3 and found.solutions and found.rollouts
    assert found.page.read_text().startswith("<!doctype html>")
    assert len((tmp_path / "out/pivots.jsonl").read_text().splitlines()) == len(found.pivots)
    for pivot in found.pivots:
        assert pivot.delta_low <= pivot.delta <= pivot.delta_high and pivot.n_before > 0
    again = find_pivots(model, questions, out=tmp_path / "out", p_gap=0.1, export="jsonl", **QUICK)
    assert again.pivots == found.pivots and again.pairs == found.pairs


def test_an_own_function_judges_and_its_source_counts(model: Path, tmp_path: Path) -> None:
    judge = tmp_path / "mine.py"
    judge.write_text("def right(question, completion):\n    return 'a' in completion\n")
    oracle = f"{judge}:right"
    found = find_pivots(model, [{"question": "an a?", "answer": "a"}], out=tmp_path / "out", oracle=oracle, **QUICK)
    assert found.difficulties[0].n >= 4
    before = PtsSettings(oracle=oracle).identity()
    judge.write_text("def right(question, completion):\n    return False\n")
    assert PtsSettings(oracle=oracle).identity() != before


@pytest.mark.parametrize(
    ("row", "settings", "line"),
    [
        ({"question": "how many?"}, {"oracle": "number"}, r"questions.jsonl:1: .*(number|answer)"),
        (
            {"question": "how many?", "answer": "few"},
            {"oracle": "number"},
            r"questions.jsonl:1: .*'few' holds no number",
        ),
        ({**CHOICE, "answer": "z"}, {}, r"questions.jsonl:1: .*none of the 4 choices"),
        ({"question": "x" * 200, "answer": "a"}, {}, r"no question fits the model's context of 96 tokens"),
        (CHOICE, {"oracle": "numbr"}, r"unknown oracle 'numbr'.*number"),
        (CHOICE, {"engine": {"backend": "server", "url": "http://127.0.0.1:9", "retries": 0}}, r"http://127.0.0.1:9"),
        (CHOICE, {"p_gapp": 0.3}, r"find_pivots.p_gapp: unknown key .did you mean 'p_gap'"),
        (
            {"question": "say a", "answer": "no letter"},
            {"p_low": 0.2, "p_high": 0.8},
            r"1 were never solved and 0 always",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    row: dict[str, Any], settings: dict[str, Any], line: str, model: Path, tmp_path: Path
) -> None:
    questions = asked(tmp_path / "questions.jsonl", row)
    with pytest.raises(HornbookError, match=line) as raised:
        find_pivots(model, questions, out=tmp_path / "out", **(QUICK | settings))
    assert "\n" not in str(raised.value)


def test_a_model_that_cannot_end_is_refused(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    save_model(tiny_model(), tokenizer, tmp_path / "model")
    config = tmp_path / "model/tokenizer_config.json"
    names = json.loads(config.read_text())
    names["eos_token"] = names["pad_token"] = None
    vocabulary = (tmp_path / "model/tokenizer.json").read_text()
    for token in ("<|im_end|>", "<|endoftext|>"):
        vocabulary = vocabulary.replace(token, token.replace("|", "!"))
    (tmp_path / "model/tokenizer.json").write_text(vocabulary)
    (tmp_path / "model/generation_config.json").unlink()  # which names them as well, like config.json
    architecture = json.loads((tmp_path / "model/config.json").read_text())
    (tmp_path / "model/config.json").write_text(json.dumps(architecture | {"eos_token_id": None}))
    config.write_text(json.dumps(names).replace("im_end|", "im_end!|").replace("<|im_end!", "<!im_end!"))
    with pytest.raises(HornbookError, match=r"has no end-of-sequence token.*--stop TEXT"):
        find_pivots(tmp_path / "model", [CHOICE], out=tmp_path / "out", **QUICK)


def test_bad_questions_are_set_aside_and_the_search_goes_on(model: Path, tmp_path: Path) -> None:
    questions = asked(
        tmp_path / "questions.jsonl", CHOICE, {"answer": "a"}, {**CHOICE, "question": "b?", "answer": "q"}
    )
    found = find_pivots(model, questions, out=tmp_path / "out", **QUICK)
    assert len(found.difficulties) == 1 and sum(found.rejected.values()) == 2


def test_a_template_that_writes_the_date_asks_the_same_on_another_day(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dated = Path(shutil.copytree(model, tmp_path / "dated"))
    template = dated / "chat_template.jinja"
    template.write_text("{{ strftime_now('%M:%S:%f') }}" + template.read_text())

    def search(name: str) -> str:
        find_pivots(dated, [CHOICE], out=tmp_path / name, **QUICK)
        return (tmp_path / name / "journal.jsonl").read_text().splitlines()[0]

    def at(time: str) -> type[datetime]:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.fromisoformat(time)

        return Clock

    journals = []
    for run, time in (("a", "2024-02-05T07:08:09"), ("b", "2024-02-05T07:08:10"), ("c", "2024-02-05T07:08:09")):
        monkeypatch.setattr("hornbook.tokenizer.template_dates.datetime", at(time))
        journals.append(search(run))
    assert journals[0] == journals[2] != journals[1]
