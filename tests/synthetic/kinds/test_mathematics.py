"""Kinds of mathematics: good answers in any form are kept, and each check turns away its defect.

A line of DEFECTS is a kind, what its teacher says otherwise, and the check that must name it.
"""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.records import Question
from hornbook.oracles.score import is_right
from hornbook.synthetic.kind import Material, Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from hornbook.synthetic.kinds.mathematics._computation import draw
from hornbook.synthetic.kinds.mathematics._program import program_of, varied
from hornbook.synthetic.mechanisms.comparing import final_answer, oracle_of
from hornbook.synthetic.passages import PassageSettings
from tests.synthetic.kinds.scripted import FORMS, first_prompts, in_form, passage_of, run_kind

BOOKS = Question(
    id="q1", task="shop", answer="43", oracle="number",
    prompt="A shop has 5 shelves with 12 books each and sells 17 books. How many are left?",
    solution="There are 5 * 12 = 60 books.\n60 - 17 = 43 are left.\nAnswer: 43",
)  # fmt: skip
CAPITAL = Question(
    id="q2", task="capitals", prompt="Which city is the capital of England?", answer="London", oracle="exact"
)
LIBRARY = passage_of(
    "A library keeps its novels on long shelves, because every reader must find a novel by its author. When a novel "
    "comes back, the librarian therefore puts it on the same shelf again, and a card says where that is."
)
SOUND = {"why": "All steps hold.", "wrong_step": "", "sound": True}
UNSOUND = {"why": "The second step divides by zero.", "wrong_step": "So x = 3.", "sound": False}


def solution(*steps, answer):
    return "\n\n".join([*steps, f"Answer: {answer}"])


GOOD = solution(
    "The shelves hold 5 books × 12 = 60 books, since each of the 5 shelves has 12 of them.",
    "Of these 17 are sold, and so 60 - 17 = 43 are left.",
    "Check: the 43 books that are left and the 17 that were sold are 43 + 17 = 60 books, all that there were.",
    answer=43,
)


def put(text, *changes):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


# -- what a good teacher says to each kind

SCENE = "The baker counts her flour on Monday: {}. Then the rest of the week happens to it. How many bags are there?"
drawn = {}  # the computation of the last story, which its solutions follow


def story(prompt, sample):
    drawn["steps"] = re.search(r"^\d+ [-+*/] .*=.*$", prompt, re.MULTILINE)[0].split(", then ")
    given = re.search(r"The numbers ([\d, ]+) are", prompt)[1]
    return SCENE.format(given)


def follow(prompt, sample):
    result = drawn["steps"][-1].split("= ")[1]
    steps = [f"By what the story tells, {step}, which follows from it." for step in drawn["steps"]]
    return solution(*steps, "Check: undoing the steps from the end leads back to the flour of Monday.", answer=result)


def estimate(prompt, sample):
    result = int(drawn["steps"][-1].split("= ")[1])
    near = float(f"{result:.2g}")
    return solution(
        "The numbers are rounded to two figures, one up and one down, so that the errors cancel.",
        "With the round numbers it comes to about what is said below; rounding all down or up gives the bounds.",
        answer=f"about {near:.0f}",
    )


def shop(prompt, sample):
    """The question about books with the numbers that are asked for."""
    shelves, books, sold = (int(n) for n in re.search(r"has (\d+) shelves with (\d+) books each and sells (\d+)",
                            prompt.split("<new_numbers>")[1]).groups())  # fmt: skip
    drawn["left"] = shelves * books - sold
    return f"Maria bakes {shelves} trays of {books} rolls in the morning and sells {sold} of them. How many remain?"


def shop_solved(prompt, sample):
    trays, rolls, sold = (int(n) for n in re.findall(r"\d+", prompt.split("<problem>")[1].split("</problem>")[0]))
    left = trays * rolls - sold
    return solution(
        f"The trays hold {trays} * {rolls} = {trays * rolls} rolls, as each of them has the same number.",
        f"Those that are sold go away: {trays * rolls} - {sold} = {left} remain.",
        answer=left,
    )


HIDDEN = "A shop has some shelves with {} and sells {} books, after which 43 are left. What is the missing number?"


def hide(prompt, sample):
    drawn["hidden"] = hidden = re.search(r"hidden and asked for is (\d+)", prompt)[1]
    others = [number for number in ("5", "12", "17") if number != hidden]
    return HIDDEN.format(*others)


