"""Rows of benchmarks and of other people's tools → question, answer, choices and tests. Add a row for a new form."""

import base64
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

import hornbook
from hornbook.base.errors import HornbookError
from hornbook.oracles.parse_question import parse_question

FOUR = ["a1", "b1", "c1", "d1"]
LETTERS = {"text": FOUR, "label": ["A", "B", "C", "D"]}
USER = [{"role": "user", "content": "q"}]
SOLUTION = "class Solution:\n    def f(self, a):\n        "
PICKLED = base64.b64encode(zlib.compress(pickle.dumps("[]"))).decode()

FORMS: list[tuple[str, dict[str, Any], str, str, list[str]]] = [  # name, row, question, answer, choices
    ("question and answer", {"question": "q", "answer": 5}, "q", "5", []),
    ("GSM8K", {"question": "q", "answer": "so <<2*3=6>>6\n#### 1,234"}, "q", "1,234", []),
    ("MATH", {"problem": "q", "solution": "thus $\\boxed{\\frac{1}{2}}$.", "level": "5"}, "q", "\\frac{1}{2}", []),
    ("MATH, boxed without braces", {"problem": "q", "solution": "thus $\\boxed 5$."}, "q", "5", []),
    ("MATH, fbox", {"problem": "q", "solution": "thus $\\fbox{5}$."}, "q", "5", []),
    ("MATH-500", {"problem": "q", "solution": "\\boxed{3}", "answer": "3", "unique_id": "t/1"}, "q", "3", []),
    ("AIME", {"ID": "2024-I-1", "Problem": "q", "Answer": 42}, "q", "42", []),
    ("NuminaMath", {"problem": "q", "solution": "\\boxed{3}", "messages": USER}, "q", "3", []),
    ("MMLU", {"question": "q", "choices": FOUR, "answer": 1, "subject": "x"}, "q", "b1", FOUR),
    ("MMLU, choices of numbers", {"question": "q", "choices": ["3", "2", "1", "0"], "answer": 1}, "q", "2",
     ["3", "2", "1", "0"]),
    ("MMLU-Pro", {"question": "q", "options": FOUR, "answer": "B", "answer_index": 1}, "q", "b1", FOUR),
    ("ARC", {"id": "x", "question": "q", "choices": LETTERS, "answerKey": "C"}, "q", "c1", FOUR),
    ("ARC, labels of numbers", {"question": "q", "choices": {"text": FOUR, "label": list("1234")}, "answerKey": "2"},
     "q", "b1", FOUR),
    ("ARC as it was published", {"question": {"stem": "q", "choices": [{"text": "x", "label": "A"},
                                                                       {"text": "y", "label": "B"}]}, "answerKey": "B"},
     "q", "y", ["x", "y"]),
    ("OpenBookQA", {"question_stem": "q", "choices": LETTERS, "answerKey": "A"}, "q", "a1", FOUR),
    ("CommonsenseQA", {"question": "q", "question_concept": "c", "choices": LETTERS, "answerKey": "D"},
     "q", "d1", FOUR),
    ("HellaSwag", {"activity_label": "Act", "ctx_a": "c", "ctx": "c d", "endings": FOUR, "label": "3"}, "Act: c d",
     "d1", FOUR),
    ("PIQA", {"goal": "q", "sol1": "x", "sol2": "y", "label": 1}, "q", "y", ["x", "y"]),
    ("WinoGrande", {"sentence": "A _ b", "option1": "x", "option2": "y", "answer": "2"}, "A _ b", "y", ["x", "y"]),
    ("SciQ", {"question": "q", "distractor1": "y", "distractor2": "z", "distractor3": "x", "correct_answer": "r",
              "support": "s"}, "s\n\nq", "r", ["r", "x", "y", "z"]),
    ("BoolQ", {"question": "is it", "answer": False, "passage": "p"}, "p\n\nis it?", "no", ["yes", "no"]),
    ("StrategyQA", {"question": "Is it?", "answer": True}, "Is it?", "yes", ["yes", "no"]),
    ("GPQA", {"Question": "q", "Correct Answer": "x", "Incorrect Answer 1": "w", "Incorrect Answer 2": "y",
              "Incorrect Answer 3": "z"}, "q", "x", ["w", "x", "y", "z"]),
    ("MedQA", {"question": "q", "answer": "y", "options": {"A": "x", "B": "y"}, "answer_idx": "B"},
     "q", "y", ["x", "y"]),
    ("MedMCQA", {"question": "q", "opa": "1", "opb": "2", "opc": "3", "opd": "4", "cop": 2}, "q", "3",
     ["1", "2", "3", "4"]),
    ("AQuA", {"question": "q", "options": ["A)21", "B)22"], "rationale": "r", "correct": "B"}, "q", "22", ["21", "22"]),
    ("RACE", {"article": "t", "question": "q", "options": FOUR, "answer": "A"}, "t\n\nq", "a1", FOUR),
    ("Social IQa", {"context": "c", "question": "q", "answerA": "x", "answerB": "y", "answerC": "z", "label": "2"},
     "c\n\nq", "y", ["x", "y", "z"]),
    ("C-Eval, MMMLU", {"Question": "q", "A": "x", "B": "y", "C": "z", "D": "w", "Answer": "B", "Subject": "s"},
     "q", "y", ["x", "y", "z", "w"]),
    ("CosmosQA", {"context": "c", "question": "q", "answer0": "x", "answer1": "y", "label": "1"},
     "c\n\nq", "y", ["x", "y"]),
    ("BBQ", {"context": "c", "question": "q", "ans0": "x", "ans1": "y", "ans2": "z", "label": 2}, "c\n\nq", "z",
     ["x", "y", "z"]),
    ("SWAG", {"startphrase": "s", "sent1": "s", "ending0": "x", "ending1": "y", "label": 1}, "s", "y", ["x", "y"]),
    ("COPA", {"premise": "p", "choice1": "x", "choice2": "y", "question": "cause", "label": 0}, "p What was the cause?",
     "x", ["x", "y"]),
    ("ReClor", {"context": "c", "question": "q", "answers": ["x", "y"], "label": 1}, "c\n\nq", "y", ["x", "y"]),
    ("LogiQA", {"context": "c", "query": "q", "options": ["x", "y"], "correct_option": 1}, "c\n\nq", "y", ["x", "y"]),
    ("LogiQA 2", {"text": "t", "question": "q", "options": ["x", "y"], "answer": 1}, "t\n\nq", "y", ["x", "y"]),
    ("MuSR", {"narrative": "n", "question": "q", "choices": "['x', 'y']", "answer_index": 1, "answer_choice": "y"},
     "n\n\nq", "y", ["x", "y"]),
    ("AGIEval", {"query": "q", "choices": ["(A)x", "(B)y"], "gold": [1]}, "q", "y", ["x", "y"]),
    ("LiveBench", {"turns": ["q"], "ground_truth": "5", "category": "c"}, "q", "5", []),
    ("SQuAD", {"context": "c", "question": "q", "answers": {"text": ["V", "V"], "answer_start": [1, 1]}},
     "c\n\nq", "V", []),
    ("WebQuestions", {"question": "q", "answers": ["V", "W"]}, "q", "V", []),
    ("Skywork-OR1", {"data_source": "s", "prompt": USER, "reward_model": {"ground_truth": "[\"5\"]", "style": "rule"}},
     "q", "5", []),
    ("TruthfulQA", {"question": "q", "mc1_targets": {"choices": ["x", "y"], "labels": [0, 1]}}, "q", "y", ["x", "y"]),
    ("TriviaQA", {"question": "q", "question_id": "t", "answer": {"value": "V", "aliases": ["V", "W"]}}, "q", "V", []),
    ("Natural Questions", {"question": "q", "answer": ["V", "W"]}, "q", "V", []),
    ("SimpleQA", {"metadata": "{'answer_type': 'Person'}", "problem": "q", "answer": "V"}, "q", "V", []),
    ("BBH", {"input": "q\n(A) x\n(B) y", "target": "(B)"}, "q\n(A) x\n(B) y", "(B)", []),
    ("MGSM", {"question": "q", "answer": None, "answer_number": 18, "equation_solution": None}, "q", "18", []),
    ("SVAMP", {"Body": "b.", "Question": "q", "Answer": "8.0"}, "b. q", "8.0", []),
    ("IFEval", {"key": 1, "prompt": "q", "instruction_id_list": ["x:y"], "kwargs": [{}]}, "q", "", []),
    ("verl", {"data_source": "gsm8k", "prompt": USER, "reward_model": {"style": "rule", "ground_truth": "72"}},
     "q", "72", []),
    ("inspect", {"input": "q", "target": "B", "choices": ["x", "y"], "id": 1}, "q", "y", ["x", "y"]),
    ("OpenAI evals", {"input": USER, "ideal": "4"}, "q", "4", []),
    ("messages", {"messages": [*USER, {"role": "assistant", "content": "so #### 4"}]}, "q", "4", []),
    ("messages and an answer", {"messages": USER, "answer": "4"}, "q", "4", []),
    ("an interval is no list", {"question": "q", "answer": "[1, 2]"}, "q", "[1, 2]", []),
    ("choices with their letters", {"question": "q", "choices": ["A. x", "B. y"], "answer": "B"}, "q", "y", ["x", "y"]),
    ("choices by letter", {"question": "q", "choices": {"A": "x", "B": "y"}, "answer": "B"}, "q", "y", ["x", "y"]),
    ("choices as Python prints them", {"question": "q", "choices": "['x', 'y']", "answer": "B"}, "q", "y", ["x", "y"]),
    ("a list of one answer", {"question": "q", "answer": ["5"]}, "q", "5", []),
    ("instruction and output", {"instruction": "q", "output": "5"}, "q", "5", []),
    ("query and response", {"query": "q", "response": "so \\boxed{5}"}, "q", "5", []),
]  # fmt: skip

