"""`hornbook push` against a stub of the hub: what is uploaded, what the card says, and what goes wrong."""

from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import yaml

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json, write_records
from hornbook.base.records import Message, Sample
from hornbook.cli.main import hornbook
from tests.pts.search_fixtures import write_search

STAGE = {
    "name": "pivots",
    "kind": "pts",
    "version": 6,
    "seed": 3,
    "settings": {"p_gap": 0.3, "oracle": "/home/me/judge.py:mine", "oracles": {"seconds": 5}},
    "counts": {"records_in": 12, "tokens": 34567},
    "rejected": {"oracle failed": 2},
    "warnings": ["few questions"],
}
KEPT_HERE = ["journal.jsonl", "rejects.jsonl", "teacher/calls.jsonl", "book.json", ".key"]  # not for others to see
WRONG = [  # what the hub's library raises, and what is said
    (OSError("401 Client Error: Unauthorized"), r"push: me/set: .*401.*; log in with `hf auth login`"),
    (OSError("Token is required"), "log in with"),
    (ValueError("Repo id must be alphanumeric\nor so"), "push: me/set: .*Repo id must be alphanumeric or so$"),
    (ConnectionError("no route"), "push: me/set: .*no route$"),
]
REFUSED = [  # arguments, and what is said
    (["search", "set"], "set: not the name of a data set; expected OWNER/NAME"),
    (["search", "a/b/c"], "a/b/c: not the name of a data set"),
    (["nowhere", "me/set"], "nowhere: no such folder"),
    (["empty", "me/set"], "empty: no records in it"),
    (["broken", "me/set"], r"broken/pairs.parquet: not a readable Parquet file"),
]


class Hub:
    """Stands in for HfApi; every call is kept."""

    calls: list[tuple[str, Any]] = []
    error: Exception | None = None

    def create_repo(self, name: str, **options: Any) -> str:
        if self.error:
            raise self.error
        self.calls.append((name, options))
        return f"https://hub/datasets/{name}"

    def create_commit(self, name: str, operations: list[Any], **options: Any) -> None:
        self.calls.append((name, {operation.path_in_repo: operation.path_or_fileobj for operation in operations}))


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Hub]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    monkeypatch.setattr("hornbook.report.push.unreachable_reason", lambda: "")
    monkeypatch.setattr(Hub, "calls", [])
    write_search(Path("search"))
    write_json(Path("search/stage.json"), STAGE)
    Path("search/teacher").mkdir()
    Path("search/trl.jsonl").write_text('{"id": 1}\n{"id": 2}\n')
    Path("search/pivots.jsonl").write_text('{"id": 1}\n')
    for name in KEPT_HERE:
        Path("search", name).write_text("{}")
    Path("empty").mkdir()
    Path("broken").mkdir()
    Path("broken/pairs.parquet").write_text("no")
    return Hub


def push(*words: str) -> None:
    hornbook.main(["push", *words], standalone_mode=False)


def test_the_records_go_up_with_a_card_and_nothing_else(hub, capsys) -> None:
    push("search", "me/set", "--license", "apache-2.0")
    assert capsys.readouterr().out == "https://hub/datasets/me/set\n"
    (name, options), (_, files) = hub.calls
    assert name == "me/set" and options == {"repo_type": "dataset", "private": True, "exist_ok": True}
    tables = ["pivots.parquet", "pairs.parquet", "solutions.parquet", "rollouts.parquet"]
    assert set(files) == {"README.md", *tables, "trl.jsonl", "pivots.jsonl"}
    _, head, body = files["README.md"].decode().split("---\n", 2)
    said = yaml.safe_load(head)
    assert said["license"] == "apache-2.0" and said["tags"] == ["hornbook", "pivotal-token-search"]
    configs = {config["config_name"]: config for config in said["configs"]}
    assert {config["data_files"] for config in configs.values()} == set(files) - {"README.md"}
    assert [name for name, config in configs.items() if config.get("default")] == ["pairs"]
    assert configs["pivots-json"]["data_files"] == "pivots.jsonl"
    assert "| `pairs` | 2 |" in body and "| `trl` | 2 |" in body
    assert "Stage `pts`, version 6, seed 3." in body and "p_gap: 0.3" in body and "- tokens: 34,567" in body
    assert "judge.py:mine" in body and "/home/me" not in body


