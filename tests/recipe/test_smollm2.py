"""recipes/smollm2.yaml from end to end, with a tiny model that is right half of the time."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from hornbook.base.files import read_json, read_records, write_records
from hornbook.base.records import Message, Pair, Question, Sample
from hornbook.base.workspace import Workspace
from hornbook.model.export import export_model
from hornbook.recipe.recipe import load_recipe
from hornbook.recipe.run import run_recipe
from hornbook.recipe.shipped import shipped
from hornbook.synthetic.mathematics.settings import MathematicsSettings
from hornbook.synthetic.mathematics.stage import mathematics
from hornbook.training.settings import SftSettings
from hornbook.training.sft import sft
from tests.preference.tiny import save_tiny_model

TASKS = {"chain_sum": {"samples": 6}}
MODULES = {"numbers__is_factor": {"train": 24, "difficulty": [0.0, 0.3]}}
SIZES: dict[str, dict[str, Any]] = {
    "import": {},
    "reasoning": {"tasks": TASKS, "search": 2, "heldout": 1, "test": 2},
    "mathematics": {"modules": MODULES, "search": 12, "heldout": 2, "test": 8},
    "rejection-sampling": {"max_questions": 20, "responses": 4, "max_new_tokens": 24},
    "sft": {"epochs": 1},
    "pts": {"max_tokens": 6000, "max_questions": 12, "max_new_tokens": 24},
    "dpo": {"epochs": 1},
    "judged-pairs": {"prompts": 12, "max_new_tokens": 24},
    "evaluation": {"samples": 2, "max_questions": 8, "max_new_tokens": 24, "max_items": 3, "resamples": 200},
}


def taught(folder: Path) -> Path:
    """A GGUF file of a tiny model that answers True or False at random."""
    start = save_tiny_model(folder / "start", context=512)
    work = Workspace(folder / "questions", name="questions")
    mathematics(MathematicsSettings.parse({"modules": MODULES, "search": 0, "heldout": 0}, ""), work)
    samples = [
        Sample(id=f"{question.id}-{said}", source="synthetic", kind="taught",
               messages=[Message("user", question.prompt), Message("assistant", str(said))])
        for question in read_records(work.path / "train", Question)[:12] for said in (True, False)
    ]  # fmt: skip
    write_records(folder / "samples.parquet", Sample, samples)
    settings = {"learning_rate": 1e-2, "epochs": 24, "batch_rows": 1, "microbatch_rows": 1}
    sft(
        SftSettings.parse(settings, ""), Workspace(folder / "taught"), model=start, samples=[folder / "samples.parquet"]
    )
    export_model(str(folder / "taught"), folder / "taught.gguf", "gguf", "f32")
    return folder / "taught.gguf"


@pytest.mark.slow
def test_the_recipe_runs_at_the_smallest_size(tmp_path: Path) -> None:
    recipe = yaml.safe_load(shipped()["smollm2"].read_text())
    for stage in recipe["stages"].values():
        given = {name: value for name, value in SIZES[stage["kind"]].items() if name != "samples" or name in stage}
        stage |= given | ({"gguf": str(taught(tmp_path))} if stage["kind"] == "import" else {})
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    run_recipe(load_recipe(tmp_path / "small.yaml"), tmp_path / "run")

    summary = read_json(tmp_path / "run" / "summary.json")
    assert summary["complete"] and (tmp_path / "run" / "report.html").exists()
    folders = {stage["name"]: tmp_path / "run" / stage["path"] for stage in summary["stages"]}
    asked = {name: {q.prompt for q in read_records(folders["mathematics"] / name, Question)} for name in ("", "test")}
    trained = {sample.messages[0].content for sample in read_records(folders["solutions"], Sample)}
    assert trained and not trained & (asked[""] | asked["test"])
    for name, ends in {"pivots": False, "judged": True, "judged-again": True}.items():
        pairs = read_records(folders[name], Pair)
        assert pairs and all(pair.ends == ends for pair in pairs)
    scores = {row["name"]: row for row in read_json(folders["test-smollm2"] / "scores.json")["scores"]}
    assert 0.2 < scores["reasoning:numbers__is_factor"]["mean"] < 0.8
    general = read_json(folders["general-combined"] / "scores.json")
    assert {row["score"] for row in general["comparisons"]} == {
        f"benchmark:{n}" for n in ("arc_easy", "piqa", "hellaswag")
    }
    assert {row["name"] for row in read_json(folders["gsm8k-combined"] / "scores.json")["scores"]} == {
        "benchmark:gsm8k"
    }
