from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_json, write_records
from hornbook.base.records import Pair, Question
from hornbook.base.workspace import Workspace
from hornbook.preference import generate as replies
from hornbook.preference import judged_pairs as stage
from hornbook.preference.records import JudgedReply
from hornbook.preference.settings import JudgedPairsSettings
from hornbook.tokenizer.chat import load_tokenizer
from tests.preference.tiny import FakeTeacher, opener, save_tiny_model, scripted, sum_question

QUESTIONS = [sum_question(a, a + 1) for a in range(1, 7)]
ANSWERS = {question.id: question.answer for question in QUESTIONS}


def say(question: str, sample: int) -> str:
    """Right, wrong, right again in other words, and a wrong one that never ends."""
    right = ANSWERS[question]
    return [f"Answer: {right}", "Answer: 99", f"I add them.\nAnswer: {right}", "Answer: 98…"][sample]


def fair_judge(purpose: str, request: str) -> str | None:
    if purpose == "judge: reply":
        return "Let me see.\nAnswer: 99"
    question, reply = request.split("Reply:")[0], request.split("Reply:")[1] + "\n"
    right = any(q.prompt in question and f"Answer: {q.answer}\n" in reply for q in QUESTIONS)
    style = 5 if "I add" in reply else 3
    return f"Faults: {'none' if right else 'wrong sum'}\nAccuracy: {4 if right else 2}\nStyle: {style}/5\nDetail: 3"


def run(
    out: Path,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    teach: Callable[[str, str], str | None] | None = fair_judge,
    questions: list[Question] = QUESTIONS,
    script: Callable[[str, int], str] = say,
    others: list[Path] = [],  # noqa: B006
    same_tokens_as: Path | None = None,
    **more: object,
) -> tuple[Workspace, list[JudgedReply], list[Pair]]:
    source = out.with_name(out.name + "-questions")
    write_records(source / "questions.parquet", Question, questions)
    monkeypatch.setattr(replies, "open_engine", scripted(script))
    if teach:
        monkeypatch.setattr(stage, "open_teacher", opener(FakeTeacher(teach)))
        more = {"teacher": {"local": "fake"}, **more}
    work = Workspace(out, name="judge", seed=1)
    stage.judged_pairs(
        JudgedPairsSettings.parse(more, "judged-pairs"),
        work,
        model=model,
        questions=[source],
        others=others,
        same_tokens_as=same_tokens_as,
    )
    return work, read_records(out / "judgements.parquet", JudgedReply), read_records(out, Pair)