PROGRAMS: list[tuple[str, dict[str, Any], str, list[Any]]] = [  # name, row, how the question begins, tests
    ("HumanEval", {"task_id": "HumanEval/0", "prompt": "def f():\n", "test": "def check(c):\n    assert c()\n",
                   "entry_point": "f"}, "def f():", ["def check(c):\n    assert c()\n"]),
    ("MBPP", {"task_id": 1, "text": "Write f", "code": "x", "test_list": ["assert f() == 1"], "test_setup_code": "",
              "challenge_test_list": []}, "Write f", ["assert f() == 1"]),
    ("APPS", {"problem_id": 1, "question": "q", "input_output": '{"inputs": ["1\\n"], "outputs": ["2\\n"]}',
              "starter_code": ""}, "q", [{"input": "1\n", "output": "2\n"}]),
    ("APPS, a function", {"question": "q", "starter_code": SOLUTION,
                          "input_output": '{"fn_name": "f", "inputs": [[[1, 2]]], "outputs": [true]}'},
     "q\n\nclass Solution", ["assert Solution().f([1, 2]) == True"]),
    ("CodeContests", {"name": "n", "description": "q", "public_tests": {"input": ["1"], "output": ["2"]},
                      "private_tests": {"input": ["3"], "output": ["4"]}, "solutions": {"language": [3]}},
     "q", [{"input": "1", "output": "2"}, {"input": "3", "output": "4"}]),
    ("BigCodeBench", {"task_id": "BigCodeBench/0", "complete_prompt": "def f():\n", "instruct_prompt": "i",
                      "test": "def check(c):\n    assert c()\n", "entry_point": "f"},
     "def f():", ["def check(c):\n    assert c()\n"]),
    ("AceCode", {"question": "Write f", "test_cases": ["assert f() == 1"]}, "Write f", ["assert f() == 1"]),
    ("LiveCodeBench", {"question_content": "q", "question_id": "1", "starter_code": "", "metadata": "{}",
                       "public_test_cases": '[{"input": "1", "output": "2", "testtype": "stdin"}]',
                       "private_test_cases": PICKLED}, "q", [{"input": "1", "output": "2"}]),
    ("LiveCodeBench, a function", {"question_content": "q", "starter_code": SOLUTION, "metadata": '{"func_name": "f"}',
                                   "public_test_cases":
                                       '[{"input": "[1, 2]", "output": "null", "testtype": "functional"}]',
                                   "private_test_cases": PICKLED},
     "q\n\nclass Solution", ["assert Solution().f([1, 2]) == None"]),
]  # fmt: skip

