"""What callers rely on: right answers score 1, wrong ones less, and nothing a model writes can break an oracle."""

import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.oracles import mathematics
from hornbook.oracles.extract_answer import extract_answer
from hornbook.oracles.number import parse_number
from hornbook.oracles.registry import ORACLES, judge_here
from hornbook.oracles.score import is_right, judge_question, judged_outcome, score
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.trivia import refuses


def question(oracle: str, answer: str = "", **fields: object) -> Question:
    return Question(id="question-1", task="test", prompt="?", answer=answer, oracle=oracle, **fields)


CHAIN_SUM = msgspec.json.encode(
    {"question": "3 + 4 =", "answer": "7", "metadata": {"source_dataset": "chain_sum"}}
).decode()


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("3 + 4 = 7\nAnswer: 7", "7"),
        ("Answer: 3\nNo, again.\nANSWER : 7<|im_end|>", "7"),
        ("**Answer:** 7", "7"),
        ("so it is\n\n  seven \n\n", "seven"),
        ("Answer: $\\boxed{7}$", "7"),
        ("Answer:", ""),
        ("", ""),
    ],
)
def test_the_answer_is_after_the_last_mark_or_the_last_line(completion: str, answer: str) -> None:
    assert extract_answer(completion) == answer


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234.50", 1234.5), ("x = −7", -7), ("2/4", 0.5), ("1.5e3 m", 1500), ("5 - 3 = 2", 2), (".5", 0.5), ("3.", 3)],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert float(parse_number(text)) == value


@given(st.integers(-(10**30), 10**30))
def test_whole_numbers_must_be_met_exactly(value: int) -> None:
    asked = question("number", f"{value:,}")
    assert is_right(asked, f"Answer: {value}")
    assert not is_right(asked, f"Answer: {value + 1}")


def test_other_numbers_have_a_tolerance() -> None:
    assert is_right(question("number", "1/3"), "0.33333")
    assert not is_right(question("number", "1/3"), "0.33")
    assert is_right(question("number", "1/3", entry='{"tolerance": 0.02}'), "0.33")


@pytest.mark.parametrize("reply", ["B", "(b)", "Answer: B) Rome", "rome.", "I choose option B", "The answer is B"])
def test_a_choice_is_picked_by_letter_or_text(reply: str) -> None:
    asked = question("choice", "Rome", choices=["Paris", "Rome", "Oslo"])
    assert is_right(asked, reply)
    assert not is_right(msgspec.structs.replace(asked, answer="A"), reply)


def test_a_letter_is_a_choices_letter_even_where_another_is_called_so() -> None:
    swapped = question("choice", "A", choices=["B", "A"])  # the reference is the text "A", which is choice B
    assert is_right(swapped, "Answer: B")
    assert not is_right(swapped, "Answer: A")
    assert score(question("choice", "A", choices=["x", "y"]), "Bananas are good") == 0


def test_exact_forgives_case_spaces_and_a_final_stop_only() -> None:
    assert is_right(question("exact", "São Tomé"), "Answer: são  tomé.")
    assert not is_right(question("exact", "São Tomé"), "Answer: Sao Tome")
    assert not is_right(question("exact", "-3"), "3")
    assert not is_right(question("exact", "?!"), "!!")
    assert is_right(question("exact", "?!"), "?!")


def test_reasoning_gym_scores_by_its_own_scorer() -> None:
    asked = question("reasoning-gym", "7", entry=CHAIN_SUM)
    assert is_right(asked, "3 + 4 = 7\nAnswer: 7")
    assert not is_right(asked, "Answer: 8")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("Ivory Coast.", "correct"),
        ("Abidjan is in Côte d'Ivoire.", "correct"),
        ("Ghana", "wrong"),
        ("Not Ivory Coastal", "wrong"),
        ("I don’t know which country that is.", "not attempted"),
        ("I'm not sure.", "not attempted"),
        ("There is no information on that.", "not attempted"),
        ("", "not attempted"),
    ],
)
def test_trivia_is_correct_wrong_or_not_attempted(reply: str, outcome: str) -> None:
    asked = question("trivia", "Côte d'Ivoire", entry='{"aliases": ["Ivory Coast"]}')
    assert judged_outcome(asked, reply) == outcome
    assert score(asked, reply) == (outcome == "correct")


def test_a_bogus_question_is_right_only_when_refused() -> None:
    asked = question("trivia")
    assert judged_outcome(asked, "Peru") == "wrong"
    assert not is_right(asked, "Peru")
    assert is_right(asked, "I do not know of a city called Blorg.")
    assert refuses("That city does not seem to exist") and not refuses("No, it is Norway")


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ("1/2", "so it is $\\boxed{\\frac12}$. I hope this helps."),
        ("\\frac{1}{2}", "Answer: 0.5"),
        ("x^2+2x+1", "Answer: (x+1)^2"),
        ("$(-\\infty, 3]$", "Answer: (-\\infty,3]"),
        ("\\sqrt{8}", "Answer: 2*sqrt(2)"),
        ("5", "Answer: there are 5 apples"),
        ("1,234", "Answer: 1234"),
    ],
)
def test_mathematics_is_compared_by_what_it_means(answer: str, reply: str) -> None:
    assert is_right(question("math", answer), reply)
    assert judge_question(question("math", answer), "Answer: 77").score == 0
    assert judge_question(question("math", answer), "Answer: x + 1").score == 0


