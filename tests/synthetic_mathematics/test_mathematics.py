"""What users rely on: questions that their oracle judges, in sets that never meet and keep clear of benchmarks."""

import json
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Question
from hornbook.base.workspace import Workspace
from hornbook.oracles.score import judge_pairs
from hornbook.synthetic.mathematics.settings import MathematicsSettings
from hornbook.synthetic.mathematics.stage import mathematics
from hornbook.synthetic.reasoning.question_sets import FOLDERS

MODULES = ("arithmetic__mul", "comparison__sort", "measurement__time", "numbers__is_factor", "algebra__linear_1d")


def run(path: Path, seed: int = 1, **settings: object) -> Workspace:
    work = Workspace(path, name="mathematics", seed=seed)
    mathematics(MathematicsSettings.parse(settings, "mathematics"), work)
    return work


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    modules = {name: {"train": 12, "difficulty": [0, 0.3]} for name in MODULES}
    return run(tmp_path_factory.mktemp("mathematics"), modules=modules, search=4, heldout=3, test=2)


def sets(path: Path) -> dict[str, list[Question]]:
    return {split: read_records(path / folder, Question) for split, folder in FOLDERS.items()}


def test_every_module_gives_what_was_asked_for(made: Workspace) -> None:
    for name in MODULES:
        counted = {split: sum(question.task == name for question in some) for split, some in sets(made.path).items()}
        assert counted == {"train": 12, "search": 4, "heldout": 3, "test": 2}
    assert not made.warnings


def test_no_prompt_is_in_two_sets(made: Workspace) -> None:
    prompts = [{question.prompt for question in some} for some in sets(made.path).values()]
    assert sum(map(len, prompts)) == len(set.union(*prompts)) == 21 * len(MODULES)


def test_the_oracle_takes_the_answer_and_nothing_else(made: Workspace) -> None:
    questions = [question for some in sets(made.path).values() for question in some]
    right = judge_pairs([(question, f"I work it out.\nAnswer: {question.answer}") for question in questions])
    assert [question.prompt for question, judged in zip(questions, right, strict=True) if not judged.right] == []
    assert not any(judged.right for judged in judge_pairs([(question, "Answer: 8642") for question in questions]))


def test_an_instruction_follows_each_question(tmp_path: Path) -> None:
    run(tmp_path, modules={"numbers__gcd": {"train": 3}}, search=1, heldout=1, instruction="Be brief.")
    assert all(question.prompt.endswith(" Be brief.") for some in sets(tmp_path).values() for question in some)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    def contents(name: str, seed: int) -> list[bytes]:
        run(tmp_path / name, seed, modules={"numbers__is_prime": {"train": 5}, "comparison__pair": {"train": 5}})
        return [file.read_bytes() for file in sorted((tmp_path / name).rglob("*.parquet"))]

    assert contents("a", 1) == contents("b", 1) != contents("c", 2)


def test_what_a_benchmark_asks_is_set_aside(tmp_path: Path) -> None:
    modules = {"arithmetic__add_sub_multiple": {"train": 40}}
    first = sets(run(tmp_path / "a", modules=modules, search=2, heldout=2).path)["train"]
    known = max(first, key=lambda question: len(question.prompt))
    (tmp_path / "x.jsonl").write_text(json.dumps({"question": known.prompt}))
    work = run(tmp_path / "b", modules=modules, search=2, heldout=2, against=[str(tmp_path / "x.jsonl")])
    assert known.prompt not in {question.prompt for question in sets(work.path)["train"]}
    assert work.rejected["contaminated"] >= 1


def test_bad_settings_are_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HornbookError, match=r"^modules: unknown module 'arithmetic__ml' \(did you mean 'arithm"):
        run(tmp_path, modules={"arithmetic__ml": {}})
    with pytest.raises(HornbookError, match=r"modules\.arithmetic__mul\.difficulty: .*from 0 to 1"):
        MathematicsSettings.parse({"modules": {"arithmetic__mul": {"difficulty": [0.5, 0.2]}}}, "mathematics")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "mathematics_dataset" else object())
    with pytest.raises(HornbookError, match=r"pip install --no-deps mathematics-dataset$"):
        run(tmp_path, modules={"arithmetic__mul": {}})
