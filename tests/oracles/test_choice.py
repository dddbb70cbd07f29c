"""Which choice a reply takes. Add a line for a form that is read wrongly."""

import string

import pytest

from hornbook.data.benchmarks import load_benchmark
from hornbook.oracles.parse_question import parse_question
from tests.oracles.judged import judged

CITIES = ["Rome", "Paris", "Berlin", "Madrid"]
REPLIES = [  # about CITIES: the reply, whether it takes Paris
    ("B", True),
    ("(B)", True),
    ("B) Paris", True),
    ("Answer: B", True),
    ("The answer is B", True),
    ("The answer is (B).", True),
    ("The correct answer is **B**.", True),
    ("The correct answer is **B. Paris**", True),
    ("The correct answer is: **B) Paris**", True),
    ("The answer is \\boxed{B}.", True),
    ("Answer: \\boxed{B}.", True),
    ("Answer: **B**. Paris is the capital.", True),
    ("Answer: 'B'", True),
    ("Answer: B because it is the capital", True),
    ("Answer: \\boxed{\\textbf{(B)}}", True),
    ("Answer: Paris (B)", True),
    ("Answer: The capital is Paris", True),
    ("The correct option is B.", True),
    ("I choose B.", True),
    ("Answer: B — Paris", True),
    ("The answer is B.\n\nLet me know if you need more!", True),
    ("\\[\n\\boxed{B}\n\\]", True),
    ("Answer: option A is wrong, so B", True),
    ("Answer: (A) is wrong. The answer is (B).", True),
    ("Antwort: B\n", True),
    ("答案：B", True),
    ("答えはBです", True),
    ("Answer: b", True),
    ("The answer is a city in France, so B", True),
]
NOT_ROME = [  # none of these takes Rome
    "The answer is a matter of opinion, but I say C",
    "The answer is a city on the Spree, so (C) Berlin",
    "Answer: It is a hard question; the answer is a bit unclear",
    "I would say option a lot of people miss: C",
    "The answer is A or B",
    "Answer: A, B and C are all possible",
    "Answer: A) is wrong",
    "A: none of these, it is C",
]
OTHERS = [  # choices, reference, reply, whether it is right
    (["3", "4", "5", "6"], "4", "4", True),
    (["3", "4", "5", "6"], "6", "4", False),
    (["3", "4", "5", "6"], "4", "The answer is 4.", True),
    (["10%", "20%"], "20%", "Answer: 20%", True),
    (["x", "-x"], "-x", "-x", True),
    (["x", "-x"], "x", "-x", False),
    (["A and B", "A only"], "A and B", "A and B", True),
    (["item 1", "item 2", "item 3"], "item 3", "I think it is item 3", True),
    (["yes", "no"], "no", "No, because it is too small.", True),
]


@pytest.mark.parametrize(("reply", "right"), REPLIES)
def test_a_choice_in_a_reply(reply: str, right: bool) -> None:
    assert judged("choice", "B", reply, choices=CITIES)[0] == right


@pytest.mark.parametrize("reply", NOT_ROME)
def test_an_article_a_denial_and_several_at_once_are_no_choice(reply: str) -> None:
    assert not judged("choice", "A", reply, choices=CITIES)[0]


@pytest.mark.parametrize(("choices", "answer", "reply", "right"), OTHERS)
def test_choices_of_other_kinds(choices: list[str], answer: str, reply: str, right: bool) -> None:
    assert judged("choice", answer, reply, choices=choices)[0] == right


@pytest.mark.slow
def test_the_key_of_mmlu_is_right_for_every_row() -> None:
    items = load_benchmark("mmlu")
    assert len(items) == 15858
    for item in items:
        choices = list(item.choices)
        row = parse_question({"question": item.question, "choices": choices, "answer": item.answer_index}, "")
        for letter, choice in zip(string.ascii_uppercase, choices, strict=False):
            same = choice.strip() == choices[item.answer_index].strip()
            assert judged("choice", row.answer, f"Answer: {letter}", choices=row.choices)[0] == same, (item.id, letter)


def test_the_options_of_mmlu_pro_are_asked() -> None:
    options = [f"option {number}" for number in range(10)]
    row = parse_question({"question": "Which?", "options": options, "answer": "I", "answer_index": 8}, "")
    assert row.oracle == "choice" and "I) option 8" in row.prompt
    assert judged("choice", row.answer, "The answer is (I).", choices=row.choices)[0]
    assert not judged("choice", row.answer, "I am not sure", choices=row.choices)[0]
