from collections.abc import Callable
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Pair, Question, Sample
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.oracles.trivia import refuses
from hornbook.preference import generate as replies
from hornbook.preference import refusal as stage
from hornbook.preference import refusal_writer as writing
from hornbook.preference.refusal_templates import BOGUS_REFUSALS, REFUSALS, bogus_variant, known_words
from hornbook.preference.refusal_writer import is_bogus_variant, tidy
from hornbook.preference.settings import RefusalSettings
from hornbook.tokenizer.chat import encode_prompt, load_tokenizer
from tests.preference.tiny import FakeTeacher, opener, scripted, sum_question, trivia

KNOWN = trivia("What is the capital of Norway?", "Oslo", "The capital of Norway is Oslo.")
UNKNOWN = trivia("What is the capital of Malawi?", "Lilongwe")
SOMETIMES = trivia("What is the capital of Slovenia?", "Ljubljana")
BOGUS = trivia("What is the capital of Zandoria?")
ALL = [KNOWN, UNKNOWN, SOMETIMES, BOGUS]


def say(question: str, sample: int) -> str:
    if question == KNOWN.id:
        return "The capital is Oslo."
    if question == SOMETIMES.id:
        return "Ljubljana." if sample == 0 else "Zagreb."
    return "I do not know." if sample == 3 else "Paris."


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    write_records(tmp_path / "trivia" / "questions.parquet", Question, ALL)
    return tmp_path / "trivia"


def run(
    out: Path,
    model: Path,
    questions: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: Callable[[str, int], str] = say,
    **more: object,
) -> Workspace:
    monkeypatch.setattr(replies, "open_engine", scripted(script))
    settings = RefusalSettings.parse({"samples": 4, "bogus_share": 0.0, **more}, "refusal")
    work = Workspace(out, name="refusal", seed=1)
    stage.refusal(settings, work, model=model, questions=[questions])
    return work


