"""The whole stage: it finds what was planted, survives being killed, and says what went wrong."""

import multiprocessing
import random
import time
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Pair, Pivot, Question
from hornbook.base.workspace import Workspace
from hornbook.model.load_save import save_model
from hornbook.oracles.isolated import Oracles
from hornbook.pts.records import Difficulty, RolloutRecord, SearchedSolution
from hornbook.pts.settings import PtsSettings
from hornbook.pts.stage import pts, search_with_engine
from tests.inference.tiny import tiny_model, tiny_tokenizer
from tests.pts.planted_model import FORK, ID, TOKENIZER, PlantedEngine, planted_questions, true_p

torch.set_num_threads(1)
HALVES = PtsSettings(
    search="subdivide", screening=16, rollouts=40, confirm=60, solutions_per_question=2, batch_size=32,
    max_new_tokens=20,
)  # fmt: skip
ADAPTIVE = PtsSettings(question_tokens=0, batch_size=32, max_new_tokens=20)  # to the end
DEFAULT = PtsSettings(batch_size=32, max_new_tokens=20)
BOTH = pytest.mark.parametrize("how", [HALVES, ADAPTIVE], ids=["subdivide", "adaptive"])


def run_planted(
    folder: Path, engine: PlantedEngine, how: PtsSettings = ADAPTIVE, questions: list[Question] | None = None
) -> Workspace:
    work = Workspace(folder, seed=3)
    with Oracles() as oracles:
        search_with_engine(how, work, engine, TOKENIZER, questions or planted_questions(12), oracles)
    work.close()
    return work


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@BOTH
def test_planted_pivots_are_found_and_paired(how: PtsSettings, tmp_path: Path) -> None:
    work = run_planted(tmp_path, PlantedEngine(), how)
    pivots = read_records(tmp_path, Pivot)
    solutions = read_records(tmp_path / "solutions.parquet", SearchedSolution)
    assert len(solutions) >= 16
    assert {solution.verdict for solution in solutions} == {True, False}
    found = {tuple(pivot.solution_tokens[: pivot.position + 1]) for pivot in pivots if pivot.position == FORK}
    missed = [solution for solution in solutions if tuple(solution.solution_tokens[: FORK + 1]) not in found]
    assert len(missed) <= len(solutions) / 10
    wrong = 0
    for pivot in pivots:
        text = "".join(TOKENIZER.convert_ids_to_tokens(pivot.solution_tokens))
        truth = true_p(text[: pivot.position + 1]) - true_p(text[: pivot.position])
        wrong += abs(truth) < 0.2
        assert pivot.delta_low <= pivot.delta <= pivot.delta_high
        assert pivot.n_before  # after it the verdict may be certain without any
        assert pivot.length == 1 and 0 <= pivot.error < 1
    assert wrong <= len(pivots) / 10
    pairs = read_records(tmp_path, Pair)
    planted = {(ID["G"], ID["B"]), (ID["R"], ID["W"])}
    right = [pair for pair in pairs if (pair.chosen_tokens[0], pair.rejected_tokens[0]) in planted]
    assert len(right) >= 10 and len(pairs) - len(right) <= wrong
    paired = {pair.parents[0] for pair in pairs}
    assert sum(pivot.id in paired for pivot in pivots) >= 0.8 * len(pivots)
    known = {pivot.id: pivot for pivot in pivots}
    for pair in pairs:
        pivot = known[pair.parents[0]]
        assert pair.prompt_tokens == pivot.prompt_tokens + pivot.solution_tokens[: pivot.position]
        assert not pair.ends and pivot.token in (pair.chosen_tokens + pair.rejected_tokens)
    assert work.notes["in_range"] >= 10 and sum(work.notes["p_histogram"]) == 12