def test_the_oracle_decides_accuracy_and_the_judge_the_mean(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, judged, pairs = run(tmp_path / "out", tiny_model, monkeypatch)
    by_tokens = {(reply.question, tuple(reply.tokens)): reply for reply in judged}
    end = load_tokenizer(tiny_model).convert_tokens_to_ids("<|im_end|>")
    for pair in pairs:
        chosen = by_tokens[pair.parents[0], tuple(pair.chosen_tokens)]
        rejected = by_tokens[pair.parents[0], tuple(pair.rejected_tokens)]
        assert pair.ends and pair.chosen_tokens[-1] == end
        assert set(pair.calls) == {*chosen.calls, *rejected.calls}
        if pair.kind == "accuracy":
            assert chosen.oracle > rejected.oracle
        else:
            means = [4 * reply.oracle + 1 + reply.style + reply.detail for reply in (chosen, rejected)]
            assert means[0] > means[1]
    assert work.notes["judge_pairs"]["accuracy"] == 2 * len(QUESTIONS)
    assert 0 < work.notes["judge_pairs"]["overall"] == sum(pair.kind == "overall" for pair in pairs)
    assert work.notes["judge_agreement"]["mean"] == 1.0
    assert not work.warnings


def test_a_reply_that_was_cut_off_is_never_preferred(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always_cut_off(question: str, sample: int) -> str:
        return f"Answer: {ANSWERS[question]}…" if sample == 0 else "Answer: 98"

    work, judged, pairs = run(tmp_path / "out", tiny_model, monkeypatch, script=always_cut_off, teach=None)
    assert any(reply.oracle == 1 and not reply.complete for reply in judged)
    assert pairs == [] and any("no pair" in warning for warning in work.warnings)


def test_the_judge_may_decide_accuracy_too(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def contrary(purpose: str, request: str) -> str | None:
        text = fair_judge(purpose, request)
        assert text
        return text.replace("Accuracy: 4", "Accuracy: 1") if purpose == "judge: grade" else text

    work, judged, pairs = run(tmp_path / "out", tiny_model, monkeypatch, teach=contrary, accuracy="judge")
    oracle = {(reply.question, tuple(reply.tokens)): reply.oracle for reply in judged}
    won = [pair for pair in pairs if pair.kind == "accuracy"]
    assert won
    assert all(
        oracle[p.parents[0], tuple(p.chosen_tokens)] < oracle[p.parents[0], tuple(p.rejected_tokens)] for p in won
    )
    assert work.notes["judge_agreement"]["mean"] == 0.0
    assert any("no better than chance" in warning for warning in work.warnings)


def test_a_judge_that_babbles_costs_grades_not_the_stage(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def babble(purpose: str, request: str) -> str | None:
        return None if "What is 1 + 2?" in request else "A very nice reply indeed!"

    work, judged, pairs = run(tmp_path / "out", tiny_model, monkeypatch, teach=babble, teacher_responses=0)
    assert not any(reply.judged for reply in judged)
    assert all(len(reply.calls) == 2 for reply in judged if reply.question != QUESTIONS[0].id)
    assert work.rejected == {"no grades in the judge's answer": 20, "no answer from the judge": 4}
    assert {pair.kind for pair in pairs} == {"accuracy"}


def test_a_judge_that_repeats_itself_is_noticed_and_its_ties_make_no_pairs(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(purpose: str, request: str) -> str | None:
        return "Grades: accuracy 3, style 3, detail 3." if purpose == "judge: grade" else "Answer: 99"

    work, judged, pairs = run(tmp_path / "out", tiny_model, monkeypatch, teach=stuck, accuracy="judge")
    assert all(reply.judged for reply in judged) and pairs == []
    assert any("the same grades" in warning for warning in work.warnings)


def test_judging_stops_at_its_budget_and_asks_nothing_twice(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def counting(purpose: str, request: str) -> str | None:
        asked.append((purpose, request))
        return fair_judge(purpose, request)

    _, judged, _ = run(tmp_path / "out", tiny_model, monkeypatch, teach=counting, judge_calls=12, teacher_responses=0)
    assert sum(reply.judged for reply in judged) == len(asked) == 12
    assert len(set(asked)) == len(asked)


def test_other_models_reply_in_the_tokens_of_the_one_in_training(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = save_tiny_model(tmp_path / "other", seed=1)

    def wrong(question: str, sample: int) -> str:
        return "Answer: 97"

    _, judged, _ = run(tmp_path / "out", tiny_model, monkeypatch, teach=None, others=[other], script=wrong)
    assert {reply.author for reply in judged} == {"model"}  # the other one says the same: one reply a prompt
    tokenizer = load_tokenizer(tiny_model)
    assert {tokenizer.decode(reply.tokens) for reply in judged} == {"Answer: 97<|im_end|>"}


def test_neither_order_nor_a_second_run_changes_a_byte(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = run(tmp_path / "a", tiny_model, monkeypatch)
    second, *_ = run(tmp_path / "b", tiny_model, monkeypatch, questions=QUESTIONS[::-1])
    again, *_ = run(tmp_path / "b", tiny_model, monkeypatch)
    assert first.statistics() == second.statistics() == again.statistics()
    files = {path.name: path.read_bytes() for path in first.path.iterdir()}
    assert set(files) == {"judgements.parquet", "pairs.parquet"}
    assert files == {path.name: path.read_bytes() for path in second.path.iterdir()}


def test_a_real_model_without_a_judge(tiny_model: Path, tmp_path: Path) -> None:
    write_records(tmp_path / "q" / "questions.parquet", Question, QUESTIONS)
    books = []
    for out in ("a", "b"):
        work = Workspace(tmp_path / out, name="judge", seed=1)
        settings = JudgedPairsSettings(responses=2, max_new_tokens=8)
        stage.judged_pairs(settings, work, model=tiny_model, questions=[tmp_path / "q"])
        books.append((work.statistics(), (work.path / "judgements.parquet").read_bytes()))
    assert books[0] == books[1]
    assert books[0][0]["counts"]["replies"] > 0


def test_a_judge_is_needed_where_the_judge_decides(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HornbookError, match="needs a teacher"):
        run(tmp_path / "out", tiny_model, monkeypatch, teach=None, accuracy="judge")


@pytest.mark.parametrize("most", [1, 2])
def test_a_prompt_gives_no_more_pairs_of_a_kind_than_asked(
    most: int, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, pairs = run(tmp_path / "out", tiny_model, monkeypatch, pairs_per_prompt=most)
    by_prompt = Counter(pair.parents[0] for pair in pairs if pair.kind == "accuracy")
    assert by_prompt and set(by_prompt.values()) == {most}


def test_replies_take_as_many_tokens_as_a_search(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, every, _ = run(tmp_path / "a", tiny_model, monkeypatch, teach=None)
    search = tmp_path / "search"
    write_json(search / "stage.json", {"counts": {"tokens": whole.counts["tokens"] // 2}})
    some, kept, pairs = run(tmp_path / "b", tiny_model, monkeypatch, teach=None, same_tokens_as=search)
    assert 0 < some.counts["tokens"] <= whole.counts["tokens"] // 2 and not some.warnings
    assert 0 < len({reply.question for reply in kept}) < len(QUESTIONS)
    assert all(reply in every for reply in kept) and pairs

    write_json(search / "stage.json", {"counts": {"tokens": whole.counts["tokens"] * 2}})
    less, *_ = run(tmp_path / "c", tiny_model, monkeypatch, teach=None, same_tokens_as=search)
    assert any("ask for more prompts" in warning for warning in less.warnings)
    write_json(search / "stage.json", {"counts": {}})
    with pytest.raises(HornbookError, match="expected the folder of a search"):
        run(tmp_path / "d", tiny_model, monkeypatch, teach=None, same_tokens_as=search)
