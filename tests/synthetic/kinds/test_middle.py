"""Kinds that fill gaps: what is cut, how attempts are graded, and that hints cost."""

import ast
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import Document, Question
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.code_similarity import parse_function
from hornbook.synthetic.kind import Material, RecordContext, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.mechanisms import fill_in_the_middle
from hornbook.synthetic.mechanisms.fill_in_the_middle import GAP, shuffled_letters
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.programs.behaviour import behaviour
from hornbook.synthetic.programs.cutting import Cut, hints_for, matching, statements, telling_cut
from hornbook.synthetic.programs.steps import follows, order_in, solution_steps
from tests.synthetic.kinds.forms import FORMS, as_json, in_form, require_diverse
from tests.synthetic.kinds.scripted import passage_of, run_kind

PLAIN = {"verified": False}


def graded(same="yes", stands_alone="yes", score=5):
    return as_json(why="By its steps.", same=same, stands_alone=stands_alone, score=score)


# -- text

SORTING = (
    "A stable sort keeps equal records in their old order. Because equal records never change places, a table can be "
    "sorted by several columns in turn. The least important column must therefore be sorted first."
)
PASSAGE = passage_of(SORTING)
TRUTH = "Because equal records never change places, a table can be sorted by several columns in turn."
THOUGHTS = (
    "I read that ties are left alone, and then, at once, which column has to come first. Between the two there must "
    "be something about more than one column, for only then does it matter which of them is the least important. Could "
    "it be about speed? Nothing afterwards speaks of time. What must stand there is that one may take the columns "
    "one by one, and why: an earlier result is not destroyed by a later pass."
)
COPY = f"{SORTING} So nothing but this can belong there, as anybody sees who has once put lists in order by hand."
TEXT = {
    "choose": as_json(why="The last sentence follows from it.", first=2, last=2),
    "reason": THOUGHTS,
    "fill": "Since ties stay as they were, one may sort by one column after another.",
    "grade": graded(),
}


@pytest.mark.parametrize("form", FORMS)
def test_sentences_that_the_reasoning_needs_are_cut_and_stand_in_the_answer(form):
    (made,) = run_kind("fim_text", PASSAGE, in_form(form, TEXT), **PLAIN)
    asked, answered = (message.content for message in made.messages)
    assert GAP in asked and TRUTH not in asked and asked.startswith(SORTING.replace(TRUTH, GAP))
    assert answered == f"{THOUGHTS}\n\nThe missing part:\n\n{TRUTH}"
    assert made.grade == 1.0


def test_paragraphs_stay_where_they_are_around_the_gap():
    passage = passage_of(SORTING)
    passage.text = SORTING.replace(". Because", ".\n\nBecause").replace(" The least", "\n\nThe least")
    (made,) = run_kind("fim_text", passage, TEXT, **PLAIN)
    assert f"order.\n\n{GAP}\n\nThe least" in made.messages[0].content


def test_hints_grow_with_failed_attempts_and_cost_grade():
    prompts = []

    def write(prompt, sample):
        prompts.append(prompt)
        return TRUTH if sample == 2 else "I do not know what could stand here."

    def grade(prompt, sample):
        return graded(same="yes" if f"<filling>\n{TRUTH}" in prompt else "no")

    (made,) = run_kind("fim_text", PASSAGE, TEXT | {"fill": write, "grade": grade}, **PLAIN)
    assert [prompt.count("Known: ") for prompt in prompts] == [0, 1, 2]
    assert made.grade == 0.5 and "Known" not in made.messages[1].content


@pytest.mark.parametrize(
    ("defect", "check"),
    [
        ({"choose": as_json(why="?", first=1, last=1)}, "a middle to cut"),
        ({"choose": as_json(why="?", first=2, last=3)}, "a middle to cut"),  # most of the text
        ({"choose": as_json(why="?", first=2, last=9)}, "a middle to cut"),
        ({"choose": "The second."}, "form"),
        ({"grade": graded(same="no")}, "match"),
        ({"grade": graded(score=3)}, "reasons"),
        ({"grade": graded(stands_alone="no")}, "reasons"),
        ({"grade": as_json(score=9)}, "form"),
        ({"reason": "It must be about columns."}, "length"),
        ({"reason": COPY}, "own words"),
        ({"fill": "<think>What could it"}, "finished"),
    ],
)
def test_texts_whose_middle_is_not_found_or_not_reasoned_about_are_rejected(defect, check):
    with pytest.raises(Rejected) as reason:
        run_kind("fim_text", PASSAGE, TEXT | defect, max_copied=0.4, tokens=[60, 2000], **PLAIN)
    assert reason.value.check == check


