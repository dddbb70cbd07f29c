"""What users rely on: solutions that are right by the task's own scorer, and splits that never meet."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import LEVELS, Question, Sample
from hornbook.base.workspace import Workspace
from hornbook.oracles.score import is_right
from hornbook.synthetic.reasoning.catalogue import TASKS
from hornbook.synthetic.reasoning.draw import draw_questions
from hornbook.synthetic.reasoning.question_sets import split_of
from hornbook.synthetic.reasoning.settings import ReasoningSettings
from hornbook.synthetic.reasoning.stage import reasoning
from hornbook.synthetic.reasoning.tasks.simple_equations import SIMPLE_EQUATIONS


def run(path: Path, seed: int = 1, **settings: object) -> Workspace:
    work = Workspace(path, name="reasoning", seed=seed)
    reasoning(ReasoningSettings.parse(settings, "reasoning"), work)
    return work


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    tasks = {name: {"samples": 25} for name in TASKS}
    return run(tmp_path_factory.mktemp("reasoning"), tasks=tasks, search=6, heldout=5, test=4)


def test_every_task_gives_what_was_asked_for(made: Workspace) -> None:
    for name in TASKS:
        figures = made.notes["reasoning"][name]
        assert [figures[name] for name in ("samples", "search", "heldout", "test")] == [25, 6, 5, 4]
        assert figures["prompt_characters"] < 160 and figures["solution_characters"] < 220  # it has to fit the pocket
    assert not made.warnings


def test_every_solution_convinces_the_scorer_and_shows_its_steps(made: Workspace) -> None:
    parents = {question.id: question for question in read_records(made.path / "train", Question)}
    for sample in read_records(made.path, Sample):
        [question] = [parents[name] for name in sample.parents]
        user, assistant = sample.messages
        assert user.content == question.prompt and assistant.content == question.solution
        assert is_right(question, assistant.content)
        assert assistant.content.splitlines()[-1].startswith("Answer: ") and "\n" in assistant.content
        assert (sample.source, sample.kind) == ("synthetic", f"reasoning:{question.task}")


def test_no_prompt_is_in_two_splits(made: Workspace) -> None:
    splits = [
        {question.prompt for question in read_records(made.path / folder, Question)}
        for folder in ("train", "", "heldout", "test")
    ]
    assert sum(map(len, splits)) == len(set.union(*splits)) == 12 * 40


def test_what_one_stage_holds_out_no_other_stage_trains_on(made: Workspace, tmp_path: Path) -> None:
    other = run(tmp_path, seed=2, tasks={"gcd": {"samples": 1000}}, search=0, heldout=0)
    trained = {sample.messages[0].content for sample in read_records(other.path, Sample)}
    assert len(trained) == 1000
    for folder in ("", "heldout", "test"):
        assert not trained & {question.prompt for question in read_records(made.path / folder, Question)}


def test_levels_are_thirds_by_the_length_of_the_solution(made: Workspace) -> None:
    questions = [q for folder in ("train", "", "heldout", "test") for q in read_records(made.path / folder, Question)]
    lengths = {
        (name, level): [len(q.solution.split()) for q in questions if (q.task, q.level) == (name, level)]
        for name in TASKS
        for level in LEVELS
    }
    for name in TASKS:
        easy, medium, hard = (lengths[name, level] for level in LEVELS)
        assert max(easy, default=0) <= min(medium + hard, default=1000)
        assert max(medium, default=0) <= min(hard, default=1000)
    assert {q.level for q in questions} == set(LEVELS)


@given(st.text(max_size=60))
def test_the_split_of_a_prompt_ignores_case_and_spacing(prompt: str) -> None:
    assert split_of(prompt.casefold()) == split_of(f"  {prompt.casefold()} \n")


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    def contents(name: str, seed: int) -> list[bytes]:
        run(tmp_path / name, seed, tasks={"chain_sum": {"samples": 9}, "family_relationships": {"samples": 9}})
        return [file.read_bytes() for file in sorted((tmp_path / name).rglob("*.parquet"))]

    assert contents("a", 1) == contents("b", 1) != contents("c", 2)


def test_wrong_reference_answers_are_set_aside(tmp_path: Path) -> None:
    """reasoning-gym has some in-laws the wrong way round: such questions must be neither asked nor taught."""
    work = run(tmp_path, tasks={"family_relationships": {"samples": 100}})
    assert work.rejected["unverified"] > 0
    questions = read_records(tmp_path / "train", Question)
    assert not any("in-law" in question.answer for question in questions)


@pytest.mark.parametrize(
    ("equation", "solution"),
    [
        ("3*x - 5 = 19", "3*x = 19 + 5 = 24\nx = 24 / 3 = 8\nAnswer: 8"),
        ("5 - 3*x = -1", "-3*x = -1 - 5 = -6\nx = -6 / -3 = 2\nAnswer: 2"),
        ("12*x = 24", "x = 24 / 12 = 2\nAnswer: 2"),
        ("x + 4 = 6", "x = 6 - 4 = 2\nAnswer: 2"),
    ],
)
def test_equations_are_solved_from_the_equation(equation: str, solution: str) -> None:
    assert SIMPLE_EQUATIONS.solve({"metadata": {"variable": "x", "equation": equation}}) == solution


@pytest.mark.parametrize("equation", ["3*x = 10", "x**2 = 4", "2*(x + 1) = 4"])
def test_an_equation_beyond_the_method_is_refused(equation: str) -> None:
    with pytest.raises(ValueError):
        SIMPLE_EQUATIONS.solve({"metadata": {"variable": "x", "equation": equation}})


def test_a_task_that_runs_dry_gives_what_it_has_and_warns(tmp_path: Path) -> None:
    work = run(tmp_path, tasks={"gcd": {"samples": 500, "config": {"max_value": 9}}}, search=1, heldout=1)
    assert 20 < work.notes["reasoning"]["gcd"]["samples"] < 100
    assert "gcd" in work.warnings[0] and "of 500 train" in work.warnings[0]


def test_a_task_can_be_asked_without_being_taught(tmp_path: Path) -> None:
    run(tmp_path, tasks={"gcd": {"samples": 0}}, search=0, heldout=7)
    assert len(read_records(tmp_path / "heldout", Question)) == 7
    assert read_records(tmp_path, Sample) == []


def test_bad_settings_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(HornbookError, match=r"tasks: .*unknown task 'chainsum' \(did you mean 'chain_sum'\?\)"):
        ReasoningSettings.parse({"tasks": {"chainsum": {}}}, "reasoning")
    with pytest.raises(HornbookError, match=r"tasks\.gcd\.samplse: unknown key \(did you mean 'samples'\?\)"):
        ReasoningSettings.parse({"tasks": {"gcd": {"samplse": 3}}}, "reasoning")
    for config in ({"max_valeu": 3}, {"max_value": -1}):
        with pytest.raises(HornbookError, match=r"^tasks\.gcd\.config: the generator refuses it"):
            run(tmp_path, tasks={"gcd": {"samples": 3, "config": config}})


def test_splits_share_one_stream_so_that_more_samples_keep_the_same_heldout() -> None:
    few, many = (
        draw_questions(TASKS["gcd"], {}, {"train": n, "search": 0, "heldout": 9, "test": 0}, 5) for n in (50, 300)
    )
    assert few.questions["heldout"] == many.questions["heldout"]
    assert few.questions["train"] == many.questions["train"][:50]


def test_a_number_in_a_sentence_is_an_answer_where_that_is_asked_for(tmp_path: Path) -> None:
    for oracle, right in {"reasoning-gym": False, "number": True}.items():
        run(tmp_path / oracle, tasks={"gcd": {"samples": 1}}, oracle=oracle, instruction="Answer in a sentence.")
        [question] = read_records(tmp_path / oracle / "train", Question)
        assert question.prompt.endswith("? Answer in a sentence.")
        assert is_right(question, f"The GCD of the two is {question.answer}.") is right
