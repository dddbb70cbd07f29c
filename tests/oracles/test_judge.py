"""The public judge: what texts, numbers, choices and tests give, and what it does with what it cannot judge."""

import subprocess
import sys
import threading

import pytest

import hornbook
from hornbook.base.errors import HornbookError

HEADER = 'def add(a, b):\n    """The sum."""\n'
ADD = "def add(a, b):\n    return a + b"
# reply, reference, more arguments → right, outcome
JUDGED = [
    ("The total is $42.", 42, {}, True, "correct"),
    ("The total is $42.", "42", {}, True, "correct"),
    ("The total is $43.", 42.0, {}, False, "wrong"),
    (r"So it is $\boxed{\frac12}$.", "0.5", {"oracle": "math"}, True, "correct"),
    (r"\boxed{x+1}", "x + 1", {}, True, "correct"),
    ("Answer: Paris", "Paris", {}, True, "correct"),
    ("Answer: Lutetia", ["Paris", "Lutetia"], {}, True, "correct"),
    ("Answer: Rome", ["Paris", "Lutetia"], {}, False, "wrong"),
    ("B", "B", {"choices": ["Rome", "Oslo"]}, True, "correct"),
    ("B", 1, {"choices": ["Rome", "Oslo"]}, True, "correct"),
    ("Oslo", 0, {"choices": ["Rome", "Oslo"]}, False, "wrong"),
    ("I do not know.", "Paris", {"oracle": "trivia"}, False, "not attempted"),
    ("", 42, {}, False, "not attempted"),
    ("<think>It is 42", 42, {}, False, "not attempted"),
    ("<think>It is 41</think>42", 42, {}, True, "correct"),
    (f"```python\n{ADD}\n```", None, {"tests": ["assert add(1, 2) == 3"]}, True, "correct"),
    (f"```python\n{ADD}\n```", None, {"tests": "assert add(1, 2) == 4"}, False, "wrong"),
    ("    return a + b", None, {"tests": ["assert add(1, 2) == 3"], "prompt": HEADER}, True, "correct"),
    ("print(input())", None, {"tests": [{"input": "7", "output": "7"}]}, True, "correct"),
    ("42", "many", {"oracle": "number"}, None, "not judged"),
    ("B", "Bonn", {"choices": ["Rome", "Oslo"]}, None, "not judged"),
    ("B", 7, {"choices": ["Rome", "Oslo"]}, None, "not judged"),
    ("42", None, {"oracle": "exact"}, None, "not judged"),
    ("pass", None, {"tests": [3]}, None, "not judged"),
]


@pytest.mark.parametrize(("reply", "reference", "more", "right", "outcome"), JUDGED)
def test_one_reply(reply: str, reference: object, more: dict, right: bool | None, outcome: str) -> None:
    judged = hornbook.judge(reply, reference, **more)
    assert (judged.right, judged.outcome) == (right, outcome)
    assert (judged.reason == "") == (right is True)


def test_many_replies_are_judged_as_one_by_one() -> None:
    plain = [case for case in JUDGED if set(case[2]) <= {"choices", "tests", "prompt", "oracle"}]
    judged = hornbook.judge_many(
        [reply for reply, *_ in plain],
        [reference for _, reference, *_ in plain],
        [more.get("oracle", "auto") for _, _, more, *_ in plain],
        choices=[more.get("choices") for _, _, more, *_ in plain],
        tests=[more.get("tests") for _, _, more, *_ in plain],
        prompts=[more.get("prompt", "") for _, _, more, *_ in plain],
    )
    assert [one.right for one in judged] == [right for *_, right, _ in plain]
    assert hornbook.judge_many([], []) == []


def test_the_answer_that_was_found_is_shown() -> None:
    assert hornbook.judge("Let me see.\nThe answer is **7 apples**.", 8).extracted.startswith("7")
    assert hornbook.judge("I take (B).", 0, choices=["x", "y"]).extracted == "B"


def test_what_cannot_be_used_is_one_line() -> None:
    with pytest.raises(HornbookError, match="did you mean 'exact'"):
        hornbook.judge("7", 7, "exakt")
    with pytest.raises(HornbookError, match="references: 1 for 2 replies; expected one for each"):
        hornbook.judge_many(["7", "8"], [7])


def test_threads_may_judge_at_the_same_time() -> None:
    found: list[bool | None] = [None] * 8

    def ask(number: int) -> None:
        found[number] = hornbook.judge(rf"\boxed{{\frac{{{number}}}{{2}}}}", rf"\frac{{{number}}}{{2}}").right

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


def test_importing_the_package_is_quick_and_a_script_that_judges_ends() -> None:
    code = r"""
import sys, hornbook
assert not {"torch", "pyarrow", "pydantic"} & set(sys.modules)
print(hornbook.judge(r"\boxed{\frac12}", "0.5", "math").right)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)