UNREADABLE: list[tuple[str, dict[str, Any], str]] = [
    ("no question", {"answer": "5"}, "no question"),
    ("an empty question", {"question": " ", "answer": "5"}, "no question: question is empty"),
    ("an answer of null", {"question": "q", "answer": None}, "no answer: answer is empty"),
    ("a choice of null", {"question": "q", "choices": ["x", None], "answer": "A"}, "choices: B has no text"),
    ("a hidden answer", {"goal": "q", "sol1": "x", "sol2": "y", "label": -1}, "answers are not published"),
    ("a hidden label", {"question": "q", "choices": LETTERS, "answerKey": ""}, "none is marked as right"),
    ("an index too far", {"question": "q", "choices": FOUR, "answer": 4}, "index 4 of 4 choices"),
    ("an answer that is an object", {"question": "q", "answer": {"a": 1}}, "expected a text or a number, got dict"),
]


def load(folder: Path, *rows: Any, **options: Any) -> Any:
    file = folder / "questions.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return hornbook.load_records(file, "questions", **options)


@pytest.mark.parametrize(("name", "row", "question", "answer", "choices"), FORMS, ids=[form[0] for form in FORMS])
def test_a_form_is_read_as_it_comes(
    tmp_path: Path, name: str, row: dict[str, Any], question: str, answer: str, choices: list[str]
) -> None:
    (found,) = load(tmp_path, row)
    assert (found.question, found.answer, found.choices) == (question, answer, choices)


