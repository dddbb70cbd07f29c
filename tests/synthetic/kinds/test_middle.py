"""Kinds that fill gaps: what is cut, how attempts are graded, and that hints cost."""

import ast
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.base.records import Document, Question
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.code_similarity import parse_function
from hornbook.synthetic.kind import Material, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.kinds.middle.fim_code import Cut, hints_for, matching, statements, telling_cut
from hornbook.synthetic.kinds.middle.fim_text import GAP, needed
from hornbook.synthetic.kinds.middle.step_order import follows, procedure_steps, shuffle, solution_steps
from hornbook.synthetic.passages import PassageSettings
from hornbook.synthetic.programs.behaviour import behaviour
from tests.synthetic.kinds.scripted import passage_of, run_kind

# -- text

PASSAGE = passage_of(
    "A stable sort keeps equal records in their old order. Because equal records never change places, a table can be "
    "sorted by several columns in turn. The least important column must therefore be sorted first."
)
TRUTH = "Because equal records never change places, a table can be sorted by several columns in turn."
REASONS = "Equal records that keep their order let a table be sorted by one column after another, in turn."


def text_script(**changes):
    return {"reason": REASONS, "fill": TRUTH} | changes


def test_a_sentence_that_the_reasoning_needs_is_cut_and_stands_in_the_answer():
    assert needed(PASSAGE) == [1]
    made = run_kind("fim_text", PASSAGE, text_script())[0]
    asked, answered = (message.content for message in made.messages)
    assert GAP in asked and TRUTH not in asked
    assert answered == f"{REASONS}\n\nThe missing sentence: {TRUTH}"
    assert made.grade == 1.0


def test_hints_grow_with_failed_attempts_and_cost_grade():
    prompts = []

    def write(prompt, sample):
        prompts.append(prompt)
        return TRUTH if sample == 2 else "I do not know what could stand here."

    made = run_kind("fim_text", PASSAGE, text_script(fill=write))[0]
    assert [prompt.count("Hint:") for prompt in prompts] == [0, 1, 2]
    assert made.grade == 0.5
    assert "Hint" not in made.messages[1].content


@pytest.mark.parametrize(
    ("script", "check"),
    [
        ({"fill": "Records are kept in a drawer."}, "match"),
        (
            {"reason": "It is about water, which boils at a hundred degrees when the kettle is hot."},
            "about the sentence",
        ),
        ({"reason": f"The hint says so: {REASONS}"}, "reasons: speak of hint"),
        ({"reason": f"{REASONS} I hope this helps you."}, "no small talk"),
    ],
)
def test_a_sentence_not_found_or_not_reasoned_about_is_no_record(script, check):
    with pytest.raises(Rejected, match=check):
        run_kind("fim_text", PASSAGE, text_script(**script))


# -- code

SOURCE = """def clip(values, limit):
    kept = []
    for value in values:
        if value < limit:
            kept.append(value)
    return kept"""
FUNCTION = functions(Document(id="doc", text=SOURCE, source="code", origin="clip.py", kind="code"))[0]
WHY = "They must look at each value and append it to the kept ones when it is below the limit."


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


def cut_of(prompt):
    return next(cut for cut in all_cuts() if cut.gapped in prompt)


def test_a_statement_is_written_again():
    script = {"reason": WHY, "fill": lambda prompt, sample: f"```python\n{cut_of(prompt).lines}\n```"}
    made = run_kind("fim_code", FUNCTION, script)[0]
    assert made.grade == 1.0
    assert made.messages[1].content == f"{WHY}\n\n```python\n{SOURCE}\n```"
    assert cut_of(made.messages[0].content)


@pytest.mark.parametrize(
    ("script", "check"),
    [
        ({"fill": "```python\nprint(3)\n```"}, "match"),
        ({"reason": "```python\nkept.append(value)\n```"}, "no code"),
        ({"reason": "They must bake a cake with sugar and flour, then eat it on Sunday."}, "reasons"),
    ],
)
def test_a_statement_not_written_again_is_no_record(script, check):
    good = {"reason": WHY, "fill": lambda prompt, sample: f"```python\n{cut_of(prompt).lines}\n```"}
    with pytest.raises(Rejected, match=check):
        run_kind("fim_code", FUNCTION, good | script)


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


def test_only_steps_with_one_possible_order_are_asked_for():
    assert solution_steps(SUM) == ["1 - 5 = -4", "-4 + 9 = 5", "5 + 3 = 8"]
    legs = Question(id="q", task="t", prompt="?", solution="cow: 6 * 4 = 24\ntiger: 3 * 4 = 12\n24 + 12 = 36")
    assert solution_steps(legs) == []  # the cows and the tigers can change places
    circle = Question(id="q", task="t", prompt="?", solution="1 + 2 = 3\n3 - 1 = 2\n2 - 1 = 1")
    assert solution_steps(circle) == []  # it could begin anywhere
    assert len(procedure_steps(PROCEDURE)) == 4
    assert procedure_steps(PASSAGE) == []


@given(st.integers(0, 1000))
def test_shuffled_steps_are_never_in_order_and_sorting_by_letter_undoes_nothing(seed):
    task = shuffle(SUM, np.random.default_rng(seed))
    shown = [line.split(". ", 1)[1] for line in task.shuffled().split("\n")]
    assert sorted(shown) == sorted(task.steps) and shown != task.steps
    assert follows(task.steps) and not follows(shown)


def right_order(prompt, steps):
    lines = [line for line in prompt.split("\n") if line[1:3] == ". "]
    return [line[0] for step in steps for line in lines if line[3:] == step]


def why(prompt, sample):
    first, second = (prompt.split(f"{word}: ")[1].split("\n")[0] for word in ("First", "Second"))
    return f"The step {second} goes on with what the step {first} gave."


@pytest.mark.parametrize(("seed", "steps"), [(SUM, solution_steps(SUM)), (PROCEDURE, procedure_steps(PROCEDURE))])
def test_steps_are_put_in_order_with_reasons(seed, steps):
    script = {"order": lambda prompt, sample: json.dumps({"order": right_order(prompt, steps)}), "why": why}
    made = run_kind("step_order", seed, script)[0]
    asked, answered = (message.content for message in made.messages)
    assert answered.endswith(f"Answer: {' '.join(right_order(asked, steps))}")
    assert answered.count("comes after") == len(steps) - 1
    assert made.grade == 1.0


@pytest.mark.parametrize(
    ("script", "check"),
    [
        ({"order": '{"order": ["A", "B", "C"]}'}, "order: A B C, not"),
        ({"order": '{"order": ["A", "B"]}'}, "form"),
        ({"order": "no idea"}, "form"),
        ({"why": "Because that is how it is."}, "reasons"),
        ({"why": lambda prompt, sample: f"{why(prompt, 0)} It is 77."}, "reasons"),
    ],
)
def test_a_wrong_order_or_an_empty_reason_is_no_record(script, check):
    good = {"order": lambda prompt, sample: json.dumps({"order": right_order(prompt, solution_steps(SUM))}), "why": why}
    with pytest.raises(Rejected, match=check):
        run_kind("step_order", SUM, good | script)


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