@BOTH
def test_what_was_sampled_is_kept_with_the_curve(how: PtsSettings, tmp_path: Path) -> None:
    engine = PlantedEngine()
    work = run_planted(tmp_path, engine, how)
    rollouts = read_records(tmp_path / "rollouts.parquet", RolloutRecord)
    assert len(rollouts) == len(engine.keys) == len(set(engine.keys)) == work.counts["rollouts"]
    for solution in read_records(tmp_path / "solutions.parquet", SearchedSolution):
        assert len(solution.strings) == len(solution.logprobs) == len(solution.solution_tokens)
        first, last = solution.estimates[0], solution.estimates[-1]
        assert (first.position, last.position) == (0, len(solution.solution_tokens))
        assert (last.p, last.n) == (float(solution.verdict), 0)
        text = "".join(TOKENIZER.convert_ids_to_tokens(solution.solution_tokens))
        inside = [point.low - 0.1 <= true_p(text[: point.position]) <= point.high + 0.1 for point in solution.estimates]
        assert sum(inside) >= 0.8 * len(inside)
        if how is ADAPTIVE:
            assert [point.position for point in solution.estimates] == list(range(len(text) - len("<|im_end|>") + 2))
    difficulties = read_records(tmp_path / "difficulty.parquet", Difficulty)
    assert [row.in_range for row in difficulties].count(True) == work.notes["in_range"]
    assert all(row.low <= 0.5 <= row.high and row.tokens == 9 for row in difficulties if row.n >= 8)


def test_fresh_rollouts_confirm_pivots_when_asked_for(tmp_path: Path) -> None:
    run_planted(tmp_path, PlantedEngine(), ADAPTIVE.model_copy(update={"confirm": 60}))
    pivots = read_records(tmp_path, Pivot)
    assert all(0 < pivot.n_fresh <= 60 for pivot in pivots)
    assert sum(pivot.n_fresh for pivot in pivots) <= 20 * len(pivots)  # they stop where they decide
    assert sum(pivot.confirmed for pivot in pivots) >= 0.9 * len(pivots)
    for pivot in pivots:
        assert pivot.delta_low <= pivot.delta <= pivot.delta_high


def test_sentences_are_searched_as_tokens_are(tmp_path: Path) -> None:
    run_planted(tmp_path, PlantedEngine(), ADAPTIVE.model_copy(update={"unit": "sentence"}))
    pivots = read_records(tmp_path, Pivot)
    firsts = [pivot for pivot in pivots if pivot.position == 0]
    assert firsts and all(pivot.length == 7 for pivot in firsts)  # `xxxGxx⏎` is the first line
    pairs = read_records(tmp_path, Pair)
    assert any(len(pair.chosen_tokens) == len(pair.rejected_tokens) == 7 for pair in pairs)
    for pair in pairs:
        if len(pair.chosen_tokens) == 7:
            assert (pair.chosen_tokens[FORK], pair.rejected_tokens[FORK]) == (ID["G"], ID["B"])


def test_a_budget_of_tokens_ends_the_search(tmp_path: Path) -> None:
    work = run_planted(tmp_path, PlantedEngine(), ADAPTIVE.model_copy(update={"max_tokens": 1}))
    assert work.notes["searched"] and not [
        r for r in read_records(tmp_path / "rollouts.parquet", RolloutRecord) if r.avoid >= 0
    ]


def test_the_last_line_tells_what_a_pivot_cost_all_in(tmp_path: Path) -> None:
    engine = PlantedEngine()
    work = run_planted(tmp_path, engine, DEFAULT)
    tokens = sum(len(rollout.tokens) for rollout in read_records(tmp_path / "rollouts.parquet", RolloutRecord))
    pivots = read_records(tmp_path, Pivot)
    assert work.counts["tokens"] == sum(work.notes["tokens_by_step"].values()) == tokens
    assert (
        f"{len(pivots):,} pivots for {tokens:,} sampled tokens: {tokens / len(pivots):,.0f} tokens" in work.conclusion
    )
    assert "of questions set aside" in work.conclusion
    assert (
        work.notes["tokens_by_step"]["searching"] < 12 * 9 * 12
    )  # the budget: six solutions of nine tokens, a wave more


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run_planted(folder, PlantedEngine())
    return folder


