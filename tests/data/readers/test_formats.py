"""Files in every form that people have give the same rows; what is damaged is named by file and line."""

import bz2
import decimal
import gzip
import json
import lzma
import math
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hornbook
from hornbook.base.errors import HornbookError

ROWS = [{"text": "one, two"}, {"text": "Où\u2028?"}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
TABLE = 'text\n"one, two"\nOù\u2028?\n'
MARK = b"\xef\xbb\xbf"


def parquet(rows: list[dict[str, Any]]) -> bytes:
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return bytes(buffer.getvalue())


def arrow(rows: list[dict[str, Any]], file: bool) -> bytes:
    buffer, table = pa.BufferOutputStream(), pa.Table.from_pylist(rows)
    with (pa.ipc.new_file if file else pa.ipc.new_stream)(buffer, table.schema) as writer:
        writer.write_table(table)
    return bytes(buffer.getvalue())


FORMS: list[tuple[str, str, bytes]] = [  # name, file name, bytes: each holds ROWS
    ("JSON lines", "a.jsonl", LINES.encode()),
    ("a mark at the start", "a.jsonl", MARK + LINES.encode()),
    ("CRLF", "a.jsonl", LINES.replace("\n", "\r\n").encode()),
    ("CR", "a.jsonl", LINES.replace("\n", "\r").encode()),
    ("UTF-16", "a.jsonl", LINES.encode("utf-16")),
    ("UTF-16 without a mark", "a.jsonl", LINES.encode("utf-16-le")),
    ("UTF-16, the other way round", "a.jsonl", LINES.encode("utf-16-be")),
    ("UTF-32", "a.jsonl", LINES.encode("utf-32")),
    ("no newline at the end", "a.jsonl", LINES.rstrip("\n").encode()),
    ("blank lines and commas", "a.jsonl", LINES.replace("}\n", "},\n\n").encode()),
    ("a JSON array", "a.json", json.dumps(ROWS).encode()),
    ("a JSON array over many lines", "a.json", json.dumps(ROWS, indent=2, ensure_ascii=False).encode()),
    ("a JSON array called JSON lines", "a.jsonl", json.dumps(ROWS, indent=1).encode()),
    ("an array with a mark", "a.json", MARK + json.dumps(ROWS).encode()),
    ("objects over many lines", "a.json", "\n".join(json.dumps(row, indent=2) for row in ROWS).encode()),
    ("an object that holds the rows", "a.json", json.dumps({"version": "1", "data": ROWS}, indent=1).encode()),
    ("rows of a server of data sets", "a.json",
     json.dumps({"rows": [{"row_idx": n, "row": row} for n, row in enumerate(ROWS)]}).encode()),
    ("columns as pandas writes them", "a.json",
     json.dumps({"text": {str(n): row["text"] for n, row in enumerate(ROWS)}}).encode()),
    ("CSV", "a.csv", TABLE.encode()),
    ("CSV with a mark and CRLF", "a.csv", MARK + TABLE.replace("\n", "\r\n").encode()),
    ("CSV with semicolons", "a.csv", "text;n\none, two;1\nOù\u2028?;2\n".encode()),
    ("TSV", "a.tsv", "text\tn\none, two\t1\nOù\u2028?\t2\n".encode()),
    ("Parquet", "a.parquet", parquet(ROWS)),
    ("Parquet by another name", "a.jsonl", parquet(ROWS)),
    ("JSON lines called Parquet", "a.parquet", LINES.encode()),
    ("Arrow stream", "a.arrow", arrow(ROWS, file=False)),
    ("Arrow file", "a.arrow", arrow(ROWS, file=True)),
    ("gzip", "a.jsonl.gz", gzip.compress(LINES.encode())),
    ("gzip in two parts", "a.jsonl.gz", gzip.compress(LINES[:10].encode()) + gzip.compress(LINES[10:].encode())),
    ("gzip without saying so", "a.jsonl", gzip.compress(LINES.encode())),
    ("bzip2", "a.jsonl.bz2", bz2.compress(LINES.encode())),
    ("xz", "a.json.xz", lzma.compress(json.dumps(ROWS).encode())),
    ("zstandard", "a.jsonl.zst", pa.compress(LINES.encode(), "zstd", asbytes=True)),
    ("CSV in gzip", "a.csv.gz", gzip.compress(TABLE.encode())),
    ("a suffix in capitals", "A.JSONL", LINES.encode()),
    ("no suffix that is known", "a.dat", LINES.encode()),
]  # fmt: skip

VALUES: list[tuple[str, str, str]] = [  # name, a line of JSON with a text and more, the text that comes out
    ("a surrogate pair", '{"text": "\\ud83d\\ude00"}', "\U0001f600"),
    ("half a surrogate pair", '{"text": "a\\ud83d"}', "a\ufffd"),
    ("NaN beside it", '{"text": "a", "score": NaN}', "a"),
    ("Infinity beside it", '{"text": "a", "score": -Infinity}', "a"),
    ("a number too large for a float", '{"text": "a", "score": 1e400}', "a"),
    ("a large whole number", '{"text": "a", "id": 123456789012345678901234567890}', "a"),
    ("a zero byte", '{"text": "a\\u0000b"}', "a\0b"),
    ("null beside it", '{"text": "a", "title": null}', "a"),
]


def texts(path: Path | list[Path], **options: Any) -> list[str]:
    return [document.text for document in hornbook.load_records(path, "documents", **options)]


@pytest.mark.parametrize(("name", "file", "content"), FORMS, ids=[form[0] for form in FORMS])
def test_the_rows_are_the_same_in_every_form(tmp_path: Path, name: str, file: str, content: bytes) -> None:
    (tmp_path / file).write_bytes(content)
    assert texts(tmp_path / file) == [row["text"] for row in ROWS]


@pytest.mark.parametrize(("name", "line", "text"), VALUES, ids=[value[0] for value in VALUES])
def test_odd_values_do_no_harm(tmp_path: Path, name: str, line: str, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{line}\n{{"text": "next"}}\n')
    assert texts(tmp_path / "a.jsonl") == [text, "next"]


@pytest.mark.parametrize(
    ("file", "content", "good", "lines"),
    [
        ("a.jsonl", b'{"text": "a"}\n{"text": \n[1]\n7\n{"text": "b"}\n', ["a", "b"], [2, 3, 4]),
        ("a.jsonl", b'{"text": "a"}\n' + '{"text": "é"}\n'.encode("latin-1"), ["a"], [2]),
        ("a.json", b'[\n {"text": "a"},\n {"text": "b",,},\n {"text": "c"}\n]', ["a", "c"], [3]),
        ("a.csv", b'text,n\na,1\nb\nc,"2\n2"\nd,4,5\n', ["a", "c"], [3, 6]),
        ("a.csv", b"text,n\na,1\n\xe9,2\n", ["a"], [3]),
    ],
)
def test_damaged_lines_are_named_and_the_others_read(
    tmp_path: Path, file: str, content: bytes, good: list[str], lines: list[int]
) -> None:
    (tmp_path / file).write_bytes(content)
    found = hornbook.load_records(tmp_path / file, "documents")
    assert [document.text for document in found] == good
    assert [aside.where for aside in found.set_aside] == [f"{tmp_path / file}:{line}" for line in lines]


def test_a_row_that_holds_a_list_of_rows_stays_one_row(tmp_path: Path) -> None:
    row = {"text": "one", "examples": [{"text": "not a row"}], "id": "1"}
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(row)}\n")
    assert texts(tmp_path / "a.jsonl") == ["one", "one"]
    (tmp_path / "a.json").write_text(json.dumps({"name": "a set", "examples": [{"text": "one"}, {"text": "two"}]}))
    assert texts(tmp_path / "a.json") == ["one", "two"]


def test_an_archive_that_ends_too_early_gives_what_is_before_it(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"text": f"text {number} {os.urandom(8).hex()}"}) + "\n" for number in range(9999))
    whole = gzip.compress(lines.encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    found = hornbook.load_records(tmp_path / "a.jsonl.gz", "documents")
    assert 100 < len(found) < 9999 and found[0].text.startswith("text 0 ")
    assert any("unreadable file" in aside.reason for aside in found.set_aside)


def test_values_of_columns_are_read_as_they_are_written(tmp_path: Path) -> None:
    columns = {
        "question": ["a", "b", None, "d"],
        "answer": pa.array([decimal.Decimal("5.50"), None, decimal.Decimal("1.00"), decimal.Decimal("2.00")]),
        "tolerance": pa.array([math.nan, 1.0, 1.0, 1.0]),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    found = hornbook.load_records(tmp_path / "a.parquet", "questions")
    assert [(question.question, question.answer) for question in found] == [("a", "5.50"), ("d", "2.00")]
    assert [aside.where for aside in found.set_aside] == [f"{tmp_path}/a.parquet:{row}" for row in (2, 3)]


def test_folders_and_patterns(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    for name in ("b.jsonl", "a.jsonl", "sub/c.jsonl"):
        (data / name).write_text(json.dumps({"text": name}))
    (data / "dataset_infos.json").write_text("{}")
    (data / ".hidden.jsonl").write_text(json.dumps({"text": "hidden"}))
    assert texts(data) == ["a.jsonl", "b.jsonl", "sub/c.jsonl"]
    assert texts(data / "*.jsonl") == ["a.jsonl", "b.jsonl"]
    assert texts(data / "**" / "*.jsonl") == ["a.jsonl", "b.jsonl", "sub/c.jsonl"]
    for path in (tmp_path / "none", data / "*.csv"):
        with pytest.raises(HornbookError, match="no such file or folder"):
            texts(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(HornbookError, match="no files to read in this folder"):
        texts(tmp_path / "empty")


def test_file_names_need_not_be_utf_8(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.jsonl"
    with open(name, "w") as file:
        file.write('{"text": "a"}\n{"text": \n')
    found = hornbook.load_records(tmp_path, "documents")
    assert [document.text for document in found] == ["a"]
    found[0].origin.encode()
    found.set_aside[0].where.encode()


def test_nothing_at_all_is_one_line_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "x"}\n{"text": \n')
    with pytest.raises(HornbookError, match=r"a\.jsonl:1: no text: .*; its fields: title \(and 1 more rows"):
        texts(tmp_path / "a.jsonl")
    (tmp_path / "a.jsonl").write_text("\n")
    with pytest.raises(HornbookError, match="no documents in it"):
        texts(tmp_path / "a.jsonl")
    with pytest.raises(HornbookError, match=r"kind 'chat': unknown \(did you mean 'chats'\?\)"):
        hornbook.load_records(tmp_path, "chat")  # type: ignore[arg-type]


def test_a_data_set_of_a_hub_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def load_dataset(name: str, config: str | None, *, split: str | None, streaming: bool) -> Any:
        asked.append((name, config, split, streaming))
        if name == "gone":
            raise FileNotFoundError("no data set of this name\nat all")
        rows = iter([{"text": "a", "date": decimal.Decimal("1")}, {"text": None}])
        return rows if split else {"test": iter([]), "train": rows}

    package = ModuleType("datasets")
    package.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", package)
    monkeypatch.setattr("hornbook.data.readers.hub.unreachable_reason", lambda: "")
    assert texts(["hub:some/set"]) == texts(["hub:some/set:en"]) == texts(["hub:some/set:en:test"]) == ["a"]
    assert asked == [("some/set", None, None, True), ("some/set", "en", None, True), ("some/set", "en", "test", True)]
    found = hornbook.load_records("hub:some/set:en", "documents")
    assert found.set_aside[0].where == "hub:some/set:en:train:2"
    with pytest.raises(HornbookError, match=r"^hub:gone: FileNotFoundError: no data set of this name at all$"):
        texts(["hub:gone"])
    monkeypatch.setattr("hornbook.data.readers.hub.unreachable_reason", lambda: "no network")
    with pytest.raises(HornbookError, match=r"hub:some/set: the hub cannot be reached \(no network\)"):
        texts(["hub:some/set"])
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(HornbookError, match=r"needs the package datasets: pip install datasets"):
        texts(["hub:some/set"])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["messages", "conversations", "prompt", "chosen", "rejected", "question", "answer", "choices", "options", "label",
     "text", "tests", "completions", "answers", "instruction", "output", "completion", "input_output", "endings",
     "reward_model", "public_test_cases", "question_content", "role", "content", "id", "system", "tools", "metadata"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(row=st.dictionaries(FIELDS, JSON, min_size=1, max_size=5), kind=st.sampled_from(["chats", "pairs", "questions"]))
def test_no_row_ends_the_reading_of_the_others(
    tmp_path_factory: pytest.TempPathFactory, row: dict[str, Any], kind: Any
) -> None:
    good: dict[str, Any] = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    good |= {"prompt": "p", "chosen": "c", "rejected": "r", "answer": "5"}
    file = tmp_path_factory.mktemp("any") / "a.jsonl"
    file.write_text(json.dumps(good))
    (alone,) = hornbook.load_records(file, kind)
    file.write_text(f"{json.dumps(row)}\n{json.dumps(good)}\n")
    found = hornbook.load_records(file, kind)
    assert alone.id in {record.id for record in found} and 1 <= len(found) + len(found.set_aside) <= 3