def test_the_verifier_holds_the_thoughts_to_the_passage(monkeypatch):
    async def verify(self, checks, text, source, *, absent="none", numbers=True):
        assert THOUGHTS in text and source == SORTING
        checks.require("truth", False)

    monkeypatch.setattr(RecordContext, "verify", verify)
    with pytest.raises(Rejected, match="truth"):
        run_kind("fim_text", PASSAGE, TEXT)


# -- code

SOURCE = """def clip(values, limit):
    kept = []
    for value in values:
        if value < limit:
            kept.append(value)
    return kept"""
FUNCTION = functions(Document(id="doc", text=SOURCE, source="code", origin="clip.py", kind="code"))[0]
WHY = (
    "The function is given values and a limit, and gives back a list. For the values 1, 5, 2 and the limit 3 one "
    "expects 1 and 2 in it. So the value at hand has to be compared with the limit, and only those below it are taken "
    "over; with a comparison that lets equal ones pass, 3 itself would be in the result. Without values the list stays "
    "empty."
)


def all_cuts():
    return [Cut(SOURCE, statement) for statement in statements(SOURCE)]


def test_what_is_cut_fits_its_gap_and_only_that_matches():
    original = parse_function(SOURCE, "")
    assert len(all_cuts()) == 5  # the list, the loop, the condition, the append, the return
    for cut in all_cuts():
        assert ast.dump(ast.parse(cut.filled(cut.lines))) == ast.dump(ast.parse(SOURCE))
        assert matching(cut.lines, cut, original, []) == 1.0
        assert matching(SOURCE, cut, original, []) == 1.0  # the whole function will do
        assert matching("pass", cut, original, []) == 0.0
        assert matching("kept = = 3", cut, original, []) == 0.0
        assert cut.lines not in cut.gapped
        assert len(hints_for(cut.lines)) == 3


def test_a_function_that_runs_is_judged_by_what_it_does():
    original, cases = parse_function(SOURCE, ""), behaviour(SOURCE)
    cut = next(cut for cut in all_cuts() if cut.lines.startswith("if"))
    assert matching("if not limit <= value:\n    kept += [value]", cut, original, cases) == 1.0
    assert matching("if value <= 3:\n    kept.append(value)", cut, original, cases) < 1.0
    assert telling_cut(SOURCE.replace("kept = []", "kept = []\n    unused = 1"), statements(SOURCE)[:1], cases)
    idle = SOURCE.replace("    return kept", "    limit = 3\n    return kept")
    assert telling_cut(idle, [parse_function(idle, "").body[2]], cases) is None


CODE = {"reason": WHY, "fill": f"```python\n{SOURCE}\n```", "grade": graded()}


@pytest.mark.parametrize("form", FORMS)
def test_a_statement_is_written_again(form):
    (made,) = run_kind("fim_code", FUNCTION, in_form(form, CODE) | {"fill": CODE["fill"]})
    assert made.grade == 1.0
    assert made.messages[1].content == f"{WHY}\n\n```python\n{SOURCE}\n```"
    assert any(cut.gapped in made.messages[0].content for cut in all_cuts())


@pytest.mark.parametrize(
    ("defect", "check"),
    [
        ({"fill": "```python\ndef clip(values, limit):\n    return 3\n```"}, "match"),
        ({"grade": graded(score=2)}, "reasons"),
        ({"grade": graded(stands_alone="no")}, "reasons"),
        ({"reason": "Compare."}, "length"),
    ],
)
def test_a_statement_not_written_again_is_no_record(defect, check):
    with pytest.raises(Rejected) as reason:
        run_kind("fim_code", FUNCTION, CODE | defect)
    assert reason.value.check == check


# -- order

SUM = Question(
    id="q",
    task="chain_sum",
    prompt="1 - 5 + 9 + 3 =",
    answer="8",
    solution="1 - 5 = -4\n-4 + 9 = 5\n5 + 3 = 8\nAnswer: 8",
)
PROCEDURE = passage_of(
    "First the table is searched for the key. Then the slot is locked, because no one else must write to it. Next the "
    "value is stored. Finally the lock is released."
)
STEPS = [
    "The table is searched for the slot of the key.",
    "The slot that was found is locked against other writers.",
    "The value is stored in the locked slot.",
    "The lock is released when the value is in its place.",
]
OF_SUM = solution_steps(SUM)


