"""Answers are compared by programs where that is certain, and by a judge who is asked what they mean elsewhere."""

import pytest

from hornbook.base.records import Question
from hornbook.synthetic.mechanisms.comparing import by_program, oracle_of

CERTAIN = [  # reference, what a reply ends with, the same
    ("7.0", "So 3 + 4 = 7.\n\nAnswer: 7", True),
    ("7", "Answer: 8", False),
    ("59", "1901 - 1842 = 59\nAnswer: 59 years", True),
    ("60 km/h", "Answer: 60 km/h", True),
    ("12 books", "Answer: 13 books", False),
    ("1,200", "Answer: $1200$", True),
    ("x = 7", "Answer: 7", True),
    (r"\frac{3}{4}", "Answer: 0.75", True),
    ("x^2 + 2x + 1", "Answer: (x + 1)^2", True),
    ("x^2", "Answer: 2x", False),
    ("(3, 4)", "Answer: (4, 3)", False),
    ("River Aune", "Answer: The River Aune.", True),
    ("a storm", "Answer: A storm.", True),
    ("a storm", "", False),
]
DOUBTFUL = [  # words in common say nothing
    ("a storm", "Answer: a tempest"),
    ("a storm", "Answer: not a storm"),
    ("London", "Answer: Londres"),
    ("the north of the river", "Answer: the river of the north"),
    ("20 metres", "Answer: 20 years"),
    ("20 metres", "Answer: 2000 cm"),
    ("20 metres", "Answer: twenty metres"),
    ("5 years earlier", "Answer: 5 years later"),
    ("6 July 1865", "Answer: 7 July 1865"),
]


def compared(reference, reply):
    question = Question(id="q", task="t", prompt="What?", answer=reference, oracle=oracle_of(reference))
    return by_program([(question, reply)])[0]


@pytest.mark.parametrize(("reference", "reply", "same"), CERTAIN)
def test_what_a_program_can_compare_it_decides(reference, reply, same):
    assert compared(reference, reply) == (same, True)


@pytest.mark.parametrize(("reference", "reply"), DOUBTFUL)
def test_what_must_be_understood_a_judge_decides(reference, reply):
    assert not compared(reference, reply).certain