def test_samples_of_any_folder_and_public_when_asked(hub) -> None:
    samples = [Sample(id="s", source="synthetic", kind="k", messages=[Message("user", "Hm?")])]
    write_records(Path("chats/samples.parquet"), Sample, samples)
    push("chats", "me/chats", "--public")
    (_, options), (_, files) = hub.calls
    assert options["private"] is False and set(files) == {"README.md", "samples.parquet"}
    assert "## Settings" not in files["README.md"].decode()  # nobody said how they were made


CORPUS = {
    "name": "synthetic",
    "kind": "synth",
    "version": 3,
    "seed": 1,
    "settings": {
        "teacher": {"url": "http://inner:8000/v1", "model": "large", "headers": {"api-key": "secret"}},
        "verifier": {"model": "other"},
        "benchmarks": ["sciq"],
    },
    "notes": {
        "yields": {
            "faq": {"seeds": 1200, "passed": 900, "kept": 850, "teachers": {"large": 1200}, "calls": 2400, "tokens": 9}
        },
        "contamination": {"sciq": {"contaminated": 3, "partial": 1}},
    },
}
SAID = [  # what is changed in the stage's file, words of the command, and what the card then says
    ({}, [], "| `faq` | 850 | 1,200 | 75% | 2,400 | 9 |"),
    ({}, [], "- written by large\n- verified by other"),
    ({}, [], "Licence of the documents: Nobody has said"),
    ({}, ["--seeds-license", "CC BY-SA 4.0"], "Licence of the documents: CC BY-SA 4.0"),
    ({}, [], "Compared with sciq; records that overlap wholly were set aside.\n\n- sciq: 3 contaminated, 1 partial"),
    ({"settings": {"benchmarks": []}}, [], "The records were not compared with benchmarks."),
    ({"settings": {}}, [], "- verified by the teacher that wrote it"),
]


@pytest.mark.parametrize(("changed", "words", "said"), SAID)
def test_the_card_of_a_synthetic_corpus(hub, changed: dict[str, Any], words: list[str], said: str) -> None:
    samples = [Sample(id="s", source="synthetic", kind="faq", text="What is it? A heron.")]
    write_records(Path("corpus/samples.parquet"), Sample, samples)
    write_json(Path("corpus/stage.json"), CORPUS | changed)
    push("corpus", "me/corpus", *words)
    card = hub.calls[-1][1]["README.md"].decode()
    assert said in card and "secret" not in card and "inner" not in card


def test_a_dry_run_shows_it_and_asks_no_hub(hub, capsys) -> None:
    push("search", "me/set", "--dry-run")
    shown = capsys.readouterr().out
    assert hub.calls == [] and "pairs.parquet" in shown and "config_name: pairs" in shown


@pytest.mark.parametrize(("error", "said"), WRONG, ids=[str(error) for error, _ in WRONG])
def test_what_goes_wrong_is_one_line(hub, monkeypatch, error: Exception, said: str) -> None:
    monkeypatch.setattr(hub, "error", error)
    with pytest.raises(HornbookError, match=said) as raised:
        push("search", "me/set")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("words", "said"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_cannot_be_pushed_is_refused(hub, words: list[str], said: str) -> None:
    with pytest.raises(HornbookError, match=said):
        push(*words)
    assert hub.calls == []


def test_without_a_network_it_is_one_line(hub, monkeypatch) -> None:
    monkeypatch.setattr("hornbook.report.push.unreachable_reason", lambda: "no route")
    with pytest.raises(HornbookError, match=r"push: the hub is unreachable \(no route\)"):
        push("search", "me/set")