def test_mathematics_without_its_package_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    mathematics.library.cache_clear()
    monkeypatch.setitem(sys.modules, "math_verify", None)
    try:
        with pytest.raises(HornbookError, match=r"pip install math-verify"):
            judge_here(question("math", "1"), "1", OracleSettings())
    finally:
        mathematics.library.cache_clear()


def test_fuzzy_forgives_spelling_up_to_its_threshold() -> None:
    asked = question("fuzzy", "Johann Wolfgang von Goethe")
    assert is_right(asked, "Answer: Johann Wolfgang von Göthe")
    assert not is_right(asked, "Answer: Wolfgang Amadeus Mozart")
    loose = OracleSettings(similarity=0.5)
    assert judge_question(asked, "Answer: Wolfgang von Goethe", loose).score == 1
    assert judge_question(asked, "Answer: " + "Goethe " * 100_000).score == 0


def code_question(*tests: object, **more: object) -> Question:
    return question("code", entry=msgspec.json.encode({"tests": tests, **more}).decode())


ADD = "def add(a, b):\n    return a + b\n"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (ADD, ""),
        (f"Like this:\n```python\n{ADD}```\nand run it:\n```sh\npython add.py\n```", ""),
        (f"```\n{ADD}", ""),
        (ADD + "if __name__ == '__main__':\n    print(add(int(input()), 1))", ""),
        (ADD.replace("+", "-"), "test 1 of 2: AssertionError"),
        ("def sub(a, b): pass", "test 1 of 2: NameError"),
        ("The sum of both.", "SyntaxError"),
        ("", "no answer"),
        ("import sys; sys.exit(0)", "ended before its tests did"),
        ("import os; print('all tests passed'); os._exit(0)", "ended before its tests did"),
        (ADD + "while True: pass", "not finished within 1 s"),
        (ADD + "x = bytearray(1 << 30)", "memory"),
    ],
)
def test_code_is_right_when_its_tests_pass(reply: str, reason: str) -> None:
    asked = code_question("assert add(1, 2) == 3", "import math\nassert add(math.pi, 0) > 3")
    judged = judge_question(asked, reply, OracleSettings(seconds=1, memory_mb=256))
    assert (judged.score == 1, judged.failed) == (reason == "", False)
    assert reason in judged.reason


def test_code_may_be_judged_by_what_it_prints() -> None:
    asked = code_question({"input": "1 2\n", "output": "3\n"}, {"input": "2 2", "output": "4"})
    assert is_right(asked, "print(sum(map(int, input().split())), '')")
    assert judge_question(asked, "print(3)").reason == "case 2 of 2: printed '3', expected '4'"
    assert "ValueError" in judge_question(asked, "print(int(input()))").reason


def test_a_completion_may_go_on_from_the_header_it_was_given() -> None:
    asked = code_question("assert add(1, 2) == 3", prefix="def add(a, b):\n")
    assert is_right(asked, "    return a + b\n")
    assert is_right(asked, f"```python\n{ADD}```")


@pytest.mark.parametrize(
    "broken",
    [
        question("number", "many"),
        question("choice", "Z", choices=["x", "y"]),
        question("exact", " "),
        question("reasoning-gym", "7"),
        question("reasoning-gym", "7", entry="{"),
        question("reasoning-gym", "7", entry='{"metadata": {"source_dataset": "no_such_task"}}'),
        question("reasoning-gym", "7", entry='{"metadata": {"source_dataset": "chain_sum"}}'),
        question("trivia", "x", entry="[1]"),
        question("math", "hello there"),
        question("fuzzy", "?"),
        question("code"),
        question("code", entry='{"tests": ["assert ("]}'),
        question("code", entry='{"tests": [3]}'),
    ],
    ids=range(13),
)
def test_an_oracle_that_breaks_scores_nothing_and_says_why(broken: Question) -> None:
    judged = judge_question(broken, "Answer: 7")
    assert judged.score == 0 and judged.failed and judged.reason


def test_an_unknown_oracle_is_the_users_error() -> None:
    with pytest.raises(HornbookError, match="did you mean 'choice'"):
        score(question("choise", "A"), "A")


@given(st.sampled_from(sorted(set(ORACLES) - {"math", "code"})), st.text(max_size=200))
def test_whatever_a_model_writes_is_scored(oracle: str, completion: str) -> None:
    entry = CHAIN_SUM if oracle == "reasoning-gym" else ""
    judged = judge_question(question(oracle, "7", entry=entry, choices=["7", "8"]), completion)
    assert 0 <= judged.score <= 1 and not judged.failed
