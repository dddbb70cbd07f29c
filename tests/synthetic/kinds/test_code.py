"""Kinds about code: what a right answer makes of a function, and which wrong answers are turned away."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document, Question, make_id
from hornbook.base.rng import rng
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.kind import Made, Material, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import Passage, PassageSettings
from hornbook.synthetic.programs.behaviour import behaviour
from hornbook.synthetic.programs.mutants import broken_variants
from tests.synthetic.kinds.scripted import Script, run_kind

CODE = """def count_above(numbers, limit):
    total = 0
    for number in numbers:
        if number > limit:
            total += 1
    return total"""
OTHER = """def fetch(client, key):
    answer = client.download(key)
    if answer is None:
        return key
    return answer.text"""


def function(code: str) -> Passage:
    (found,) = functions(Document(id=make_id("doc", code), text=code, source="code", origin="test", kind="code"))
    return found


SEED = function(CODE)


def reply(made: list[Made]) -> str:
    return made[0].messages[-1].content


def rejects(check: str, kind: str, script: Script, seed: Passage = SEED, **settings: Any) -> str:
    with pytest.raises(Rejected) as caught:
        run_kind(kind, seed, script, **settings)
    assert caught.value.check == check, caught.value
    return str(caught.value)


def test_seeds_run_by_themselves_and_can_be_broken() -> None:
    material = Material([], [function(OTHER), SEED], [], [], PassageSettings())
    for name in ("code_tests", "debugging", "docstring", "code_extension"):
        kind = load_kind(name)
        assert list(kind.seeds(material, 5, rng(1, "seeds"), kind.settings())) == [SEED]


@pytest.mark.parametrize("kind", ["code_tests", "debugging", "docstring", "code_explanation", "output_prediction"])
def test_a_seed_that_does_not_run_is_turned_away(kind: str) -> None:
    rejects("runs", kind, {}, seed=function(OTHER))


# Tests

GOOD_TESTS = "```python\nassert count_above([1, 5, 3], 3) == 1\nassert count_above([], 0) == 0\n```"


def test_tests_pass_on_the_function_and_catch_a_mistake() -> None:
    made = run_kind("code_tests", SEED, {"write": GOOD_TESTS})
    assert "assert count_above([1, 5, 3], 3) == 1" in reply(made) and 0 < made[0].grade <= 1


def test_failing_tests_go_back_with_what_the_function_gives() -> None:
    told: list[str] = []

    def repaired(prompt: str, sample: int) -> str:
        told.append(prompt)
        return GOOD_TESTS

    script: Script = {"write": "assert count_above([4], 3) == 7\nassert count_above([2], 3) == 0", "repair": repaired}
    made = run_kind("code_tests", SEED, script)
    assert "count_above([4], 3) gives 1" in told[0] and "== 7" not in reply(made)


def test_tests_that_catch_nothing_or_fail_are_turned_away() -> None:
    empty = "assert count_above([], 0) >= 0\nassert count_above([], 1) >= 0"
    rejects("fails on a broken variant", "code_tests", {"write": empty, "repair": empty})
    rejects("passes", "code_tests", {"write": "assert count_above([4], 3) == 7", "repair": "I am sorry."})
    rejects(
        "passes", "code_tests", {"write": "assert True\nassert 1 == 1", "repair": "assert (count_above([1], 0), 1)"}
    )


# Debugging and review

WHY = "The condition compares number with limit wrongly, so the total returned for the numbers is not the right count."


def right_line(prompt: str, sample: int) -> str:
    """The original's line in the place of the one that the prompt shows as wrong."""
    wrong = prompt.split("The mistake is in this line:\n")[1].split("\n")[0]
    broken = re.findall(r"```python\n(.*?)\n```", prompt, re.DOTALL)[-1].split("\n")
    return CODE.split("\n")[broken.index(wrong)]


def test_a_fix_is_run_and_explained() -> None:
    made = run_kind("debugging", SEED, {"fix": right_line, "explain": WHY})
    assert WHY in reply(made) and CODE in reply(made) and "should give" in made[0].messages[0].content


def test_a_fix_that_changes_nothing_or_is_no_code_is_turned_away() -> None:
    assert "no line of 2" in rejects("fixed", "debugging", {"fix": "I do not know", "explain": WHY}, tries=2)


def test_an_explanation_about_something_else_is_turned_away() -> None:
    other = "The weather in the mountains changes quickly in spring because of the wind from the sea."
    rejects("explanation", "debugging", {"fix": right_line, "explain": other})


