"""Kinds about code: right answers are kept in whatever form they come, wrong ones are rejected by the named check."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.base.rng import rng
from hornbook.synthetic.kind import Material, RecordContext, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import Passage, PassageSettings
from hornbook.synthetic.programs.behaviour import behaviour
from hornbook.synthetic.programs.mutants import broken_variants
from tests.synthetic.kinds.code_answers import (
    CODE,
    DESIGN,
    EXPLAINED,
    GOOD,
    NAMES,
    OTHER,
    SEED,
    TESTED,
    fenced,
    function,
    reply,
    reviewed,
    told,
)
from tests.synthetic.kinds.planned import first_prompts, framed
from tests.synthetic.kinds.scripted import Script, run_kind


@pytest.fixture(autouse=True)
def verified(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A verifier that finds everything true: (text, source) of each time it is asked."""
    asked: list[tuple[str, str]] = []

    async def verify(self: Any, checks: Any, text: str, source: str, *, absent: str = "none") -> None:
        asked.append((text, source))
        checks.require("truth", "the moon" not in text, "the moon")

    monkeypatch.setattr(RecordContext, "verify", verify)
    return asked


DEFECTS = [  # kind, check, stage, what stands in the answer, what in its place
    (
        "code_explanation",
        "examples run",
        "write",
        "2\n>>> count_above([2, 2], 2)\n0",
        "2\n>>> count_above([2, 2], 2)\n2",
    ),
    ("code_explanation", "examples run", "write", ">>> ", ""),
    ("code_explanation", "examples run", "write", "An empty list", "`count_above([4], 4)` gives 1. An empty list"),
    ("code_explanation", "length", "write", EXPLAINED.split("```")[0], "It counts.\n\n"),
    ("code_explanation", "truth", "write", "lie strictly above", "lie on the moon above"),
    ("code_extension", "old behaviour", "write", "total = 0", "total = 1"),
    ("code_extension", "new behaviour", "write", "return most\n", "return most + 1\n"),
    ("code_extension", "new behaviour", "tests", ", most=2", ""),
    ("code_extension", "new behaviour", "write", "The old calls", "So `count_above([1], 0)` gives 7. The old calls"),
    ("code_extension", "tests", "tests", "def test", "def check"),
    ("code_review", "verdict", "write", "Verdict: ", "So I would "),
    ("code_tests", "tests pass", "write", "[1, 5, 3], 2), 2)", "[1, 5, 3], 2), 1)"),
    ("code_tests", "tests catch mistakes", "write", "self.assertEqual(", "print("),
    ("code_tests", "tests", "write", "def test_", "def examine_"),
    ("code_tests", "tests", "write", "import unittest\n", f"import unittest\n\n{CODE}\n"),
    ("code_translation", "same results", "write", "number > limit", "number >= limit"),
    ("code_translation", "same results", "write", "function count_above", "function countAbove"),
    ("debugging", "fixed", "write", "number > limit", "number >= limit"),
    ("debugging", "request", "request", "count_above(", "it("),
    ("docstring", "code unchanged", "write", "if number > limit", "if limit < number"),
    ("docstring", "parameters", "write", "numbers: An iterable", "values: An iterable"),
    ("docstring", "examples run", "write", "        2\n", "        3\n"),
    ("docstring", "examples run", "write", ">>>", ">>"),
    ("output_prediction", "result", "write", "Result: ", "Result: 1"),
    ("output_prediction", "values", "write", r"re:(total|number) is -?\d+", "it changes"),
    ("sql_query", "same rows", "write", "WHERE id IN (SELECT member_id FROM loans)\n", ""),
    ("sql_query", "same rows", "write", "ORDER BY name;", "ORDER BY name DESC;"),
    ("sql_query", "script", "design", "CREATE TABLE loans (", "CREATE TABLE loans "),
    ("sql_query", "reference", "solve", "COUNT(*)", "COUNTED(*)"),
]


def seed_of(name: str) -> Passage | Question:
    if name != "sql_query":
        return SEED
    kind = load_kind(name)
    (seed,) = kind.seeds(Material([], [], [], [], PassageSettings()), 1, rng(1, "sql"), kind.settings())
    assert isinstance(seed, Question)
    return seed


def said(answer: Any, prompt: str, sample: int) -> str:
    return answer(prompt, sample) if callable(answer) else answer


def changed(script: Script, stage: str, change: Callable[[str], str]) -> Script:
    """The script with what it says at one stage changed; a repair says the same again."""

    def answer(prompt: str, sample: int) -> str:
        return change(said(script[stage], prompt, sample))

    return script | {stage: answer} | ({"repair": answer} if stage == "write" else {"repair": script["write"]})


