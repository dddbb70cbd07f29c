"""Answer files that grow in any way: every whole line is read once, a half one when it is whole."""

import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hornbook.teacher.answer_files import AnswerFiles
from hornbook.teacher.batch_format import BatchItem, read_item

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IDS = [f"call-{number:020x}" for number in range(8)]
ENDS = ["\n", "\r\n", "\n\n"]


def line_of(custom_id: str, text: str, end: str = "\n") -> bytes:
    return (json.dumps({"custom_id": custom_id, "answer": text}, ensure_ascii=False) + end).encode()


@given(
    st.lists(st.tuples(st.sampled_from(IDS), TEXTS, st.sampled_from(ENDS), st.integers(0, 2)), max_size=12),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_any_growth_of_any_files_gives_the_lines_of_the_whole_files(
    lines: list[tuple[str, str, str, int]], seed: int, last_newline: bool
) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder, reports = Path(name), list[str]()
        answers = AnswerFiles(folder, reports.append)
        whole = {number: b"".join(line_of(*line[:3]) for line in lines if line[3] == number) for number in range(3)}
        if not last_newline:
            whole = {number: text.rstrip(b"\r\n") for number, text in whole.items()}
        left, seen = dict(whole), list[str]()
        while any(left.values()):
            number = chance.choice([number for number, text in left.items() if text])
            size = chance.randint(1, len(left[number]))
            with (folder / f"answers-{number}.jsonl").open("ab") as file:
                file.write(left[number][:size])
            left[number] = left[number][size:]
            if chance.random() < 0.7:
                seen += sorted(answers.look())
        seen += sorted(answers.look())
        assert not reports and not answers.unfinished and not answers.look()
        assert set(seen) == {line[0] for line in lines}
        read = [(line.path.name, line.read().answer) for custom_id in IDS for line in answers[custom_id]]
        assert sorted(read) == sorted((f"answers-{line[3]}.jsonl", line[1]) for line in lines)


@given(st.binary(max_size=80))
@example(b'{"custom_id": "a", "answer": "x"')
@example(b'{"custom_id": "a", "response": {"status_code": "200"}}')
@example(b"[" * 5000)
@example(b'{"custom_id": "a", "usage": NaN, "answer": "\\ud800"}')
def test_a_line_is_an_answer_or_a_reason(line: bytes) -> None:
    try:
        assert isinstance(read_item(line), BatchItem)
    except ValueError as reason:
        assert "\n" not in str(reason)


@given(st.builds(BatchItem, custom_id=TEXTS, answer=TEXTS, reasoning_content=st.none() | TEXTS), st.data())
def test_no_part_of_a_line_is_an_answer(item: BatchItem, data: st.DataObject) -> None:
    line = json.dumps({"custom_id": item.custom_id, "answer": item.answer, "reasoning_content": item.reasoning_content})
    assert read_item(line.encode()) == item
    with pytest.raises(ValueError, match="not valid JSON"):
        read_item(line.encode()[: data.draw(st.integers(0, len(line) - 1))])


def test_a_file_written_anew_replaces_what_it_said(tmp_path: Path) -> None:
    path, reports = tmp_path / "answers.jsonl", list[str]()
    answers = AnswerFiles(tmp_path, reports.append)
    path.write_bytes(line_of(IDS[0], "one") + b"broken\n" + line_of(IDS[1], "two"))
    assert answers.look() == {IDS[0], IDS[1]} and reports == [
        f"{path}, line 2: not valid JSON; expected one answer a line"
    ]
    path.write_bytes(line_of(IDS[2], "shorter"))
    assert answers.look() == {IDS[2]} and not answers[IDS[0]]
    path.write_bytes(line_of(IDS[3], "longer, so that it might have grown") * 2)
    assert answers.look() == {IDS[3]} and not answers[IDS[2]] and len(answers[IDS[3]]) == 2
    path.unlink()
    assert not answers.look() and not answers[IDS[3]] and len(reports) == 1


def test_answers_come_before_errors_and_a_mark_before_the_first_line_is_nothing(tmp_path: Path) -> None:
    error = json.dumps({"custom_id": IDS[0], "response": None, "error": {"message": "no"}}).encode() + b"\n"
    (tmp_path / "answers-1.jsonl").write_bytes(b"\xef\xbb\xbf" + error + line_of(IDS[0], "yes"))
    answers = AnswerFiles(tmp_path, pytest.fail)
    assert answers.look() == {IDS[0]}
    assert [line.failed for line in answers[IDS[0]]] == [False, True] and answers[IDS[0]][0].read().answer == "yes"


def test_a_half_line_is_named_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    answers = AnswerFiles(tmp_path, pytest.fail)
    text = line_of(IDS[0], "yes")
    path.write_bytes(line_of(IDS[1], "before") + text[:20])
    assert answers.look() == {IDS[1]} and answers.unfinished == {path: f"{path}, line 2"}
    path.write_bytes(line_of(IDS[1], "before") + text)
    assert answers.look() == {IDS[0]} and not answers.unfinished
