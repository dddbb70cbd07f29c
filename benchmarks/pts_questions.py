"""Arithmetic and word problems that a model of 135 M parameters sometimes solves."""

from typing import Any

from hornbook.base.records import Question, make_id
from hornbook.base.rng import rng

GYM: dict[str, dict[str, Any]] = {  # tasks of reasoning-gym, of a size that the model sometimes solves
    "chain_sum": {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 2},
    "products": {"min_digits": 1, "max_digits": 1},
    "basic_arithmetic": {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1, "operators": ["+", "-"]},
    "gcd": {"max_value": 20},
}
WORDS = "word_problem"
TASKS = [*GYM, WORDS]
STORIES = [  # with two small numbers, and the answer they lead to
    ("{name} has {a} {things} and buys {b} more. How many {things} does {name} have now?", "sum"),
    ("{name} had {c} {things} and gave {b} of them to a friend. How many {things} are left?", "left"),
    ("{name} fills {a} boxes with {b} {things} each. How many {things} are there in all?", "product"),
    ("{name} found {a} {things} on Monday and {b} on Tuesday. How many {things} is that together?", "sum"),
    ("There were {c} {things} in a basket. {name} took {b}. How many {things} remain in the basket?", "left"),
    ("One of the {things} costs {a} dollars. {name} buys {b} of them. How many dollars does {name} pay?", "product"),
]
NAMES = ["Anna", "Ben", "Clara", "David", "Emma", "Felix"]
THINGS = ["apples", "books", "coins", "pencils", "marbles", "oranges"]


def questions(each: int, seed: int) -> list[Question]:
    """`each` questions of each task, judged by their number."""
    import reasoning_gym  # takes seconds

    asked = [
        (task, entry["question"].strip(), str(entry["answer"]))
        for task, options in GYM.items()
        for entry in reasoning_gym.create_dataset(task, size=each, seed=seed, **options)
    ]
    asked += [(WORDS, *word_problem(seed, number)) for number in range(each)]
    return [
        Question(id=make_id("question", task, prompt), task=task, prompt=prompt, answer=answer, oracle="number")
        for task, prompt, answer in dict.fromkeys(asked)
    ]


def word_problem(seed: int, number: int) -> tuple[str, str]:
    """A short story and its answer."""
    draw = rng(seed, WORDS, number)
    story, how = STORIES[number % len(STORIES)]
    a, b = (int(value) for value in draw.integers(2, 10, 2))
    name, things = str(draw.choice(NAMES)), str(draw.choice(THINGS))
    answer = {"sum": a + b, "left": a, "product": a * b}[how]
    return story.format(a=a, b=b, c=a + b, name=name, things=things), str(answer)