@pytest.mark.parametrize("name", NAMES)
def test_a_good_answer_is_kept_in_whatever_form_it_comes(name: str) -> None:
    if name == "code_translation":
        pytest.importorskip("_quickjs")
    replies = set()
    for number in range(3):
        script = changed(GOOD[name], "write", lambda text, number=number: framed(text)[number])  # type: ignore[misc]
        made = run_kind(name, seed_of(name), script)
        replies.add(reply(made))
        assert made[0].messages[0].content and made[0].grade > 0.6
    assert len(replies) == 1 and "<answer>" not in replies.pop()


@pytest.mark.parametrize(("name", "check", "stage", "old", "new"), DEFECTS)
def test_one_defect_is_rejected(name: str, check: str, stage: str, old: str, new: str) -> None:
    if name == "code_translation":
        pytest.importorskip("_quickjs")
    missing: list[str] = []

    def change(text: str) -> str:
        pattern = old.removeprefix("re:") if old.startswith("re:") else re.escape(old)
        missing.extend([text] * (not re.search(pattern, text)))
        return re.sub(pattern, lambda _: new, text)

    with pytest.raises(Rejected) as caught:
        run_kind(name, seed_of(name), changed(GOOD[name], stage, change), repairs=1, sound=0.0)
    assert caught.value.check == check, caught.value
    assert not missing


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sql_query"])
def test_a_seed_that_does_not_run_is_turned_away(name: str) -> None:
    with pytest.raises(Rejected, match="runs"):
        run_kind(name, function(OTHER), {})


@pytest.mark.parametrize("name", [*NAMES, "code_reversal"])
def test_few_seeds_give_many_different_prompts(name: str) -> None:
    kind = load_kind(name)
    other = function(CODE.replace("count_above", "count_below").replace(">", "<"))
    seeds = [SEED, other] if name != "sql_query" else [seed_of(name)]
    prompts = first_prompts(name, seeds, 1000)  # type: ignore[arg-type]
    assert len(prompts) == 1000 and len(set(prompts)) >= 990
    assert kind.calls(kind.settings()) >= len(kind.stages)


def small_telling(prompt: str, sample: int) -> str:
    steps = prompt.rsplit("with new values:\n", 1)[1].split("\n\n")[0]
    return told(f"The lines that ran:\n{steps}\n\nThe brief", sample)