def test_broken_off_twice_it_goes_on_and_samples_nothing_twice(tmp_path: Path, whole: Path) -> None:
    engines = [PlantedEngine(breaks_after=5), PlantedEngine(breaks_after=4), PlantedEngine()]
    for engine in engines[:2]:
        with pytest.raises(KeyboardInterrupt):
            run_planted(tmp_path, engine)
    run_planted(tmp_path, engines[2])
    keys = [key for engine in engines for key in engine.keys]
    assert len(keys) == len(set(keys))
    assert contents(tmp_path) == contents(whole)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_a_journal_torn_anywhere_gives_the_same_bytes(
    share: float, whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    journal = (whole / "journal.jsonl").read_bytes()
    (folder / "journal.jsonl").write_bytes(journal[: int(share * len(journal))])
    run_planted(folder, PlantedEngine())
    assert contents(folder) == contents(whole)


def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path: Path, whole: Path) -> None:
    choose = random.Random(0)
    context = multiprocessing.get_context("forkserver")  # a fork of this process would share PyTorch's locked threads
    context.set_forkserver_preload([__name__])
    for _ in range(4):
        child = context.Process(target=run_planted, args=(tmp_path, PlantedEngine(seconds_a_call=0.02)))
        child.start()
        time.sleep(choose.uniform(0.02, 0.4))
        child.kill()
        child.join()
    run_planted(tmp_path, PlantedEngine())
    left = contents(tmp_path)
    assert {name: left[name] for name in contents(whole)} == contents(whole)


def test_a_journal_of_another_search_is_not_used(tmp_path: Path) -> None:
    run_planted(tmp_path, PlantedEngine())
    other = PlantedEngine()
    run_planted(tmp_path, other, ADAPTIVE.model_copy(update={"p_gap": 0.3}))
    assert other.keys


def test_no_question_in_range_is_one_clear_line(tmp_path: Path) -> None:
    questions = planted_questions(3)
    for question in questions:
        question.answer = "never"
    with pytest.raises(HornbookError, match=r"between 0\.2 and 0\.8: of 3 screened, 3 were never solved and 0 always"):
        run_planted(tmp_path, PlantedEngine(), ADAPTIVE, questions)


def test_long_prompts_and_broken_oracles_are_counted(tmp_path: Path) -> None:
    questions = planted_questions(8)
    questions[0].prompt = "a" * 300
    questions[1].oracle, questions[1].entry = "reasoning-gym", "not JSON"
    work = run_planted(tmp_path, PlantedEngine(), ADAPTIVE, questions)
    assert work.rejected == {"prompt too long": 1}
    (count,) = work.notes["oracle_failures"].values()
    assert 0 < count <= ADAPTIVE.screening
    assert work.notes["screened"] == 7


def test_few_confirmed_pivots_are_a_warning(tmp_path: Path) -> None:
    noisy = HALVES.model_copy(update={"rollouts": 3, "screening": 3, "p_gap": 0.6})
    work = run_planted(tmp_path, PlantedEngine(seed=5), noisy)
    assert work.notes["confirmed"] < 0.5 * work.notes["pivots"]
    assert any("confirmed by fresh rollouts" in warning for warning in work.warnings)


def test_on_a_real_model_twice_the_same_bytes(tmp_path: Path) -> None:
    save_model(tiny_model(), tiny_tokenizer(), tmp_path / "model")
    questions = [
        Question(
            id=f"question-{n}", task="letters", prompt=f"say {n}", oracle="choice", answer="a", choices=list("abcd")
        )
        for n in range(4)
    ]
    write_records(tmp_path / "questions.parquet", Question, questions)
    every = PtsSettings(
        p_low=0, p_high=1, p_gap=0.1, screening=4, max_rollouts=8, confirm=8, batch_size=16, export="jsonl",
        max_new_tokens=12,
    )  # fmt: skip
    for name in ("one", "two"):
        work = Workspace(tmp_path / name, name="pts", seed=1)
        pts(every, work, model=tmp_path / "model", questions=[tmp_path / "questions.parquet"])
        work.close()
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert read_records(tmp_path / "one/rollouts.parquet", RolloutRecord)
