"""The log a crash cannot spoil, and the ledger on it."""

import errno
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.append_log import AppendLog
from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.teacher.ledger import Call, Ledger, Parameters, call_key

PARAMETERS = Parameters(0.7, 1.0, 64, [])


def call(number: int, text: str = "answer", model: str = "m") -> Call:
    messages = [Message("user", f"question {number}")]
    return Call(
        key=call_key(model, messages, PARAMETERS, 0),
        model=model,
        purpose="test",
        messages=messages,
        parameters=PARAMETERS,
        sample=0,
        text=text,
        finish="stop",
        prompt_tokens=2,
        completion_tokens=1,
    )


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6),
    cut=st.integers(0, 10_000),
)
def test_whatever_a_kill_leaves_of_the_file_all_whole_lines_are_read_and_writing_goes_on(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = Ledger(folder)
    calls = [ledger.put(call(number, text)) for number, text in enumerate(texts)]
    ledger.close()
    path = folder / "calls.jsonl"
    whole = path.read_bytes()
    torn = whole[: cut % (len(whole) + 1)]
    path.write_bytes(torn)

    ledger = Ledger(folder)
    # A line whose newline alone is missing may be read only once the newline is there: it counts as torn at first.
    survivors = torn.count(b"\n")
    assert len(ledger) == survivors
    assert [ledger.get(c.key) for c in calls[:survivors]] == calls[:survivors]
    for c in calls:
        if ledger.get(c.key) is None:
            ledger.put(c)
    ledger.close()

    again = Ledger(folder)
    assert [again.get(c.key) for c in calls] == calls
    assert path.read_bytes().startswith(torn)  # nothing is ever cut off
    again.close()


def test_two_open_ledgers_see_each_others_answers_and_the_first_answer_counts(tmp_path: Path) -> None:
    one, two = Ledger(tmp_path), Ledger(tmp_path)
    one.put(call(1, "first"))
    seen = two.get(call(1).key)
    assert seen and seen.text == "first"
    one.put(call(2, "mine"))
    assert two.put(call(2, "yours")).text == "mine"
    one.close()
    two.close()


def test_usage_is_counted_by_model_and_repeated_payments_count_too(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for c in (call(1), call(1), call(2), call(1, model="other")):
        ledger.put(c)
    assert (ledger.prompt_tokens["m"], ledger.completion_tokens["m"]) == (6, 3)
    assert ledger.prompt_tokens["other"] == 2
    ledger.close()


def test_a_damaged_line_in_the_middle_costs_that_line_only(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in range(3):
        ledger.put(call(number))
    ledger.close()
    path = tmp_path / "calls.jsonl"
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[1][:50]
    path.write_bytes(b"\n".join(lines))
    ledger = Ledger(tmp_path)
    assert [ledger.get(call(n).key) is not None for n in range(3)] == [True, False, True]
    assert ledger.damaged == 1
    ledger.close()


def test_the_key_changes_with_everything_that_decides_the_answer_and_not_with_the_purpose() -> None:
    messages = [Message("system", "be brief"), Message("user", "hi")]
    keys = {
        call_key("m", messages, PARAMETERS, 0),
        call_key("n", messages, PARAMETERS, 0),
        call_key("m", messages[1:], PARAMETERS, 0),
        call_key("m", [Message("user", "be brief"), Message("user", "hi")], PARAMETERS, 0),
        call_key("m", messages, msgspec.structs.replace(PARAMETERS, temperature=0.8), 0),
        call_key("m", messages, msgspec.structs.replace(PARAMETERS, top_p=0.9), 0),
        call_key("m", messages, msgspec.structs.replace(PARAMETERS, max_tokens=65), 0),
        call_key("m", messages, msgspec.structs.replace(PARAMETERS, stop=["\n"]), 0),
        call_key("m", messages, PARAMETERS, 1),
    }
    assert len(keys) == 9
    assert call_key("m", list(messages), PARAMETERS, 0) in keys


def test_a_full_disk_is_one_clear_error_and_the_log_goes_on_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AppendLog(tmp_path / "log.jsonl")
    log.append(b'{"n": 1}')
    write = os.write
    left = [3]

    def full(file: int, data: bytes) -> int:
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[: left.pop()])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(HornbookError, match="disk is full"):
        log.append(b'{"n": 2}')
    monkeypatch.undo()
    log.append(b'{"n": 3}')
    assert [line for _, line in log.new_lines()] == [b'{"n": 1}', b'{"n', b'{"n": 3}']
    log.close()
