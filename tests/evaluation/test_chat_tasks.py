"""Chat tasks: prompts in the words of simple-evals, and a table of replies with the verdicts that they must get."""

import numpy as np
import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.rng import rng
from hornbook.evaluation.chat.arena import length_controlled, read_preference
from hornbook.evaluation.chat.contest import contest_points, read_extracted
from hornbook.evaluation.chat.items import ChatItem
from hornbook.evaluation.chat.tasks import CHAT_TASKS, chat_tasks
from hornbook.evaluation.judges import Judges
from hornbook.oracles.settings import OracleSettings
from tests.evaluation.chat_data import EXAMPLES

REPLIES = [(name, *reply) for name, example in EXAMPLES.items() for reply in example.replies]


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory):
    with Judges(OracleSettings(), tmp_path_factory.mktemp("ledger")) as opened:
        yield opened


def items(name: str) -> list[ChatItem]:
    made = CHAT_TASKS[name].items(EXAMPLES[name].rows, 0)
    assert all(isinstance(item, ChatItem) for item in made), made
    return [item for item in made if isinstance(item, ChatItem)]


@pytest.mark.parametrize(("name", "reply", "metric", "value"), REPLIES)
def test_a_reply_gets_its_verdict(judges: Judges, name: str, reply: str, metric: str, value: float) -> None:
    if name in ("chat_drop", "chat_ifeval"):
        pytest.importorskip("lm_eval")
    if name == "chat_ifeval":
        pytest.importorskip("langdetect")
        pytest.importorskip("immutabledict")
    (verdict,) = CHAT_TASKS[name].judge(items(name)[:1], [reply], judges)
    assert verdict.values[metric] == pytest.approx(value)


def test_every_task_has_an_example() -> None:
    assert EXAMPLES.keys() == CHAT_TASKS.keys()


PROMPTS = [  # a task, and what its first prompt says, word by word
    (
        "chat_mmlu",
        "Answer the following multiple choice question. The last line of your response should be of the following "
        "format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before answering.\n"
        "\n1 + 1?\n\nA) 1\nB) 2\nC) 3\nD) 4",
    ),
    (
        "chat_math",
        "Solve the following math problem step by step. The last line of your response should be of the form Answer: "
        "$ANSWER (without quotes) where $ANSWER is the answer to the problem.\n\nWhat is a half of three?\n\nRemember "
        'to put your answer on its own line after "Answer:", and you do not need to use a \\boxed command.',
    ),
    (
        "chat_mgsm",
        "Löse dieses Mathematikproblem. Gib die Schritte zur Begründung an, bevor du die endgültige Antwort in der "
        'letzten Zeile alleine im Format "Antwort:" gibst. Füge nichts anderes als die ganzzahlige Antwort nach '
        '"Antwort:" hinzu.\n\nWie viel ist 20 + 22?',
    ),
    ("chat_simpleqa", "Who wrote Faust?"),
    (
        "chat_humaneval",
        "Read the following function signature and docstring, and fully implement the function described. Your "
        "response should only contain the code for this function.\n" + EXAMPLES["chat_humaneval"].rows[0]["prompt"],
    ),
]


@pytest.mark.parametrize(("name", "prompt"), PROMPTS)
def test_prompts_are_those_of_simple_evals(name: str, prompt: str) -> None:
    assert items(name)[0].prompt == prompt


def test_drop_shows_examples_about_other_passages() -> None:
    first, second = items("chat_drop")
    assert "A cow ate grass.\nQuestion: What ate grass?\nAnswer: A cow" in first.prompt
    assert first.prompt.endswith('write a line of the form "Answer: $ANSWER" at the end of your response.')
    assert first.prompt.count("The boat left") == second.prompt.count("A cow ate") == 1


def test_the_order_of_gpqas_choices_follows_the_seed() -> None:
    rows = EXAMPLES["chat_gpqa"].rows * 40
    made = [[item.target for item in CHAT_TASKS["chat_gpqa"].items(rows, seed)] for seed in (0, 0, 1)]  # type: ignore[union-attr]
    assert made[0] == made[1] != made[2]
    assert set(made[0]) == set("ABCD")


