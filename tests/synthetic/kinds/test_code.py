"""Kinds about code: right answers are kept in whatever form they come, wrong ones are rejected by the named check."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document, Question, make_id
from hornbook.base.rng import rng
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.kind import Made, Material, RecordContext, Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.passages import Passage, PassageSettings
from hornbook.synthetic.programs.behaviour import behaviour
from hornbook.synthetic.programs.mutants import broken_variants
from tests.synthetic.kinds.planned import first_prompts, framed
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
NAMES = sorted(name for name, family in FAMILIES.items() if family == "code" and name != "code_reversal")


def function(code: str) -> Passage:
    (found,) = functions(Document(id=make_id("doc", code), text=code, source="code", origin="test", kind="code"))
    return found


SEED = function(CODE)


def fenced(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


def reply(made: list[Made]) -> str:
    return made[0].messages[-1].content


@pytest.fixture(autouse=True)
def verified(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A verifier that finds everything true: (text, source) of each time it is asked."""
    asked: list[tuple[str, str]] = []

    async def verify(self: Any, checks: Any, text: str, source: str, *, absent: str = "none") -> None:
        asked.append((text, source))
        checks.require("truth", "the moon" not in text, "the moon")

    monkeypatch.setattr(RecordContext, "verify", verify)
    return asked


# Good answers, and for each the defects: (check that rejects it, what stands in the answer, what in its place)

EXPLAINED = (
    "`count_above` answers one question: how many of the `numbers` lie strictly above the `limit`. It keeps a running "
    "count in `total`, which starts at zero, and looks at every element once, in order.\n\n"
    "The decision is made in one comparison. Because it is `>` and not `>=`, a number that equals the limit is not "
    "counted, which is the first thing to know when it is used for thresholds such as marks or prices. Nothing else "
    "depends on the order of the elements, so a shuffled list gives the same count, and duplicates count each time "
    "they occur.\n\nAn empty list never enters the loop. The count is still zero then, and that is what comes back:\n\n"
    "```python\n>>> count_above([1, 5, 3], 2)\n2\n>>> count_above([2, 2], 2)\n0\n>>> count_above([], 7)\n0\n```\n\n"
    "The work grows with the length of the list, and no other list is built on the way, so memory stays the same "
    "however long it is. The argument itself is not changed. Whatever can be compared with the limit can be counted: "
    "with texts the comparison is the alphabetical one, while a mixture of texts and numbers raises a `TypeError` at "
    "the first pair that cannot be compared."
)
DOCUMENTED = CODE.replace(
    "    total = 0\n",
    '    """Count the values that are strictly greater than a limit.\n\n'
    "    Args:\n        numbers: An iterable of values that can be compared with the limit. It is read once.\n"
    "        limit: The value that a number has to exceed; one that equals it is not counted.\n\n"
    "    Returns:\n        The count, 0 for an empty iterable.\n\n"
    "    Examples:\n        >>> count_above([1, 5, 3], 2)\n        2\n        >>> count_above([], 0)\n        0\n    "
    '"""\n    total = 0\n',
    1,
)
TESTED = """import unittest


class CountAbove(unittest.TestCase):
    def test_numbers_above_are_counted(self):
        self.assertEqual(count_above([1, 5, 3], 2), 2)

    def test_a_number_that_equals_the_limit_is_not_counted(self):
        self.assertEqual(count_above([2, 2, 3], 2), 1)

    def test_an_empty_list_has_none(self):
        self.assertEqual(count_above([], 0), 0)

    def test_duplicates_count_each_time(self):
        self.assertEqual(count_above([4, 4, 4], 3), 3)"""
TRANSLATED = (
    "```javascript\nfunction count_above(numbers, limit) {\n  let total = 0;\n  for (const number of numbers) {\n"
    "    if (number > limit) {\n      total += 1;\n    }\n  }\n  return total;\n}\n```\n\n"
    "The comparison is strict in both languages, so a number that equals the limit is not counted. For numbers "
    "nothing is delicate here: both languages compare them by value, and an empty array never enters the loop.\n\n"
    "A difference would show with texts beside numbers. Python raises a `TypeError` when it compares a text with a "
    "number, while JavaScript turns the text into a number first and goes on. A caller who relies on the error has to "
    "check the types before the call."
)
REQUEST = (
    "We need a cap. Please add a parameter `most`, `None` by default: when it is given, the result is never larger "
    "than `most`. Without it everything stays as it is. For example `count_above([5, 6, 7], 1, most=2)` gives 2."
)
NEW_TESTS = fenced(
    "def test_cap():\n    assert count_above([5, 6, 7], 1, most=2) == 2\n\n"
    "def test_below_the_cap():\n    assert count_above([5, 0], 1, most=2) == 1"
)
EXTENDED = (
    "The count is taken as before; only at the end is it held against the cap, so that calls without `most` take the "
    "same way as they did. The cap is compared with `None`, because a cap of zero is a cap.\n\n"
    + fenced(
        CODE.replace("limit):", "limit, most=None):").replace(
            "    return total", "    if most is not None and total > most:\n        return most\n    return total"
        )
    )
    + "\n\nThe example of the request comes out: with the cap, three numbers above the limit give `2` if `most` is 2, "
    "and a single one gives `1`. The old calls never reach the new return, since their `most` is `None`."
)
COUNTS = (
    "Nothing has been counted at first: `total` is 0. Then the elements are taken one after another and held against "
    "the limit, and only one that is strictly larger adds to the count."
)


