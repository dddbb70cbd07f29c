"""Kinds of mathematics: what programs compute about a text, and what each check turns away."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.records import Question
from hornbook.oracles.score import is_right
from hornbook.synthetic.equations import equations, evaluate, false_equation, numbers
from hornbook.synthetic.kind import Material, Rejected
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.kinds.mathematics import backward
from hornbook.synthetic.kinds.mathematics._expressions import draw
from hornbook.synthetic.kinds.mathematics._program import program_of, with_numbers
from hornbook.synthetic.kinds.mathematics._solving import SHOWN, most_like
from hornbook.synthetic.kinds.mathematics.error_finding import alter
from hornbook.synthetic.kinds.mathematics.estimation import EXAMPLES
from hornbook.synthetic.kinds.mathematics.variation import varied
from hornbook.synthetic.passages import PassageSettings
from tests.synthetic.kinds.scripted import passage_of, run_kind

BOOKS = Question(
    id="q1",
    task="shop",
    prompt="A shop has 5 shelves with 12 books each and sells 17 books. How many are left?",
    answer="43",
    oracle="number",
    solution="There are 5 * 12 = 60 books.\n60 - 17 = 43 are left.\nAnswer: 43",
)
PASSAGE = passage_of(
    "A library keeps its novels on long shelves, because every reader must find a novel by its author. When a novel "
    "comes back, the librarian therefore puts it on the same shelf again."
)


def worked(*steps, answer):
    return "\n".join([*steps, f"Answer: {answer}"])


GOOD = worked("There are 5 * 12 = 60 books on the shelves.", "After the sale 60 - 17 = 43 are left.", answer=43)


# -- equations and programs


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("First 3 + 4 = 7, then 2 × 7 = 14.", ""),
        ("So 3 + 4 = 8.", "3 + 4 = 8"),
        ("-5*l = -37 - 8 = -45\nl = -45 / -5 = 9", ""),
        ("2 / 3 = 0.667 and 1,200 + 34 = 1,234", ""),
        ("2 / 3 = 0.7", "2 / 3 = 0.7"),
        ("(2 + 3) * 4^2 = 80", ""),
        ("They pay 3 * 4 = $13.", "3 * 4 = 13"),
        ("x + 3 = 8, 20 % * 5 = 1, 34 = 1 * 24 + 10, 2 + 2 = 5x", ""),
        ("9 / 0 = 3 and 2 ^ 999999 = 7", ""),
        ("3 + 4 = 2 + 5, 7 + 8 = 3 (mod 12), 7 + 8 = 3 mod 12", ""),
        (r"$\tfrac{2}{3} \times 2\,300\,000 \approx 1\,533\,000$, $25/9 ≈ 2.8$", ""),
        (r"$\frac{2}{3} \cdot 2\,300\,000 \approx 1\,150\,000$", "((2)/(3)) × 2300000 ≈ 1150000"),
        ("15 % of 200 is 30, and 15\\% of 1,000 = 150.", ""),
        ("15 % of 200 is 40.", "15 / 100 × 200 = 40"),
    ],
)
def test_false_equations_are_found_and_unknowns_left_alone(text, wrong):
    assert false_equation(text) == wrong


@given(st.integers(-99, 99), st.integers(1, 99), st.integers(1, 99), st.sampled_from("+-*"))
def test_true_equations_hold_and_shifted_ones_do_not(first, second, third, sign):
    value = evaluate(f"{first} {sign} {second} + {third}")
    assert value == eval(f"{first} {sign} {second} + {third}")
    assert [each.holds for each in equations(f"So {first} {sign} {second} + {third} = {value}.")] == [True]
    assert [each.holds for each in equations(f"So {first} {sign} {second} + {third} = {value + 1}.")] == [False]


def test_the_program_of_a_solution_computes_other_answers():
    program = program_of(BOOKS)
    assert program.run(numbers(BOOKS.prompt)) == [60, 43]
    assert program.run([Fraction(4), Fraction(10), Fraction(7)])[-1] == 33
    assert program.told(numbers(BOOKS.prompt), [60, 43]) == ["5 * 12 = 60", "60 - 17 = 43"]
    assert with_numbers(BOOKS.prompt, ["4", "x", "7"]).startswith("A shop has 4 shelves with x books each and sells 7 ")


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
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_computations_are_right_and_their_numbers_different(seed, operations):
    computation = draw(np.random.default_rng(seed), operations, 20)
    told = computation.told().split(", then ")
    assert len(told) == operations and not false_equation(computation.told())
    assert told[-1].endswith(f"= {computation.result}")
    assert len(computation.given) == operations + 1


# -- worked solutions


def test_worked_solutions_are_those_that_reach_the_answer_by_true_steps():
    wrong = worked("5 * 12 = 60", "60 + 17 = 77", answer=77)
    lucky = worked("There are 5 * 12 = 65 books.", "Then 60 - 17 = 43.", answer=43)
    made = run_kind("worked_solution", BOOKS, {"solve": [wrong, GOOD, lucky, GOOD]})
    assert [one.messages[1].content for one in made] == [GOOD]
    assert made[0].grade == 0.75
    for script, check in [(wrong, "answer"), (lucky, "arithmetic: 5 \\* 12 = 65"), ("Answer: 43", "steps")]:
        with pytest.raises(Rejected, match=check):
            run_kind("worked_solution", BOOKS, {"solve": script})


def test_mathematics_is_compared_as_mathematics():
    question = Question(id="q", task="t", prompt="Expand (x + 1)^2.", answer="x^2 + 2x + 1", oracle="math")
    text = "Multiply the bracket with itself.\nThat gives three terms.\nAnswer: $(x+1)(x+1)$"
    assert run_kind("worked_solution", question, {"solve": text})[0].grade == 1.0


def test_the_example_is_the_one_most_like_the_question():
    assert most_like("9 - 4 - 2 =")[0].startswith("7 - 2")
    assert most_like("Solve for k: 7*k + 1 = 50")[0].startswith("Solve for z")
    assert most_like("How many legs do 2 cows, 3 hens have?")[0].startswith("How many wheels")
    assert all(not false_equation(solution) for _, solution in [*SHOWN, *backward.SHOWN, *EXAMPLES.values()])


# -- word problems


def story_of(prompt, sample):
    steps, topic = prompt.split("Computation: ")[1], prompt.split("Topic: ")[1].split(",")[0]
    first, sign, second = steps.split(" = ")[0].split()
    verb = {"+": "gets", "-": "gives away", "*": "multiplies them by", "/": "divides them by"}[sign]
    return f"Anna counts {first} {topic} things in the morning and {verb} {second} later. How many are there then?"


def solution_of(prompt, sample):
    first, second = numbers(prompt)
    sign = next(sign for word, sign in [("gets", "+"), ("gives", "-"), ("multip", "*"), ("div", "/")] if word in prompt)
    result = evaluate(f"{first} {sign} {second}")
    return worked(f"In the morning Anna has {first} things.", f"{first} {sign} {second} = {result}", answer=result)


def test_a_word_problem_carries_the_computed_answer():
    made = run_kind("word_problem", PASSAGE, {"story": story_of, "solve": solution_of})[0]
    assert made.grade == 1.0
    assert is_right(made.question, made.messages[1].content)


@pytest.mark.parametrize(
    ("script", "check"),
    [
        ({"story": lambda prompt, sample: story_of(prompt, sample).replace("later", "or 3 later")}, "numbers"),
        ({"story": "Novels are on shelves."}, "story: no problem"),
        ({"story": lambda prompt, sample: "Tom buys 3 apples and 4 pears at a market. How many is that?"}, "not about"),
        ({"story": story_of, "solve": worked("I guess.", answer=10**6)}, "solvable"),
    ],
)
def test_a_word_problem_needs_its_numbers_its_scene_and_solutions(script, check):
    with pytest.raises(Rejected, match=check):
        run_kind("word_problem", PASSAGE, {"solve": solution_of} | script)


# -- variations, errors, backward


def left_over(prompt):
    shelves, books, sold = numbers(prompt.split("\n")[0])
    return shelves * books - sold


def compute_books(prompt, sample):
    shelves, books, _ = numbers(prompt.split("\n")[0])
    all_books, left = shelves * books, left_over(prompt)
    return worked(
        f"There are {shelves} * {books} = {all_books} books.", f"After the sale {left} are left.", answer=left
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_variation_has_the_answer_that_its_program_computes(seed):
    prompt, answer = varied(BOOKS, np.random.default_rng(seed), 2)
    assert answer == left_over(prompt) > 0
    made = run_kind("variation", BOOKS, {"solve": compute_books}, seeded=seed)[0]
    assert made.messages[0].content != BOOKS.prompt
    assert made.question.answer == str(left_over(made.question.prompt)) != "43"


def test_a_variation_is_not_solved_by_the_old_solution():
    with pytest.raises(Rejected, match="answer: no solution"):
        run_kind("variation", BOOKS, {"solve": GOOD})


def test_without_a_program_solutions_must_agree():
    riddle = Question(id="q", task="t", prompt="What is the GCD of 24 and 36?", answer="12", oracle="number")
    agreed = worked("Both can be divided by the same number.", "It is the largest of them.", answer=4)
    made = run_kind("variation", riddle, {"solve": agreed})[0]
    assert made.question.answer == "4"
    differing = [worked("It must be this.", "Surely.", answer=number) for number in (3, 4, 5, 6)]
    with pytest.raises(Rejected, match="plurality: 1 of 4 agree"):
        run_kind("variation", riddle, {"solve": differing})


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_an_altered_solution_has_exactly_one_wrong_step(seed):
    altered = alter(program_of(BOOKS), numbers(BOOKS.prompt), np.random.default_rng(seed))
    wrong = [line for line in altered.told.split("\n") if false_equation(line.split(". ", 1)[1])]
    assert [line[0] for line in wrong] == [str(altered.step)]
    assert not altered.told.endswith("= 43")


def altered_step(prompt):
    steps = prompt.split("Solution:\n")[1].split("\n\n")[0].split("\n")
    return next(int(line[0]) for line in steps if false_equation(line.split(". ", 1)[1]))


def find_it(prompt, sample):
    return json.dumps({"step": altered_step(prompt)})


def test_an_error_is_found_and_repaired():
    script = {"find": lambda prompt, sample: find_it(prompt, 0) if sample else '{"step": 9}', "repair": GOOD}
    made = run_kind("error_finding", BOOKS, script)[0]
    assert made.grade == 0.5  # the second attempt
    asked, answered = (message.content for message in made.messages)
    assert answered.startswith(f"Step {altered_step(asked)} is wrong.")
    assert is_right(BOOKS, answered)


@pytest.mark.parametrize(
    ("script", "check"),
    [
        ({"find": '{"step": 9}'}, "step: not found in 3"),
        ({"find": "step two"}, "form"),
        ({"repair": worked("I computed it again.", answer=44)}, "answer"),
        ({"repair": worked("5 * 12 is 60, as was to be seen.", "5 * 12 = 61", answer=43)}, "arithmetic"),
        ({"repair": worked("It should be computed with more care.", "All is well now.", answer=43)}, "repaired step"),
    ],
)
def test_an_error_that_is_not_found_or_not_repaired_is_no_record(script, check):
    with pytest.raises(Rejected, match=check):
        run_kind("error_finding", BOOKS, {"find": find_it, "repair": GOOD} | script)


def put_back(prompt, sample):
    """The hidden one of 5, 12 and 17."""
    given = prompt.split("How many")[0]
    hidden = next(number for number in (5, 12, 17) if str(number) not in given)
    return worked("I undo the steps from the end.", "So 43 + 17 = 60 books were there.", answer=hidden)


def test_backward_asks_for_a_number_that_gives_the_answer():
    made = run_kind("backward", BOOKS, {"solve": put_back})[0]
    assert "The answer is 43. What is x?" in made.messages[0].content
    assert " x " in made.messages[0].content.split("The answer")[0]
    assert is_right(made.question, made.messages[1].content)
    with pytest.raises(Rejected, match="substitution"):
        run_kind("backward", BOOKS, {"solve": worked("It is one more.", "Surely.", answer=44)})


# -- related problems, estimates

RELATED = "A shop has 80 books on 4 equal shelves. How many books stand on each shelf?"
DIVIDED = worked("The books are spread over 4 shelves.", "80 / 4 = 20", answer=20)


def test_a_related_problem_is_new_and_has_an_agreed_answer():
    made = run_kind("related_problem", BOOKS, {"write": RELATED, "solve": [DIVIDED, DIVIDED, DIVIDED, "Answer: 3"]})[0]
    assert (made.question.answer, made.grade) == ("20", 0.75)


@pytest.mark.parametrize(
    ("script", "check"),
    [
        ({"write": "I cannot do this"}, "problem"),
        ({"write": "A bag has 20 balls, of which 6 are red. How many blue balls are in it?"}, "not the example"),
        ({"write": "Rain falls on 3 of 7 days in spring. How often is it dry?"}, "related"),
        ({"write": BOOKS.prompt.replace("17", "18")}, "different"),
        ({"solve": [worked("A guess.", "Another.", answer=number) for number in (1, 2, 3, 4)]}, "plurality"),
    ],
)
def test_a_related_problem_is_neither_foreign_nor_the_same(script, check):
    with pytest.raises(Rejected, match=check):
        run_kind("related_problem", BOOKS, {"write": RELATED, "solve": DIVIDED} | script)


THEATRE = Question(
    id="t",
    task="estimation",
    prompt="A theatre has 487 seats. About how many tickets does it sell for 21 shows that are sold out?",
    answer="10227",
    oracle="number",
    entry='{"tolerance": 0.15, "expression": "487 * 21"}',
)
NEAR = worked("487 is about 500 and 21 is about 20.", "500 * 20 = 10000", answer="about 10000")


def test_an_estimate_is_near_and_its_question_says_how_near():
    made = run_kind("estimation", THEATRE, {"estimate": NEAR})[0]
    assert made.grade == pytest.approx(0.978, abs=0.001)
    assert is_right(made.question, "Answer: about 10000") and not is_right(made.question, "Answer: about 14000")


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (worked("487 stays and 21 stays.", "487 * 21 = 10227", answer=10227), "rounded"),
        (worked("487 is about 500 and 21 is about 20.", "500 * 20 = 1000", answer=1000), "arithmetic"),
        (worked("487 is about 400 and 21 is about 20.", "400 * 20 = 8000", answer=8000), "near"),
        (worked("Let us round all of it.", "500 * 20 = 10000", answer=10000), "says how"),
    ],
)
def test_an_estimate_rounds_computes_rightly_and_says_how(text, check):
    with pytest.raises(Rejected, match=check):
        run_kind("estimation", THEATRE, {"estimate": text})


def test_estimation_draws_different_questions_with_their_exact_values():
    kind = load_kind("estimation")
    drawn = kind.seeds(Material([], [], [], [], PassageSettings()), 40, np.random.default_rng(2), kind.settings())
    assert len({one.prompt for one in drawn}) == 40
    for one in drawn:
        assert evaluate(json.loads(one.entry)["expression"]) == int(one.answer) > 0