def test_it_answers_what_the_model_knows_and_declines_the_rest(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = run(tmp_path / "out", tiny_model, questions, monkeypatch)
    said = {sample.parents[0]: sample.messages[1].content for sample in read_records(work.path, Sample)}
    assert said[KNOWN.id] == KNOWN.solution
    assert all(refuses(said[question.id]) for question in (UNKNOWN, SOMETIMES, BOGUS))
    assert [row["questions"] for row in work.notes["p_correct"]] == [1, 1, 0, 0, 1]
    assert work.notes["refusal"]["samples_that_refuse"] == 3
    assert work.counts["records_out"] == 4


def test_pairs_prefer_right_over_refusal_over_wrong_on_the_first_tokens(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = run(tmp_path / "out", tiny_model, questions, monkeypatch)
    tokenizer = load_tokenizer(tiny_model)
    prompts = {tuple(encode_prompt(tokenizer, [stage.Message("user", q.prompt)])): q.id for q in ALL}
    found = set()
    for pair in read_records(work.path, Pair):
        assert pair.kind == "refusal" and not pair.ends
        assert 0 < len(pair.chosen_tokens) <= 5 and 0 < len(pair.rejected_tokens) <= 5
        found.add(
            (
                prompts[tuple(pair.prompt_tokens)],
                tokenizer.decode(pair.chosen_tokens),
                tokenizer.decode(pair.rejected_tokens),
            )
        )
    answers = {(question, chosen) for question, chosen, _ in found}
    wrong = {(question, rejected) for question, _, rejected in found}
    beginning = {
        text: tokenizer.decode(tokenizer.encode(text)[:5])
        for text in ("Paris.", "Zagreb.", "Ljubljana", KNOWN.solution)
    }
    assert KNOWN.id not in {question for question, _ in answers}  # always right: nothing to learn
    assert (SOMETIMES.id, beginning["Ljubljana"]) in answers
    assert {
        (SOMETIMES.id, beginning["Zagreb."]),
        (UNKNOWN.id, beginning["Paris."]),
        (BOGUS.id, beginning["Paris."]),
    } <= wrong
    assert len(found) == 4


def test_neither_order_of_questions_nor_a_kill_changes_a_byte(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(tmp_path / "a" / "questions.parquet", Question, ALL)
    write_records(tmp_path / "b" / "questions.parquet", Question, ALL[::-1])
    first = run(tmp_path / "out-a", tiny_model, tmp_path / "a", monkeypatch)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, "_record_statistics", killed)
    monkeypatch.setattr(stage, "delete_replies", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "out-b", tiny_model, tmp_path / "b", monkeypatch)
    monkeypatch.undo()

    def not_again(question: str, sample: int) -> str:
        raise AssertionError("sampled again")

    second = run(tmp_path / "out-b", tiny_model, tmp_path / "b", monkeypatch, script=not_again)
    assert first.statistics() == second.statistics()
    files = {path.name: path.read_bytes() for path in first.path.iterdir()}
    assert set(files) == {"samples.parquet", "pairs.parquet"}
    assert files == {path.name: path.read_bytes() for path in second.path.iterdir()}


def test_the_teachers_texts_are_used_where_they_pass_their_check(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def teach(purpose: str, request: str) -> str | None:
        if "answer" in purpose:
            return "It is Oslo, of course." if "Norway" in request else "It is Rome."
        if purpose.endswith("bogus"):
            return "What is the capital of Qelvaria?" if "Norway" in request else "What is the capital of Norway?"
        return None if "Malawi" in request else "I really do not know that one."

    teacher = FakeTeacher(teach)
    monkeypatch.setattr(writing, "open_teacher", opener(teacher))
    settings = {"teacher": {"local": "fake"}}
    work = run(tmp_path / "out", tiny_model, questions, monkeypatch, **settings)
    samples = {sample.messages[0].content: sample for sample in read_records(work.path, Sample)}
    assert samples[KNOWN.prompt].messages[1].content == "It is Oslo, of course."
    assert samples[SOMETIMES.prompt].messages[1].content == "I really do not know that one."
    assert samples[UNKNOWN.prompt].messages[1].content in REFUSALS
    made_up = samples["What is the capital of Qelvaria?"]
    assert made_up.parents[1] == KNOWN.id and len(made_up.calls) == 2
    assert set(made_up.calls) <= teacher.calls_used
    outcomes = work.notes["teacher_texts"]
    assert outcomes["answer: kept"] == 1 and outcomes["answer: failed its check"] == 2
    assert outcomes["refusal: no answer from the teacher"] == 1
    assert outcomes["bogus: kept"] == 1 and outcomes["bogus: failed its check"] == 2
    assert work.counts["teacher_calls"] == len(teacher.calls_used)


def test_bogus_questions_are_made_up_where_there_are_too_few(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(tmp_path / "q" / "questions.parquet", Question, [KNOWN, UNKNOWN, SOMETIMES])
    work = run(tmp_path / "out", tiny_model, tmp_path / "q", monkeypatch, bogus_share=1.0)
    real = {question.prompt for question in ALL}
    made_up = [s for s in read_records(work.path, Sample) if s.messages[0].content not in real]
    assert len(made_up) == 3
    for sample in made_up:
        assert sample.messages[0].content.startswith("What is the capital of ")
        assert refuses(sample.messages[1].content)


def test_it_warns_when_all_of_the_data_would_refuse(
    tiny_model: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = run(tmp_path / "out", tiny_model, questions, monkeypatch, script=lambda question, sample: "Paris.")
    assert any("knows none of the trivia" in warning for warning in work.warnings)


def test_questions_that_are_no_trivia_are_one_clear_line(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(tmp_path / "q" / "questions.parquet", Question, [sum_question(1, 2)])
    with pytest.raises(HornbookError, match="no trivia questions"):
        run(tmp_path / "out", tiny_model, tmp_path / "q", monkeypatch)


def test_built_in_refusals_are_refusals() -> None:
    assert all(refuses(text) for text in (*REFUSALS, *BOGUS_REFUSALS))


def test_a_made_up_name_is_none_that_is_known() -> None:
    known = known_words(ALL)
    for number in range(50):
        prompt = bogus_variant(KNOWN, known, rng(number))
        assert prompt and is_bogus_variant(prompt, KNOWN, known)
    assert bogus_variant(trivia("how many legs has a spider?", "eight"), known, rng(0)) is None


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("What is the capital of Brumvia?", True),
        ("What is the capital of Malawi?", False),  # it exists
        ("What is the capital of Norway?", False),  # the question itself
        ("Brumvia is the capital.", False),
        ("Who was the first to climb Mount Brumvia alone?", False),  # another question
    ],
)
def test_check_of_bogus_variants(text: str, passes: bool) -> None:
    assert is_bogus_variant(text, KNOWN, known_words(ALL)) is passes


def test_tidy_takes_the_sentence_out_of_its_wrapping() -> None:
    assert tidy('\nQuestion: "Who is it?"\nmore') == "Who is it?"
    assert tidy("I do not know that. I am a helpful assistant.") == "I do not know that."
    assert tidy("") == ""


@pytest.mark.parametrize(
    ("usually_right", "usually_wrong", "answered", "declined"),
    [(0.5, 0.5, 1, 2), (0.25, 0.25, 2, 1), (0.5, 0.25, 1, 1)],  # one question is right in one of four
)
def test_what_counts_as_known_is_a_setting(
    usually_right: float,
    usually_wrong: float,
    answered: int,
    declined: int,
    tiny_model: Path,
    questions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"usually_right": usually_right, "usually_wrong": usually_wrong}
    work = run(tmp_path / "out", tiny_model, questions, monkeypatch, **limits)
    said = {sample.parents[0]: sample.messages[1].content for sample in read_records(work.path, Sample)}
    real = [refuses(said[question.id]) for question in (KNOWN, UNKNOWN, SOMETIMES) if question.id in said]
    assert (real.count(False), real.count(True)) == (answered, declined)
    assert refuses(said[BOGUS.id])
