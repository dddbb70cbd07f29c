"""`--questions hub:NAME` through the command line, with a stub in place of the package `datasets`."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json
from hornbook.cli.main import hornbook
from hornbook.preference import generate as replies
from tests.preference.tiny import save_tiny_model, scripted

ROWS = {  # data set → its rows, as public ones have them
    "some/gsm8k": [{"question": f"What is {n} + 1?", "answer": f"It is {n} + 1.\n#### {n + 1}"} for n in range(6)],
    "some/math": [{"problem": f"Compute ${n}+1$.", "solution": rf"It is $\boxed{{{n + 1}}}$."} for n in range(6)],
    "some/plain": [{"prompt": f"{n} and one?", "answer": str(n + 1)} for n in range(6)],
}
NAMED = [  # how it is named, what `datasets` is asked for, and what the questions should be
    ("hub:some/gsm8k", ("some/gsm8k", None, None), "some/gsm8k"),
    ("hub:some/gsm8k:main", ("some/gsm8k", "main", None), "some/gsm8k"),
    ("hub:some/gsm8k:main:test", ("some/gsm8k", "main", "test"), "some/gsm8k"),
    ("hub:some/math", ("some/math", None, None), "some/math"),
    ("hub:some/plain", ("some/plain", None, None), "some/plain"),
]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    def load_dataset(name: str, config: str | None, *, split: str | None, streaming: bool) -> Any:
        calls.append((name, config, split))
        return ROWS[name] if split else {"train": ROWS[name]}

    package = ModuleType("datasets")
    package.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", package)
    monkeypatch.setattr("hornbook.data.readers.hub.unreachable_reason", lambda: "")
    monkeypatch.chdir(tmp_path)
    save_tiny_model(Path("model"))
    return calls


@pytest.mark.parametrize(("name", "call", "rows"), NAMED)
def test_questions_of_a_hub_are_asked_and_judged(asked, monkeypatch, name: str, call: tuple, rows: str) -> None:
    monkeypatch.setattr(replies, "open_engine", scripted(lambda question, sample: "0"))
    prompts: list[str] = []
    plain = replies.Encoder.prompt

    def noted(self: Any, question: str, before: Any = ()) -> list[int]:
        prompts.append(question)
        return plain(self, question, before)

    monkeypatch.setattr(replies.Encoder, "prompt", noted)
    flags = ["--style", "plain", "--benchmarks", "[]", "--out", "out"]
    hornbook.main(["eval", "model", "--questions", name, *flags], standalone_mode=False)
    assert call in asked
    texts = [row.get("question") or row.get("problem") or row["prompt"] for row in ROWS[rows]]
    assert sorted(prompts) == sorted(texts)
    scores = {score["name"]: score for score in read_json(Path("out/scores.json"))["scores"]}
    assert (scores["reasoning"]["mean"], scores["reasoning"]["n"]) == (0.0, 6)


def test_right_answers_are_judged_right(asked, monkeypatch) -> None:
    known: dict[str, str] = {}
    plain = replies.Respondent._sample

    def learn(self: Any, chunk: Any, *rest: Any) -> Any:
        known.update({question.id: question.prompt for question, _ in chunk})
        return plain(self, chunk, *rest)

    def right(question: str, sample: int) -> str:
        number = int(re.search(r"\d+", known[question]).group())
        return f"Answer: {number + 1}"

    monkeypatch.setattr(replies.Respondent, "_sample", learn)
    monkeypatch.setattr(replies, "open_engine", scripted(right))
    flags = ["--style", "plain", "--benchmarks", "[]", "--out", "out"]
    hornbook.main(["eval", "model", "--questions", "hub:some/gsm8k", *flags], standalone_mode=False)
    assert read_json(Path("out/scores.json"))["scores"][0]["mean"] == 1.0


def test_a_search_takes_them_too(asked) -> None:
    """A tiny random model solves nothing, and says so: the questions were read, put and judged."""
    flags = ["--max-new-tokens", "4", "--screening", "2", "--out", "out"]
    with pytest.raises(HornbookError) as error:
        hornbook.main(["pts", "model", "--questions", "hub:some/gsm8k", *flags], standalone_mode=False)
    assert "\n" not in str(error.value) and "6" in str(error.value)
    assert ("some/gsm8k", None, None) in asked