def reviewing(line: Callable[[int], int], reason: str) -> Script:
    def review(prompt: str, sample: int) -> str:
        numbered = re.findall(r"```python\n(.*?)\n```", prompt, re.DOTALL)[-1].split("\n")
        wrong = next(n for n, one in enumerate(numbered, 1) if one.split(": ", 1)[1] != CODE.split("\n")[n - 1])
        return msgspec.json.encode({"line": line(wrong), "reason": reason}).decode()

    return {"review": review}


def test_a_review_names_the_wrong_line() -> None:
    reason = (
        "The number is compared with the limit or added to total in the wrong way, so count_above gives wrong totals."
    )
    made = run_kind("code_review", SEED, reviewing(lambda wrong: wrong, reason))
    assert re.match(r"Line \d is wrong: ", reply(made))
    rejects("line", "code_review", reviewing(lambda wrong: wrong + 1, reason))
    rejects(
        "reason", "code_review", reviewing(lambda wrong: wrong, "It is bad style and nobody should ever write that.")
    )
    rejects("form", "code_review", {"review": "line three"})


# Words about code

EXPLAINED = (
    "The function count_above takes a list of numbers and a limit. It goes through the numbers and adds 1 to total for "
    "each number greater than limit. It returns the total."
)


def test_an_explanation_is_held_against_execution() -> None:
    good = f"{EXPLAINED} For example, count_above([7, 1], 0) returns 2."
    assert "Explain" in run_kind("code_explanation", SEED, {"explain": EXPLAINED})[0].messages[0].content
    wrong = f"{EXPLAINED} Thus count_above([1, 0], 0) returns 0, and total is new."
    assert "is not" in rejects("executed examples", "code_explanation", {"explain": wrong})
    rejects("numbers", "code_explanation", {"explain": good.replace("[7, 1]", "[7777, 1]")})
    rejects("names", "code_explanation", {"explain": f"{EXPLAINED} The `join` method puts total together."})
    off_topic = "Bread needs flour and water. The dough rests overnight in a cool place before the baker shapes loaves."
    rejects("about the code", "code_explanation", {"explain": off_topic})


def test_a_docstrings_examples_are_run() -> None:
    good = (
        "Count the numbers that are greater than the limit.\n\n>>> count_above([1, 5], 3)\n1\n>>> count_above([], 0)\n0"
    )
    made = run_kind("docstring", SEED, {"write": good})
    assert '    """Count the numbers' in reply(made) and ">>> count_above([1, 5], 3)\n    1" in reply(made)
    bad = good.replace("\n1\n", "\n4\n")
    assert '"""' in reply(run_kind("docstring", SEED, {"write": bad, "repair": good}))
    rejects("examples run", "docstring", {"write": bad, "repair": bad})
    rejects("examples run", "docstring", {"write": "Count the numbers.", "repair": "Count the numbers."})
    rejects("summary", "docstring", {"write": good.replace("Count the numbers that are greater than the limit", "Hm")})


def telling(prompt: str, sample: int) -> str:
    """The listed steps as sentences."""
    steps = prompt.split("with new values:\n")[1].split("\n\n")[0].split("\n")
    said = [re.sub(r"^.*\((.*)\)$", r"Now \1", step) for step in steps[:-1] if "is" in step]
    return ". ".join([*said, f"So the call with these numbers and the limit returns {steps[-1].split()[-1]}."])


def test_a_telling_follows_the_execution() -> None:
    made = run_kind("output_prediction", SEED, {"tell": telling})
    assert made[0].question is not None and reply(made).endswith(f"Answer: {made[0].question.answer}")
    assert made[0].question.answer in {case.result for case in behaviour(CODE)}
    rejects(
        "result", "output_prediction", {"tell": lambda p, s: telling(p, s).rpartition("returns")[0] + "returns it."}
    )
    rejects(
        "values", "output_prediction", {"tell": "The numbers are compared with the limit and the total is returned."}
    )
    rejects("trace", "output_prediction", {"tell": telling}, most_steps=1)


# Code from code


def test_a_translation_runs_and_gives_the_same() -> None:
    pytest.importorskip("_quickjs")
    right = "```javascript\nfunction count_above(n, l) { return n.filter(x => x > l).length; }\n```"
    assert "filter" in reply(run_kind("code_translation", SEED, {"translate": right}))
    wrong = right.replace("x > l", "x < l")
    made = run_kind("code_translation", SEED, {"translate": wrong, "repair": right})
    assert "x > l" in reply(made)
    rejects("same results", "code_translation", {"translate": wrong, "repair": "function () {"})


