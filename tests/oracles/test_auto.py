"""Which oracle a row gets by itself, and what that takes for right."""

import pytest

from hornbook.oracles.parse_question import parse_question
from hornbook.oracles.registry import judge_here
from hornbook.oracles.settings import OracleSettings

DIFFERENT = [  # reference, a reply that must not count
    ("x^2+1", "x/2+1"),
    ("x<5", "x>5"),
    ("2x+3", "2x*3"),
    ("(3,4)", "[3,4]"),
    ("x+2", "x^2"),
    ("a/b", "a*b"),
    ("1,2,3", "5,3"),
    ("1, -2", "-2"),
    ("2e", "2"),
    ("10-20", "30-20"),
    ("1-2", "9-2"),
    ("3 + 4e", "4"),
    ("C#", "C"),
    ("$5", "5%"),
    ("p->q", "p<-q"),
    ("A & B", "A | B"),
    ("5!", "5"),
    ("-x", "x"),
    ("か", "が"),
    ("はし", "ばし"),
    ("ท่า", "ทา"),
    ("año", "ano"),
    ("12:00", "12"),
    ("2024-01-02", "2024 01 02"),
    ("3.0.1", "3.0.2"),
    ("5..6", "5 6"),
]
SAME = [  # reference, a reply that is right
    ("(1,2)", "(1, 2)"),
    ("1, -2", "-2, 1"),
    ("x=3", "3"),
    ("3", "x=3"),
    ("sqrt(2)", "\\sqrt{2}"),
    ("pi", "\\pi"),
    ("0.5", "\\frac{1}{2}"),
    ("1/2", "0.5"),
    ("5", "5 cm"),
    ("12:00", "12:00"),
    ("\\$5", "5"),
    ("5\\%", "5"),
    ("\\text{Tuesday}", "Tuesday"),
    ("\\text{(B)}", "B"),
    ("x \\in [1,2]", "[1,2]"),
    ("\\{1,2\\}", "1, 2"),
    ("Paris", "Paris."),
    ("the Nile", "Nile"),
    ("no", "No."),
]
ORACLES = [  # reference, its oracle
    ("42", "number"),
    ("-1,234.5", "number"),
    ("1/2", "number"),
    ("x^2+1", "math"),
    ("1,2,3", "math"),
    ("0,1", "math"),
    ("-2,1", "math"),
    ("1,00,000", "number"),
    ("(3,4)", "math"),
    ("$5", "math"),
    ("50%", "math"),
    ("5!", "math"),
    ("sqrt(2)", "math"),
    ("x=3", "math"),
    (r"\frac{1}{2}", "math"),
    ("Paris", "exact"),
    ("C#", "exact"),
    ("12:00", "exact"),
    ("2024-01-02", "exact"),
    ("3.0.1", "exact"),
    ("か", "exact"),
    ("6 apples", "exact"),
]


def right(reference: str, reply: str) -> bool:
    judgement = judge_here(
        parse_question({"question": "?", "answer": reference}, ""), f"Answer: {reply}", OracleSettings()
    )
    assert not judgement.failed, judgement.reason
    return judgement.right is True


@pytest.mark.parametrize(("reference", "reply"), DIFFERENT)
def test_what_differs_in_meaning_is_wrong(reference: str, reply: str) -> None:
    assert not right(reference, reply)


@pytest.mark.parametrize(("reference", "reply"), SAME)
def test_what_differs_in_form_is_right(reference: str, reply: str) -> None:
    assert right(reference, reply)


@pytest.mark.parametrize(("reference", "oracle"), ORACLES)
def test_the_oracle_of_a_reference(reference: str, oracle: str) -> None:
    assert parse_question({"question": "?", "answer": reference}, "").oracle == oracle