def test_only_steps_with_one_possible_order_are_asked_for():
    assert OF_SUM == ["1 - 5 = -4", "-4 + 9 = 5", "5 + 3 = 8"]
    legs = Question(id="q", task="t", prompt="?", solution="cow: 6 * 4 = 24\ntiger: 3 * 4 = 12\n24 + 12 = 36")
    assert solution_steps(legs) == []  # the cows and the tigers can change places
    circle = Question(id="q", task="t", prompt="?", solution="1 + 2 = 3\n3 - 1 = 2\n2 - 1 = 1")
    assert solution_steps(circle) == []  # it could begin anywhere
    assert follows(OF_SUM) and not follows(OF_SUM[::-1])


@pytest.mark.parametrize(
    ("answer", "letters"),
    [("C, A, B", "CAB"), ("CAB", "CAB"), ("C -> A -> B.", "CAB"), ("first C, then A and B", "CAB"), ("no idea", "")],
)
def test_an_order_is_read_from_its_letters(answer, letters):
    assert order_in(answer, 3) == list(letters)


@given(st.integers(0, 1000), st.integers(3, 7))
def test_shuffled_steps_are_never_in_order(seed, count):
    letters = shuffled_letters(count, np.random.default_rng(seed))
    assert letters != sorted(letters) and sorted(letters) == list("ABCDEFG"[:count])


def in_order(steps):
    """Thoughts that give each step's place, and the true order."""

    def said(prompt, sample):
        lines = [line for line in prompt.split("\n") if line[1:3] == ". "]
        letters = [line[0] for step in steps for line in lines if line[3:] == step]
        reasons = [
            f"{letter} needs a thing that only {before} can give, so it has to come later than that one."
            for before, letter in pairwise(letters)
        ]
        start = f"Nothing else is needed for {letters[0]}; all the others rest on something that is not there yet."
        return "\n\n".join(["\n".join([start, *reasons]), f"Answer: {', '.join(letters)}"])

    return said


ORDERED = {"choose": as_json(steps=STEPS), "reason": in_order(STEPS), "grade": graded()}
SEEDS = [(SUM, ORDERED | {"reason": in_order(OF_SUM)}), (PROCEDURE, ORDERED)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("seed", "script"), SEEDS, ids=["solution", "procedure"])
def test_steps_are_put_in_order_with_reasons(seed, script, form):
    (made,) = run_kind("step_order", seed, in_form(form, script), **PLAIN)
    assert made.messages[1].content == script["reason"](made.messages[0].content, 0) and made.grade == 1.0


@pytest.mark.parametrize(
    ("defect", "check"),
    [
        ({"reason": lambda prompt, sample: in_order(STEPS[::-1])(prompt, sample)}, "match"),
        ({"reason": "They could stand in any order, as far as I can see, and none of them needs another."}, "match"),
        ({"choose": as_json(steps=[])}, "a middle to cut"),
        ({"choose": as_json(steps=[*STEPS, STEPS[0]])}, "a middle to cut"),
        ({"choose": "There are four."}, "form"),
        ({"grade": graded(score=1)}, "reasons"),
        ({"reason": lambda prompt, sample: in_order(STEPS)(prompt, sample).split("\n\n")[1]}, "length"),
    ],
)
def test_a_wrong_order_or_bad_reasons_are_no_record(defect, check):
    with pytest.raises(Rejected) as reason:
        run_kind("step_order", PROCEDURE, ORDERED | defect, tokens=[100, 2000], **PLAIN)
    assert reason.value.check == check


def test_seeds_are_what_can_be_cut():
    material = Material([PASSAGE, PROCEDURE], [FUNCTION], [SUM], [], PassageSettings())
    for name, wanted in [
        ("fim_text", {PASSAGE.id}),
        ("fim_code", {FUNCTION.id}),
        ("step_order", {SUM.id, PROCEDURE.id}),
    ]:
        kind = load_kind(name)
        drawn = kind.seeds(material, 2, np.random.default_rng(1), kind.settings())
        assert wanted <= {seed.id for seed in drawn}


@pytest.mark.parametrize("name", ["fim_text", pytest.param("fim_code", marks=pytest.mark.slow), "step_order"])
def test_records_of_few_seeds_have_different_prompts(name, monkeypatch):
    monkeypatch.setattr(fill_in_the_middle, "behaviour", lambda code: [])  # no sandbox
    sources = [SOURCE.replace("clip", f"clip_{number}") for number in range(20)]
    code = [
        functions(Document(id=f"d{number}", text=text, source="code", origin="x.py", kind="code"))[0]
        for number, text in enumerate(sources)
    ]
    prose = [passage_of(f"{SORTING} It was shown for table {number}.") for number in range(20)]
    require_diverse(name, code if name == "fim_code" else prose)