def find_hidden(prompt, sample):
    return solution(
        "Reasoning back from the end, the 17 books that were sold are added first: 43 + 17 = 60.",
        "With that number in its place the story leads to 43 again, as it must.",
        answer=drawn["hidden"],
    )


RELATED = "A shop has 80 books on 4 equal shelves and moves a shelf to its cellar. How many books stay in the shop?"
DIVIDED = solution("Each of the 4 shelves holds 80 / 4 = 20 books, as they are equal.",
                   "One shelf goes away, and 80 - 20 = 60 books stay.", "Check: 3 shelves of 20 are 3 * 20 = 60.",
                   answer=60)  # fmt: skip
WRONG_STEPS = ["The 5 shelves hold 5 * 12 = 70 books.", "Of these 17 are sold: 70 - 17 = 53.", "Answer: 53"]
PLANTED = {"steps": WRONG_STEPS, "wrong_step": 1, "mistake": "5 * 12 is 60, not 70."}
REPAIRED = f"Step 1 is wrong: it says 5 * 12 = 70, but five dozens are 60. Step 2 is right in itself.\n\n{GOOD}"

KINDS = {  # kind → its seed and what a good teacher says at each stage
    "worked_solution": (BOOKS, {"solve": GOOD}),
    "word_problem": (LIBRARY, {"question": story, "solve": follow}),
    "estimation": (LIBRARY, {"question": story, "solve": estimate}),
    "variation": (BOOKS, {"question": shop, "solve": shop_solved}),
    "related_problem": (BOOKS, {"question": RELATED, "solve": DIVIDED}),
    "backward": (BOOKS, {"question": hide, "solve": find_hidden}),
    "error_finding": (
        BOOKS,
        {"plant": json.dumps(PLANTED), "find": '{"why": "5 * 12 is 60", "step": 1}', "solve": REPAIRED},
    ),
}
SIZES = {"tokens": [20, 4000]}


def run(kind, form="plain", **changes):
    seed, script = KINDS[kind]
    script = {"review": json.dumps(SOUND), "compare": '{"why": "", "groups": []}'} | script | changes

    def formed(said):
        def answer(prompt, sample):
            text = said(prompt, sample) if callable(said) else said if isinstance(said, str) else said[sample % 4]
            return in_form(form, text)

        return answer

    return run_kind(kind, seed, {stage: formed(said) for stage, said in script.items()}, **SIZES)


@pytest.mark.parametrize("kind", KINDS)
def test_good_answers_are_kept_in_any_form(kind):
    made = {form: run(kind, form)[0] for form in FORMS}
    first = made["plain"]
    assert [message.role for message in first.messages] == ["user", "assistant"]
    assert first.grade == 1.0 and "arithmetic" in first.checks and "review" in first.checks
    for one in made.values():
        assert one.messages == first.messages
    if first.question:
        assert first.question.task == kind and first.question.solution == first.messages[1].content
        assert is_right(first.question, first.messages[1].content)


def wrong_step(said):
    """The solution with a false equation before its answer, which stays right."""

    def answer(prompt, sample):
        text = said(prompt, sample) if callable(said) else said
        return put(text, ("\n\nAnswer:", "\n\nBesides, 31 + 12 = 44.\n\nAnswer:"))

    return answer


def other_answer(said):
    def answer(prompt, sample):
        text = said(prompt, sample) if callable(said) else said
        return re.sub(r"Answer: .*$", f"Answer: {sample + 7}1", text)

    return answer