def test_without_an_interpreter_no_call_is_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hornbook.synthetic.programs.javascript.find_spec", lambda name: None)
    kind, material = load_kind("code_translation"), Material([], [SEED], [], [], PassageSettings())
    with pytest.raises(HornbookError, match="pip install"):
        kind.seeds(material, 1, rng(1, "seeds"), kind.settings())


def extending(prompt: str, sample: int) -> str:
    """What is asked for, whichever it is."""
    if "count_above_all" in prompt:
        return "def count_above_all(items):\n    return [count_above(*item) for item in items]"
    option = re.findall(r"`(\w+)` that is", prompt)[0]
    changed = {"as_text": "str(total)", "with_input": "(numbers, total)", "expected": "total == expected"}[option]
    default, test = ("None", "expected is not None") if option == "expected" else ("False", option)
    code = CODE.replace("limit):", f"limit, {option}={default}):")
    return code.replace("    return total", f"    if {test}:\n        return {changed}\n    return total")


@pytest.mark.parametrize("seeded", range(4))
def test_an_extension_does_the_new_and_the_old(seeded: int) -> None:
    assert "count_above" in reply(run_kind("code_extension", SEED, {"extend": extending}, seeded=seeded))
    forgets = "def count_above(numbers, limit, as_text=False, with_input=False, expected=None):\n    return 0"
    rejects("old behaviour", "code_extension", {"extend": forgets, "repair": forgets})
    rejects("new behaviour", "code_extension", {"extend": CODE, "repair": CODE})
    rejects("runs", "code_extension", {"extend": "Sure!", "repair": "Sure!"})


def test_reversal_is_judged_by_execution_where_the_function_runs() -> None:
    instruction = "It goes through the numbers and counts those that are greater than limit, and returns the total."
    other_way = "def count_above(numbers, limit):\n    return len([one for one in numbers if one > limit])"
    made = run_kind("code_reversal", SEED, {"instruction": instruction, "regenerate": other_way})
    assert made[0].grade == 1 and CODE in reply(made)  # another tree, the same results
    close = CODE.replace(">", "<")  # nearly the same tree, other results
    assert "of the results" in rejects("fidelity", "code_reversal", {"instruction": instruction, "regenerate": close})
    told = "It gets the answer for the key from the client, and returns the key if the answer is None, else its text."
    made = run_kind(
        "code_reversal", function(OTHER), {"instruction": told, "regenerate": OTHER.replace("answer", "got")}
    )
    assert 0.8 < made[0].grade < 1  # the same tree, other words
    rejects("fidelity", "code_reversal", {"instruction": told, "regenerate": other_way}, seed=function(OTHER))


def test_reversal_does_without_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hornbook.synthetic.kinds.code.code_reversal.works", lambda: False)
    instruction = "It goes through the numbers and counts those that are greater than limit, and returns the total."
    made = run_kind("code_reversal", SEED, {"instruction": instruction, "regenerate": CODE})
    assert made[0].grade == 1


# SQL


def sql_seed(query: str) -> Question:
    kind = load_kind("sql_query")
    for number in range(200):
        for seed in kind.seeds(Material([], [], [], [], PassageSettings()), 8, rng(number, "sql"), kind.settings()):
            assert isinstance(seed, Question)
            if re.match(query, seed.answer):
                return seed
    raise AssertionError(query)


def test_a_question_is_kept_when_its_query_gives_the_same_rows() -> None:
    seed = sql_seed(r"SELECT COUNT\(\*\) FROM employees WHERE city = 'Oslo'")
    question = "How many of the employees live in the city of Oslo?"
    again = "SELECT count(name) FROM employees WHERE city LIKE 'Oslo';"
    made = run_kind("sql_query", seed, {"question": question, "query": f"```sql\n{again}\n```"})  # type: ignore[arg-type]
    assert question in made[0].messages[0].content and seed.answer in reply(made)
    for check, script in {
        "same rows": {"question": question, "query": "SELECT COUNT(*) FROM employees"},
        "values": {"question": "How many employees live in that city, please?", "query": again},
        "question": {"question": "SELECT name FROM employees where the city is Oslo", "query": again},
    }.items():
        rejects(check, "sql_query", script, seed=seed)  # type: ignore[arg-type]


def test_seeds_of_queries_are_different_and_repeatable() -> None:
    kind, material = load_kind("sql_query"), Material([], [], [], [], PassageSettings())
    first, second = (kind.seeds(material, 12, rng(3, "sql"), kind.settings()) for _ in range(2))
    assert first == second and len({seed.id for seed in first}) == 12


def test_broken_variants_of_the_seed_are_known() -> None:
    assert broken_variants(CODE)
