"""What `against` may name, and what a user gets for it: verdicts, files, a page."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import hornbook
from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.cli.main import hornbook as command
from hornbook.data.benchmark_sets import SEALED, load_sets, missing_of_report
from hornbook.data.decontaminate_files import decontaminate_files
from hornbook.data.settings import CurateSettings, DecontaminateSettings

ASKED = "How many of the nineteen brass handles did the joiner from Ely keep for the cupboard in the hall?"
AROUND = " ".join(f"w{n}" for n in range(200))


@pytest.fixture
def quiz(tmp_path):
    file = tmp_path / "quiz.jsonl"
    rows = [
        {"id": "q1", "question": ASKED, "choices": ["two", "three"], "answer": "B"},
        {"text": "plain words of a page " * 3},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


NAMES = [  # as given, the benchmarks of the items
    ("GSM8K", {"gsm8k"}),
    (["gsm8k", "mbpp", "gsm8k"], {"gsm8k", "mbpp"}),
    ("ARC-E", {"arc_easy"}),
    ("GPQA-Diamond", {"gpqa"}),
    ("OpenBookQA", {"openbookqa"}),
]


@pytest.mark.parametrize(("against", "benchmarks"), NAMES)
def test_benchmarks_are_known_by_their_usual_names(against, benchmarks):
    assert {item.benchmark for item in load_sets(against)} == benchmarks


def test_all_is_what_is_installed_and_says_what_is_missing(monkeypatch):
    assert {"mmlu", "gsm8k", *SEALED} <= {item.benchmark for item in load_sets("all")}
    for name in ("mmlu_pro", "agieval", "phibench", "arena_hard", "mt_bench", "mcphi"):
        assert name in missing_of_report()
    assert "\n" not in missing_of_report()
    monkeypatch.setattr("hornbook.data.benchmark_sets.INFRA", ("no_such_package", ""))
    assert "gpqa" in missing_of_report() and not {"gpqa"} & {item.benchmark for item in load_sets("all")}


def test_a_file_is_a_set_of_its_own(quiz):
    first, second = load_sets([quiz])
    assert (first.id, first.benchmark, first.choices) == ("quiz.jsonl/q1", "quiz.jsonl", ["two", "three"])
    assert second.question.startswith("plain words")


WRONG = [  # against, the line
    ("gsm9k", "against: 'gsm9k' is neither a benchmark nor a file .did you mean 'gsm8k'"),
    ("none.jsonl", "against: none.jsonl: no such file"),
    ("phibench", "against: phibench is not in any package; name a file with its items"),
    ("empty.jsonl", "against: empty.jsonl has no texts to compare with"),
]


@pytest.mark.parametrize(("against", "line"), WRONG)
def test_what_is_not_there_is_one_line(against, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("empty.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(HornbookError, match=line):
        load_sets(against)


def test_the_key_follows_the_content_of_a_file(quiz):
    before = DecontaminateSettings(against=["gsm8k", quiz]).identity()["against"]
    Path(quiz).write_text('{"question": "another question that has at least seven words"}\n')
    after = DecontaminateSettings(against=["gsm8k", quiz]).identity()["against"]
    assert before[0] == after[0] == "gsm8k" and before[1] != after[1]
    assert DecontaminateSettings(against=["all"]).identity()["against"] != ["all"]


def test_texts_of_any_tool_get_verdicts(quiz):
    texts = [f"{AROUND} {ASKED} {AROUND}", "Nothing of the kind.", ""]
    found, clean, empty = hornbook.decontaminate(texts, against=[quiz])
    assert (found.label, found.item) == ("contaminated", "quiz.jsonl/q1")
    assert [texts[0][start:end] for start, end in found.spans] == [ASKED[:-1]]
    assert clean.label == empty.label == "clean" and clean.spans == []
    with pytest.raises(HornbookError, match="expected texts, got a dict"):
        hornbook.decontaminate([{}], against=[quiz])
    with pytest.raises(HornbookError, match="info_treshold: unknown key"):
        hornbook.decontaminate([], against=[quiz], info_treshold=0.1)


def test_a_file_of_records_is_divided_and_shown(quiz, tmp_path):
    (tmp_path / "mine.jsonl").write_text(json.dumps({"id": "a", "text": f"{AROUND} {ASKED}"}) + '\n{"text": "fine"}\n')
    out = hornbook.decontaminate_files(tmp_path / "mine.jsonl", out=tmp_path / "out", against=[quiz])
    assert [file.name for file in out.files] == ["mine.jsonl"]
    first, second = map(json.loads, (out.path / "verdicts.jsonl").read_text().splitlines())
    assert (first["record"], first["label"], first["item"]) == ("a", "contaminated", "quiz.jsonl/q1")
    assert second["label"] == "clean" and second["spans"] == []
    (aside,) = map(json.loads, (out.path / "contaminated.jsonl").read_text().splitlines())
    start, end = aside["spans"][0]
    assert aside["text"][start:end] == ASKED[:-1]
    page = (out.path / "contamination.html").read_text()
    assert page.count(f"<mark>{ASKED[:-1]}</mark>") == 2  # in the text, and in the item beside it
    assert re.search(r'quiz\S*</td><td class="n">\d+</td><td class="n">\d+</td><td class="n">1</td>', page)


def test_sealed_items_are_shown_by_id_only(tmp_path):
    item = load_sets("gpqa")[3]
    (tmp_path / "mine.jsonl").write_text(json.dumps({"text": item.question}) + '\n{"text": "fine"}\n')
    work = Workspace(tmp_path / "out")
    decontaminate_files(DecontaminateSettings(against=["gpqa"]), work, records=[tmp_path / "mine.jsonl"])
    work.close()
    written = {file.name: file.read_text() for file in (tmp_path / "out").iterdir()}
    assert item.id in written["contamination.html"] and item.id in written["contaminated.jsonl"]
    words = item.question.split()
    assert not any(" ".join(words[:5]) in text for text in written.values())  # (no assertion message shows the text)


def test_earlier_names_are_told_the_new_ones(tmp_path):
    with pytest.raises(HornbookError, match=r"^curate\.benchmarks: is called 'against' now$"):
        CurateSettings.parse({"benchmarks": []}, "curate")
    with pytest.raises(HornbookError, match="allow_common: is called 'common_share' now"):
        DecontaminateSettings.parse({"allow_common": 20}, "")
    done = CliRunner().invoke(command, ["decontaminate", "x.jsonl", "--benchmarks", "gsm8k", "--out", str(tmp_path)])
    assert "--benchmarks is called --against now" in done.output and done.exit_code == 2