def test_the_same_problem_in_two_languages_is_one_passage() -> None:
    german, english, second = items("chat_mgsm")
    assert german.passage == english.passage != second.passage


BROKEN = [  # a task, what is wrong with a row, and what is said
    ("chat_mmlu", {"answer": 7}, "4 choices, and the right one is number 7"),
    ("chat_mmlu", {"choices": "no list"}, "right one is number"),
    ("chat_mgsm", {"language": "tlh"}, "language 'tlh'; expected one of"),
    ("chat_drop", {"answers": []}, "no answer"),
    ("chat_amc", {"answer": "F"}, "the answer 'F'; expected"),
    ("chat_ifeval", {"kwargs": [{}]}, "2 instructions with 1 kwargs"),
    ("chat_livebench", {"ground_truth": None}, "not a question with one turn"),
    ("chat_arena", {"baseline": 3}, "must be texts"),
]


@pytest.mark.parametrize(("name", "change", "said"), BROKEN)
def test_a_broken_row_is_set_aside_and_says_why(name: str, change: dict, said: str) -> None:
    rows = EXAMPLES[name].rows
    made = CHAT_TASKS[name].items([rows[0] | change, *rows], 0)
    if name != "chat_mmlu" or "choices" not in change:
        assert isinstance(made[0], str) and said in made[0]
    assert isinstance(made[1], ChatItem)


def test_groups_and_names() -> None:
    assert [task.name for task in chat_tasks(["simple_evals", "chat_mmlu"])] == [
        f"chat_{name}" for name in ("mmlu", "gpqa", "math", "humaneval", "mgsm", "simpleqa", "drop")
    ]
    with pytest.raises(HornbookError, match=r"task 'chat_mlu': unknown.*chat_mmlu"):
        chat_tasks(["chat_mlu"])


CONTESTS = [  # values of runs, points, two sigma
    ([[1.0] * 25], 150.0, None),
    ([[0.25] * 25, [0.25] * 25], 37.5, 0.0),
    ([[1.0, 0.0], [0.25, 0.25]], 4.5, 2 * (4.5 / 2) ** 0.5),
]


@pytest.mark.parametrize(("runs", "points", "bar"), CONTESTS)
def test_a_contest_has_a_mean_of_runs_with_a_bar_of_two_sigma(
    runs: list[list[float]], points: float, bar: float | None
) -> None:
    found = contest_points(runs)
    assert found.points == pytest.approx(points)
    assert found.two_sigma == pytest.approx(bar) if bar is not None else np.isnan(found.two_sigma)


EXTRACTED = [("C", "C"), (" (b). ", "B"), ("Blank", "blank"), ("The answer is C", None), ("F", None)]


@pytest.mark.parametrize(("text", "expected"), EXTRACTED)
def test_what_the_second_model_extracts(text: str, expected: str | None) -> None:
    assert read_extracted(text) == expected


PREFERENCES = [
    ("Reasons.\nVerdict: A much better", "a much better"),
    ("**Verdict: tie**", "tie"),
    ("Verdict: B better.", "b better"),
    ("Verdict: A better\nbut", None),
    ("A better", None),
]


@pytest.mark.parametrize(("text", "expected"), PREFERENCES)
def test_what_the_judge_prefers(text: str, expected: str | None) -> None:
    assert read_preference(text) == expected


@pytest.mark.parametrize("true", [0.35, 0.5, 0.7])
def test_wins_that_only_length_explains_are_taken_out(true: float) -> None:
    """A judge that likes long replies: at equal length the share of wins is that of the simulation."""
    random = rng(1, "lengths")
    lengths, baseline = random.integers(200, 2000, size=4000) * 1.5, random.integers(200, 2000, size=4000) * 1.0
    x = (lengths - baseline) / (lengths + baseline)
    chance = 1 / (1 + np.exp(-(np.log(true / (1 - true)) + 3 * x)))
    wins = (random.random(4000) < chance).astype(float)
    assert wins.mean() > true + 0.05
    assert length_controlled(wins, lengths, baseline) == pytest.approx(true, abs=0.03)


def test_a_side_that_always_wins_has_a_share_below_one() -> None:
    assert 0.9 < length_controlled(np.ones(20), np.ones(20) * 100, np.ones(20) * 100) <= 1