def right_line(code: str) -> int:
    return next(n for n, (one, two) in enumerate(zip(code.split("\n"), CODE.split("\n"), strict=True), 1) if one != two)


def diagnosed(prompt: str, sample: int) -> str:
    broken = re.findall(r"```python\n(.*?)\n```", prompt, re.DOTALL)[0]
    number = right_line(broken)
    return (
        f"Follow the failing call. Everything goes as it should until `{broken.split(chr(10))[number - 1].strip()}`: "
        "there the count takes a way that the name of the function does not promise, and the result is off from then "
        "on.\n\nThe line has to do what it says for each element, neither more nor less. With it put right, the count "
        f"is one for each number above the limit:\n\n{fenced(CODE)}\n\nThe call from your message now gives what you "
        "expected. An empty list was never affected, since the loop does not run for it; that is why a test with an "
        "empty list alone would not have noticed. A case with a number on each side of the limit would."
    )


def reported(prompt: str, sample: int) -> str:
    saw = re.search(r"What they saw: (.*)", prompt)
    assert saw
    return f"I use this to count how many values exceed a threshold, and since Monday it is off. {saw[1]} Any idea why?"


def reviewed(prompt: str, sample: int) -> str:
    shown = "\n".join(line[4:] for line in re.findall(r"^ \d  .*$", prompt, re.MULTILINE))
    if shown == CODE:
        return (
            "I went through each of the calls by hand, and each gives what it should. The comparison is strict, as the "
            "results ask for, the count starts at zero, and the empty list falls through to it.\n\nAs a suggestion and "
            "not as a mistake: the whole could be one sum over a generator, which a reader takes in at a glance. The "
            "names are good. A test with a number that equals the limit would protect the comparison.\n\n"
            "Verdict: approve"
        )
    number = right_line(shown)
    return (
        f"One line is wrong: in line {number}, the code does not do what the results ask for, and the count goes off "
        "for the call that is shown. Followed by hand, the elements are taken in order, and at this line the count "
        "takes a wrong turn for the first element already.\n\nBesides, the names are clear, and nothing is computed "
        "twice. A test with a number on each side of the limit would have caught this.\n\n"
        f"{fenced(CODE)}\n\nVerdict: request changes"
    )


def told(prompt: str, sample: int) -> str:
    steps = prompt.split("The lines that ran:\n")[1].split("\n\nThe brief")[0].split("\n")
    said = [found for step in steps for found in re.findall(r"# (\w+ is .*)$", step)]
    return (
        f"{COUNTS} One after another, {', '.join(said)}. No element is left then.\n\n"
        f"The loop is done, and what was counted is given back.\n\nResult: {steps[-1].removeprefix('It returns ')}"
    )


DESIGN = fenced(
    "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, town TEXT);\n"
    "CREATE TABLE loans (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES members(id), days INTEGER);\n"
    "INSERT INTO members VALUES (1, 'Ada', 'Oslo'), (2, 'Bo', 'Lima'), (3, 'Cem', 'Oslo'), (4, 'Dina', NULL);\n"
    "INSERT INTO loans VALUES (1, 1, 14), (2, 1, 30), (3, 2, NULL), (4, 3, 7), (5, 3, 21), (6, 2, 12), (7, 1, 3);",
    "sql",
)
ASKED = "For each member who has borrowed anything: the name and how many loans? Sort by name, please."
SOLVED = "SELECT m.name, COUNT(*) FROM members m JOIN loans l ON l.member_id = m.id GROUP BY m.id ORDER BY m.name"
QUERIED = (
    "Each row of the result stands for a member with at least one loan, so the loans are joined to their members and "
    "counted in groups.\n\n"
    + fenced(
        "SELECT name,\n       (SELECT COUNT(*) FROM loans WHERE member_id = members.id) AS loans\nFROM members\n"
        "WHERE id IN (SELECT member_id FROM loans)\nORDER BY name;",
        "sql",
    )
    + "\n\nThe condition keeps out members who never borrowed anything; without it they would come out with a count of "
    "zero. Dina has no loan and is missing for that reason, while Ada has three. A loan without days still counts, "
    "since the rows are counted and not the values."
)

GOOD: dict[str, Script] = {
    "code_explanation": {"write": EXPLAINED},
    "code_extension": {"request": REQUEST, "tests": NEW_TESTS, "write": EXTENDED},
    "code_review": {"write": reviewed},
    "code_tests": {"write": fenced(TESTED)},
    "code_translation": {"write": TRANSLATED},
    "debugging": {"request": reported, "write": diagnosed},
    "docstring": {"write": fenced(DOCUMENTED)},
    "output_prediction": {"write": told},
    "sql_query": {"design": DESIGN, "question": ASKED, "solve": fenced(SOLVED, "sql"), "write": QUERIED},
}
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