SMALL: dict[str, Script] = {  # what a teacher of 135 M parameters can write
    "code_explanation": {"write": "count_above takes numbers and a limit. It returns how many are above it."},
    "code_review": {"write": reviewed},
    "code_tests": {"write": "assert count_above([3], 2) == 1\nassert count_above([2], 2) == 0"},
    "output_prediction": {"write": small_telling},
    "sql_query": {"question": "Question: Which rows does it give?", "write": "SELECT 1"},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_small_teachers_answer_is_kept(name: str) -> None:
    seed, script = seed_of(name), SMALL[name]
    if isinstance(seed, Question):
        script = script | {"write": seed.answer}
    assert reply(run_kind(name, seed, script, profile="small"))


def test_what_fails_goes_back_with_what_it_really_gives() -> None:
    prompts: list[str] = []

    def repair(prompt: str, sample: int) -> str:
        prompts.append(prompt)
        return fenced(TESTED)

    wrong = "def test_it():\n    assert count_above([4], 3) == 7"
    made = run_kind("code_tests", SEED, {"write": fenced(wrong), "repair": repair})
    assert (
        "assert count_above([4], 3) == 7  # fails" in prompts[0] and "count_above(([4], 3)) gives 1" not in prompts[0]
    )
    assert "count_above([4], 3) gives 1" in prompts[0] and wrong in prompts[0]
    assert "== 7" not in reply(made)


def test_the_verifier_is_given_what_the_code_does(verified: list[tuple[str, str]]) -> None:
    run_kind("debugging", SEED, GOOD["debugging"])
    ((text, source),) = verified
    assert "```" not in text and "Its only mistake is line" in source and CODE in source
    verified.clear()
    run_kind("sql_query", seed_of("sql_query"), GOOD["sql_query"])
    assert "['Ada', 3]" in verified[0][1] and "CREATE TABLE members" in verified[0][1]


@pytest.mark.parametrize("sound", [0.0, 1.0])
def test_a_review_finds_the_mistake_or_that_there_is_none(sound: float) -> None:
    made = run_kind("code_review", SEED, GOOD["code_review"], sound=sound)
    assert ("approve" in reply(made)) == bool(sound)
    other = {"request changes": "approve"} if sound == 0 else {"approve": "request changes"}
    script = changed(GOOD["code_review"], "write", lambda text: text.replace(*next(iter(other.items()))))
    with pytest.raises(Rejected, match="verdict"):
        run_kind("code_review", SEED, script, sound=sound)
    if not sound:
        away = changed(GOOD["code_review"], "write", lambda text: text.replace("in line ", "in row "))
        with pytest.raises(Rejected, match="line"):
            run_kind("code_review", SEED, away, sound=sound)


def test_a_predicted_output_is_a_question_too() -> None:
    (made,) = run_kind("output_prediction", SEED, GOOD["output_prediction"])
    assert made.question is not None and made.question.answer in {case.result for case in behaviour(CODE)}
    with pytest.raises(Rejected, match="trace"):
        run_kind("output_prediction", SEED, GOOD["output_prediction"], most_steps=1)


def test_a_script_that_fails_is_designed_again() -> None:
    script = GOOD["sql_query"] | {"design": [DESIGN.replace("TABLE", "TALBE"), DESIGN]}
    assert "CREATE TABLE members" in run_kind("sql_query", seed_of("sql_query"), script)[0].messages[0].content


def test_without_an_interpreter_no_call_is_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hornbook.synthetic.programs.javascript.find_spec", lambda name: None)
    kind, material = load_kind("code_translation"), Material([], [SEED], [], [], PassageSettings())
    with pytest.raises(HornbookError, match="pip install"):
        kind.seeds(material, 1, rng(1, "seeds"), kind.settings())


def test_seeds_run_by_themselves_and_can_be_broken() -> None:
    material = Material([], [function(OTHER), SEED], [], [], PassageSettings())
    for name in ("code_tests", "debugging", "docstring", "code_extension"):
        kind = load_kind(name)
        assert list(kind.seeds(material, 5, rng(1, "seeds"), kind.settings())) == [SEED]
    kind = load_kind("sql_query")
    first, second = (kind.seeds(material, 12, rng(3, "sql"), kind.settings()) for _ in range(2))
    assert first == second and len({seed.id for seed in first}) == 12
    assert broken_variants(CODE)


# Reversal


def rejects(check: str, kind: str, script: Script, seed: Passage = SEED, **settings: Any) -> str:
    with pytest.raises(Rejected) as caught:
        run_kind(kind, seed, script, **settings)
    assert caught.value.check == check, caught.value
    return str(caught.value)


REQUEST = (
    "Write a function `count_above(numbers, limit)` that says how many members of a list of numbers are greater than a "
    "limit. A member that equals the limit does not count; of an empty list the result is 0."
)
OTHER_WAY = "def count_above(numbers, limit):\n    return len([one for one in numbers if one > limit])"
FETCH = "Write `fetch(client, key)`: what the client finds for the key, as text; the key itself if it finds nothing."
SAME = {"why": "No difference.", "fits": "yes", "score": 5}


@pytest.mark.parametrize("form", ["{}", "Here you are:\n\n{}", "<think>\nHm.\n</think>\n\n{}"])
def test_reversal_is_judged_by_execution_where_the_function_runs(form: str) -> None:
    script = {"instruction": form.format(REQUEST), "write": form.format(fenced(OTHER_WAY))}
    (made,) = run_kind("code_reversal", SEED, script)
    assert [one.content for one in made.messages] == [REQUEST, fenced(CODE)]
    assert made.grade == 1  # another tree, the same results


@pytest.mark.parametrize(
    ("defect", "check"),
    [
        ({"write": fenced(CODE.replace(">", "<"))}, "fidelity"),  # nearly the same tree, other results
        ({"write": "I cannot write code."}, "parses"),
        ({"instruction": f"Write this: {CODE}"}, "own words"),
        ({"instruction": f"{REQUEST} {REQUEST} {REQUEST} {REQUEST} {REQUEST}"}, "no dictation"),
        ({"instruction": "<think>What does it do"}, "finished"),
    ],
)
def test_requests_that_give_the_code_away_or_lead_elsewhere_are_rejected(defect: dict[str, str], check: str) -> None:
    rejects(check, "code_reversal", {"instruction": REQUEST, "write": fenced(OTHER_WAY)} | defect)


def test_a_function_that_cannot_be_run_is_compared_by_a_judge() -> None:
    script = {"instruction": FETCH, "write": fenced(OTHER), "judge": json.dumps(SAME)}
    assert run_kind("code_reversal", function(OTHER), script)[0].grade == 1
    rejects("fidelity", "code_reversal", script | {"judge": json.dumps(SAME | {"score": 3})}, seed=function(OTHER))
    rejects("fits", "code_reversal", script | {"judge": json.dumps(SAME | {"fits": "no"})}, seed=function(OTHER))


def test_reversal_without_a_sandbox_and_without_a_judge_goes_by_likeness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hornbook.synthetic.mechanisms.reversal.works", lambda: False)
    told = "It goes through the numbers, counts those that are greater than limit, and returns the count."
    script = {"instruction": told, "write": CODE.replace("total", "found")}
    (made,) = run_kind("code_reversal", SEED, script, profile="small")
    assert made.messages[0].content == f"Write a Python function `count_above(numbers, limit)`. {told}"
    assert 0.8 < made.grade < 1  # the same tree, other words
    rejects("fidelity", "code_reversal", script | {"write": OTHER}, profile="small")