@pytest.mark.parametrize(("name", "row", "question", "tests"), PROGRAMS, ids=[form[0] for form in PROGRAMS])
def test_a_form_with_tests_is_read_as_it_comes(
    tmp_path: Path, name: str, row: dict[str, Any], question: str, tests: list[Any]
) -> None:
    (found,) = load(tmp_path, row)
    assert found.question.startswith(question) and found.tests == tests
    assert parse_question(found, "").oracle == "code"


@pytest.mark.parametrize(("name", "row", "reason"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_what_cannot_be_asked_is_set_aside_with_its_line(
    tmp_path: Path, name: str, row: dict[str, Any], reason: str
) -> None:
    questions = load(tmp_path, {"question": "q", "answer": "5"}, row)
    assert len(questions) == 1 and len(questions.set_aside) == 1
    assert questions.set_aside[0].where == f"{tmp_path}/questions.jsonl:2" and reason in questions.set_aside[0].reason
    with pytest.raises(HornbookError, match=r"questions\.jsonl:1: "):
        load(tmp_path, row)


def test_a_system_message_stands_before_the_question(tmp_path: Path) -> None:
    (found,) = load(tmp_path, {"messages": [{"role": "system", "content": "s"}, *USER], "answer": "4"})
    assert found.question == "q" and [(turn.role, turn.content) for turn in found.before] == [("system", "s")]
    assert parse_question(found, "").before == found.before


def test_names_of_columns_are_the_users(tmp_path: Path) -> None:
    row = {"body": "q", "meta": {"key": "5"}, "question": "another"}
    (found,) = load(tmp_path, row, columns=["question=body,answer=meta.key"])
    assert (found.question, found.answer) == ("q", "5")
    with pytest.raises(HornbookError, match="no column 'boby'; there are body, meta, question"):
        load(tmp_path, row, columns=["question=boby"])
    with pytest.raises(HornbookError, match="columns: 'question': expected OURS=THEIRS"):
        load(tmp_path, row, columns=["question"])


def test_names_that_are_all_right_are_judged_as_trivia(tmp_path: Path) -> None:
    (found,) = load(tmp_path, {"question": "q", "answer": ["V", "W"]})
    assert parse_question(found, "").oracle == "trivia" and found.entry == {"aliases": ["W"]}
