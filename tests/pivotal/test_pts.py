"""The whole stage: it finds what was planted, survives being killed, and says what went wrong."""

import os
import random
import signal
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
from hornbook.model.files import save_model
from hornbook.pivotal.pts import pts, run
from hornbook.pivotal.records import MadeRollout, SearchedSolution
from hornbook.pivotal.settings import PtsSettings
from tests.inference.tiny import tiny_model, tiny_tokenizer
from tests.pivotal.planted import FORK, ID, TOKENIZER, PlantedEngine, planted_questions, true_p

torch.set_num_threads(1)
SETTINGS = PtsSettings(
    screening=16, rollouts=40, confirm=60, solutions_per_question=2, batch_size=32, max_new_tokens=20
)


def run_planted(folder: Path, engine: PlantedEngine, changes: PtsSettings = SETTINGS, count: int = 12) -> Workspace:
    work = Workspace(folder, seed=3)
    run(changes, work, engine, TOKENIZER, planted_questions(count), room=200, fingerprint="planted")
    work.close()
    return work


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_planted_pivots_are_found_confirmed_and_paired(tmp_path: Path) -> None:
    work = run_planted(tmp_path, PlantedEngine())
    pivots = read_records(tmp_path, Pivot)
    solutions = read_records(tmp_path / "solutions.parquet", SearchedSolution)
    assert len(solutions) >= 20
    assert {solution.verdict for solution in solutions} == {True, False}
    confirmed = [pivot for pivot in pivots if pivot.confirmed]
    found = {(pivot.solution, pivot.position) for pivot in confirmed}
    for solution in solutions:
        assert (
            (solution.id, FORK) in found
            or any(  # a pivot of two solutions that begin alike is listed once
                p.position == FORK and p.solution_tokens[: FORK + 1] == solution.solution_tokens[: FORK + 1]
                for p in confirmed
            )
        )
    for pivot in confirmed:
        text = "".join(TOKENIZER.convert_ids_to_tokens(pivot.solution_tokens))
        truth = true_p(text[: pivot.position + 1]) - true_p(text[: pivot.position])
        assert abs(truth) >= 0.2
        assert pivot.delta_low <= pivot.delta <= pivot.delta_high
    pairs = read_records(tmp_path, Pair)
    assert {(pair.chosen_tokens[0], pair.rejected_tokens[0]) for pair in pairs} <= {
        (ID["G"], ID["B"]),
        (ID["R"], ID["W"]),
    }
    assert len(pairs) >= 10
    known = {pivot.id: pivot for pivot in pivots}
    for pair in pairs:
        pivot = known[pair.parents[0]]
        assert pair.prompt_tokens == pivot.prompt_tokens + pivot.solution_tokens[: pivot.position]
        assert not pair.ends and pivot.token in (pair.chosen_tokens + pair.rejected_tokens)
    assert work.notes["confirmed"] == len(confirmed) and work.notes["in_range"] >= 10
    assert sum(work.notes["p_histogram"]) == 12


def test_what_was_sampled_is_kept_with_the_curve(tmp_path: Path) -> None:
    engine = PlantedEngine()
    work = run_planted(tmp_path, engine)
    rollouts = read_records(tmp_path / "rollouts.parquet", MadeRollout)
    assert len(rollouts) == len(engine.keys) == len(set(engine.keys)) == work.counts["rollouts"]
    for solution in read_records(tmp_path / "solutions.parquet", SearchedSolution):
        assert len(solution.strings) == len(solution.logprobs) == len(solution.solution_tokens)
        first, last = solution.estimates[0], solution.estimates[-1]
        assert (first.position, last.position) == (0, len(solution.solution_tokens))
        assert (last.p, last.n) == (float(solution.verdict), 0)
        for point in solution.estimates:
            if point.n and point.position:
                from_here = [
                    r.success
                    for r in rollouts
                    if r.question == solution.question
                    and r.stream == "search"
                    and r.prefix_tokens == solution.solution_tokens[: point.position]
                ]
                assert point.p == pytest.approx(sum(from_here) / len(from_here)) and point.n == len(from_here)


def test_no_confirmation_takes_pivots_as_found(tmp_path: Path) -> None:
    run_planted(tmp_path, PlantedEngine(), SETTINGS.model_copy(update={"confirm": 0}))
    assert all(not pivot.confirmed and pivot.n_fresh == 0 for pivot in read_records(tmp_path, Pivot))
    assert read_records(tmp_path, Pair)


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
    for _ in range(4):
        child = os.fork()
        if child == 0:
            run_planted(tmp_path, PlantedEngine(seconds_a_call=0.02))
            os._exit(0)
        time.sleep(choose.uniform(0.02, 0.4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    run_planted(tmp_path, PlantedEngine())
    left = contents(tmp_path)
    assert {name: left[name] for name in contents(whole)} == contents(whole)


def test_a_journal_of_another_search_is_not_used(tmp_path: Path) -> None:
    run_planted(tmp_path, PlantedEngine())
    other = PlantedEngine()
    run_planted(tmp_path, other, SETTINGS.model_copy(update={"p_gap": 0.3}))
    assert other.keys


def test_no_question_in_range_is_one_clear_line(tmp_path: Path) -> None:
    questions = planted_questions(3)
    for question in questions:
        question.answer = "never"
    with pytest.raises(HornbookError, match=r"between 0\.2 and 0\.8: of 3 screened, 3 were never solved and 0 always"):
        run(SETTINGS, Workspace(tmp_path), PlantedEngine(), TOKENIZER, questions, room=200, fingerprint="")


def test_long_prompts_and_broken_oracles_are_counted(tmp_path: Path) -> None:
    questions = planted_questions(8)
    questions[0].prompt = "a" * 300
    questions[1].oracle, questions[1].entry = "reasoning-gym", "not JSON"
    work = Workspace(tmp_path)
    run(SETTINGS, work, PlantedEngine(), TOKENIZER, questions, room=200, fingerprint="")
    assert work.rejected == {"prompt too long": 1}
    (count,) = work.notes["oracle_failures"].values()
    assert count == SETTINGS.screening
    assert work.notes["screened"] == 7


def test_few_confirmed_pivots_are_a_warning(tmp_path: Path) -> None:
    noisy = SETTINGS.model_copy(update={"rollouts": 3, "screening": 3, "p_gap": 0.6})
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
        p_low=0, p_high=1, p_gap=0.1, screening=4, rollouts=8, confirm=8, batch_size=16,
        max_new_tokens=12,
    )  # fmt: skip
    for name in ("one", "two"):
        work = Workspace(tmp_path / name, name="pts", seed=1)
        pts(every, work, model=tmp_path / "model", questions=[tmp_path / "questions.parquet"])
        work.close()
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert read_records(tmp_path / "one/rollouts.parquet", MadeRollout)