EVERY = [
    (kind, {"solve": change(KINDS[kind][1]["solve"])}, check)
    for kind in KINDS
    for change, check in ((wrong_step, "arithmetic: 31 \\+ 12 = 44"), (other_answer, "plurality"))
]
EVERY += [(kind, {"review": json.dumps(UNSOUND)}, "review: So x = 3") for kind in KINDS]
EVERY += [(kind, {"review": "Looks fine to me."}, "form") for kind in KINDS]
EVERY += [(kind, {"solve": "Answer: 43"}, "plurality|length") for kind in KINDS]
DEFECTS = [
    *EVERY,
    ("word_problem", {"question": "The baker counts flour and sugar on Monday. How many bags are there?"}, "question"),
    ("word_problem", {"question": lambda p, n: f"{story(p, n)} It is {drawn['steps'][-1].split('= ')[1]}."},
     "question: it gives away"),
    ("variation", {"question": BOOKS.prompt}, "question"),
    ("variation", {"solve": GOOD}, "plurality"),
    ("related_problem", {"question": BOOKS.prompt.replace("17", "18")}, "question: .* of its 5-grams"),
    ("related_problem", {"solve": [DIVIDED, put(DIVIDED, ("Answer: 60", "Answer: 61"))] * 2}, "plurality"),
    ("backward", {"question": "A shop has shelves and sells some books. How many are left of them?"}, "question: 43"),
    ("estimation", {"solve": lambda p, n: solution("Everything is computed exactly, by the story.",
     "No number is rounded on the way, and the result is the exact one.", answer=drawn["steps"][-1].split("= ")[1])},
     "rounded"),
    ("error_finding", {"find": '{"why": "", "step": 2}'}, "step: found by 0.00"),
    ("error_finding", {"find": ['{"why": "", "step": 1}', '{"why": "", "step": 2}'] * 2}, None),
    ("error_finding", {"plant": json.dumps(PLANTED | {"wrong_step": 9})}, "step: step 9"),
    ("error_finding", {"plant": json.dumps(PLANTED | {"steps": GOOD.split("\n\n")})}, "step: .* reaches the answer"),
    ("error_finding", {"plant": json.dumps(PLANTED | {"wrong_step": 2})}, "step: an earlier step is wrong"),
    ("error_finding", {"plant": "I would rather not."}, "form"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "changes", "check"), DEFECTS)
def test_one_defect_is_turned_away_by_its_check(kind, changes, check):
    if check is None:
        assert run(kind, **changes)
        return
    if kind == "estimation" and check == "rounded":
        changes = changes | {"question": figures_story}
    with pytest.raises(Rejected, match=check):
        run(kind, **changes)


def figures_story(prompt, sample):
    """A story whose exact result has four figures or more; another computation is drawn for the next try."""
    text = story(prompt, sample)
    drawn["steps"][-1] = re.sub(r"= .*", f"= {int(drawn['steps'][-1].split('= ')[1])}", drawn["steps"][-1])
    return text


# -- votes


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        (["43", "43", "43", "43"], 1.0),
        (["43", "44", "45", "43"], 0.5),
        (["43.0", "$43$", "43 books", "forty"], 0.75),
        (["44", "45", "46", "47"], None),
    ],
)
def test_the_share_of_right_solutions_is_the_grade(answers, kept):
    texts = [put(GOOD, ("Answer: 43", f"Answer: {answer}")) for answer in answers]
    if kept is None:
        with pytest.raises(Rejected, match="plurality"):
            run("worked_solution", solve=texts)
    else:
        assert run("worked_solution", solve=texts)[0].grade == kept


def test_questions_on_which_all_agree_are_too_easy_where_that_is_asked_for():
    seed, script = KINDS["related_problem"]
    script = script | {"review": json.dumps(SOUND)}
    with pytest.raises(Rejected, match="plurality: all agree"):
        run_kind("related_problem", seed, script, all_may_agree=False, **SIZES)
    mixed = script | {"solve": [DIVIDED, DIVIDED, put(DIVIDED, ("Answer: 60", "Answer: 61")), DIVIDED]}
    assert run_kind("related_problem", seed, mixed, all_may_agree=False, **SIZES)[0].grade == 0.75


@pytest.mark.parametrize(
    ("said", "groups", "right"),
    [
        ("Londres", [[1, 2]], True),
        ("The city of London", [[2, 1]], True),
        ("Paris", [[1], [2]], False),
        ("London", [], True),  # the oracle decides
        ("Paris", [], False),
        ("Paris", [[7, 1, 1]], False),  # numbers that there are not
    ],
)
def test_where_answers_are_words_a_judge_says_whether_they_mean_the_same(said, groups, right):
    text = solution("England is governed from the city in which its parliament and its king are.", answer=said)
    script = {"solve": text, "compare": json.dumps({"why": "", "groups": groups}), "review": json.dumps(SOUND)}
    if right:
        assert run_kind("worked_solution", CAPITAL, script, tokens=[5, 400])
    else:
        with pytest.raises(Rejected, match="plurality"):
            run_kind("worked_solution", CAPITAL, script, tokens=[5, 400])


