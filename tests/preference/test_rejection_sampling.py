from collections.abc import Callable
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Question, Sample
from hornbook.base.workspace import Workspace
from hornbook.oracles.score import is_right
from hornbook.preference import generate as replies
from hornbook.preference.rejection_sampling import rejection_sampling
from hornbook.preference.settings import RejectionSamplingSettings
from tests.preference.tiny import scripted, sum_question

QUESTIONS = [sum_question(a, a + 1) for a in range(1, 7)]
HELD_OUT = [sum_question(a, 100) for a in range(1, 4)]
ANSWERS = {question.id: question.answer for question in [*QUESTIONS, *HELD_OUT]}


def say(question: str, sample: int) -> str:
    """Wrong, right, right and longer, right again in the same words, right but cut off."""
    right = ANSWERS[question]
    return [
        "Answer: 99",
        f"I add them. Answer: {right}",
        f"I add the two numbers, slowly. Answer: {right}",
        f"I add them. Answer: {right}",
        f"Answer: {right}…",
    ][sample]


def run(
    out: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: Callable[[str, int], str] = say,
    questions: list[Question] = QUESTIONS,
    **more: object,
) -> tuple[Workspace, list[Sample]]:
    source = out.with_name(out.name + "-questions")
    write_records(source / "train" / "questions.parquet", Question, questions)
    write_records(source / "questions.parquet", Question, HELD_OUT)
    monkeypatch.setattr(replies, "open_engine", scripted(script))
    work = Workspace(out, name="rejection-sampling", seed=1)
    settings = RejectionSamplingSettings.parse({"responses": 5, **more}, "rejection-sampling")
    rejection_sampling(settings, work, model=model, questions=[source])
    return work, read_records(out, Sample)


def test_right_complete_and_distinct_replies_are_kept_the_shortest_first(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_id = {question.id: question for question in QUESTIONS}
    for keep in (1, 2, 9):
        work, samples = run(tmp_path / str(keep), tiny_model, monkeypatch, keep=keep)
        assert len(samples) == min(keep, 2) * len(QUESTIONS) == work.counts["records_out"]
        for sample in samples:
            question = by_id[sample.parents[0]]
            user, assistant = sample.messages
            assert user.content == question.prompt and is_right(question, assistant.content)
            assert keep > 1 or assistant.content.startswith("I add them.")
            assert not assistant.content.startswith("Answer")  # the one that was cut off


def test_only_questions_for_training_are_asked(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, samples = run(tmp_path / "out", tiny_model, monkeypatch)
    assert {sample.parents[0] for sample in samples} == {question.id for question in QUESTIONS}


def test_the_figures_say_how_often_each_task_is_solved(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, samples = run(tmp_path / "out", tiny_model, monkeypatch, max_questions=4)
    figures = work.notes["rejection_sampling"]["sums"]
    assert figures["questions"] == figures["solved"] == 4 and figures["samples"] == len(samples) == 8
    assert figures["right"] == pytest.approx(0.8) and figures["tokens"] > 0
    assert work.counts["replies"] == 20


def test_without_a_right_reply_there_is_one_clear_line(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HornbookError, match=r"^rejection-sampling: none of 30 replies is right and complete; ask easi"):
        run(tmp_path / "out", tiny_model, monkeypatch, script=lambda *_: "Answer: 99")


def test_neither_order_nor_a_kill_changes_a_byte(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "REQUESTS_PER_CHUNK", 4)
    first, _ = run(tmp_path / "a", tiny_model, monkeypatch)
    asked = 0

    def dies(question: str, sample: int) -> str:
        nonlocal asked
        asked += 1
        if asked > 10:
            raise KeyboardInterrupt
        return say(question, sample)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b", tiny_model, monkeypatch, script=dies, questions=QUESTIONS[::-1])
    second, _ = run(tmp_path / "b", tiny_model, monkeypatch, questions=QUESTIONS[::-1])
    assert first.statistics() == second.statistics()
    assert [file.name for file in sorted(second.path.iterdir())] == ["samples.parquet"]
    assert (first.path / "samples.parquet").read_bytes() == (second.path / "samples.parquet").read_bytes()