@pytest.mark.parametrize(
    ("text", "answer", "oracle"),
    [
        ("So it is.\nAnswer: 1,200", "1,200", "number"),
        (r"Therefore \boxed{\frac{3}{4}}.", r"\frac{3}{4}", "math"),
        ("**Answer:** 60 km/h", "60 km/h", "number"),
        ("Answer: x = 7", "7", "number"),
        ("Answer: x^2 + 2x + 1", "x^2 + 2x + 1", "math"),
        ("Answer: (3, 4)", "(3, 4)", "math"),
        ("Answer: yes", "yes", "exact"),
        ("The answer is London.", "London", "exact"),
    ],
)
def test_answers_are_compared_by_the_oracle_that_fits(text, answer, oracle):
    assert final_answer(text) == answer
    assert oracle_of(answer) == oracle


def test_mathematics_is_compared_as_mathematics():
    question = Question(id="q", task="t", prompt="Expand (x + 1)^2.", answer="x^2 + 2x + 1", oracle="math")
    text = solution("The bracket is multiplied with itself, which gives three terms.", answer="$(x+1)(x+1)$")
    script = {"solve": text, "review": json.dumps(SOUND)}
    assert run_kind("worked_solution", question, script, tokens=[5, 400])[0].grade == 1.0


# -- programs and computations


@pytest.mark.parametrize(
    ("prompt", "solution", "answer"),
    [
        ("How much is 5 and 12?", "5 + 12 = 18\nAnswer: 18", "18"),  # a step that is wrong
        ("How much is 5 and 12 of 60?", "5 * 12 = 60\n60 - 2 = 58", "58"),  # 60: the question's, or the result?
        ("There are 3 boxes, 5 red and 12 blue.", "5 + 12 = 17", "17"),  # a number that enters no step
        ("How much is 5 and 12?", "5 + 12 = 17", "18"),  # another answer
        ("How much is 5 and 12?", "It is 17.", "17"),
    ],
)
def test_no_program_is_claimed_where_it_cannot_be_told(prompt, solution, answer):
    question = Question(id="q", task="t", prompt=prompt, answer=answer, oracle="number", solution=solution)
    assert program_of(question) is None


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_a_variation_has_the_answer_that_its_program_computes(seed):
    prompt, answer = varied(BOOKS, np.random.default_rng(seed), 2)
    shelves, books, sold = map(int, re.findall(r"\d+", prompt))
    assert answer == shelves * books - sold > 0 and prompt != BOOKS.prompt


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_computations_are_right_and_their_numbers_different(seed, operations):
    computation = draw(np.random.default_rng(seed), operations, (3, 90), 20000)
    assert all(eval(f"{step.left} {step.sign} {step.right}") == step.result for step in computation.steps)
    said = [*computation.given, *computation.results]
    assert len(set(said)) == len(said) and len(computation.given) == operations + 1


# -- all kinds


@pytest.mark.parametrize("kind", KINDS)
def test_planned_records_have_different_prompts(kind):
    if isinstance(KINDS[kind][0], Question):
        seeds = [Question(id=f"q{n}", task="t", prompt=BOOKS.prompt.replace("12", str(n)), answer=str(5 * n - 17),
                 oracle="number", solution=f"5 * {n} = {5 * n}\n{5 * n} - 17 = {5 * n - 17}")
                 for n in range(20, 40)]  # fmt: skip
    else:
        seeds = [passage_of(LIBRARY.text.replace("novel", f"novel of group {n}")) for n in range(20)]
    sent = first_prompts(kind, seeds)
    assert len(sent) == 1000 and len(set(sent)) >= 990


def test_all_kinds_of_the_family_are_tested():
    assert set(KINDS) == {name for name, family in FAMILIES.items() if family == "mathematics"}
    for name in KINDS:
        assert load_kind(name, "small").settings().max_tokens <= load_kind(name).settings().max_tokens


def test_without_a_prompt_to_tell_it_anew_the_small_teacher_gets_the_changed_question():
    kind = load_kind("variation", "small")
    assert kind.stages == ("solve",)


def test_seeds_are_questions_whose_answers_can_be_judged():
    material = Material([], [], [BOOKS, CAPITAL, Question(id="q3", task="t", prompt="Why?", oracle="judge")], [],
                        PassageSettings())  # fmt: skip
    dice = np.random.default_rng(0)
    found = {name: load_kind(name).seeds(material, 9, dice, None) for name in ("worked_solution", "backward")}
    assert {one.id for one in found["worked_solution"]} == {"q1", "q2"}
    assert [one.id for one in found["backward"]] == ["q1"]
