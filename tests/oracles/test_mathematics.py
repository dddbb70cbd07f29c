"""Mathematical answers: what is the same, and what only looks alike. Add a line for one that is judged wrongly."""

import random
import re
from collections import defaultdict

import pytest

from hornbook.data.benchmarks import load_benchmark
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.parse_question import parse_question
from tests.oracles.judged import judged

REPLIES = [  # reference, reply, whether it is right
    ("\\frac12", "Answer: \\boxed{\\frac{1}{2}}", True),
    ("\\frac{1}{2}", "Answer: \\boxed{\\frac12}", True),
    ("3\\sqrt{2}", "First \\boxed{3}, no: \\boxed{3\\sqrt{2}}", True),
    ("3\\sqrt{2}", "First \\boxed{3\\sqrt{2}}, no: \\boxed{3}", False),
    ("\\frac{3}{4}", "the answer is \\boxed{\\frac{3}{4}", True),
    ("\\sqrt{2}", "\\boxed{x = \\sqrt{2}}", True),
    ("\\frac{1}{2^{99}}", "\\boxed{\\frac{1}{2^{98}}}", False),
    ("\\frac{1}{2004!}", "\\boxed{\\frac{1}{2006!}}", False),
    ("1 - \\frac{1}{e}", "\\boxed{1 + \\frac{1}{e}}", False),
    ("3x-y+13=0", "\\boxed{3x+4y+14=0}", False),
    ("[0, \\frac{25}{2}]", "\\boxed{(0,12.5)}", False),
    ("\\text{13}", "\\boxed{13}", True),
    ("2 2/3", "\\boxed{2}", False),
    ("2\\frac23", "\\boxed{\\frac{8}{3}}", True),
    ("\\frac{8}{3}", "Answer: 2 2/3", True),
    ("2", "Answer: 2 2/3", False),
    ("10,\\!000", "\\boxed{10000}", True),
    ("50\\%", "\\boxed{0.5}", True),
    ("25\\text{ cm}^2", "\\boxed{25}", True),
    ("25", "\\boxed{25\\text{ cm}^2}", True),
    ("90^\\circ", "\\boxed{90}", True),
    ("\\frac{\\pi}{4}", "\\boxed{45^\\circ}", True),
    ("\\frac{100}{3}", "\\boxed{33.3}", False),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\\begin{pmatrix}1\\\\2\\end{pmatrix}}", True),
    ("x^2+2x+1", "\\boxed{(x+1)^2}", True),
    ("\\{1,2\\}", "\\boxed{1, 2}", True),
    ("x\\le 5", "\\boxed{x<5}", False),
    ("x<5", "\\boxed{x>5}", False),
    ("p - q", "\\boxed{q - p}", False),
    ("\\text{(B)}", "\\boxed{\\text{C}}", False),
    ("\\text{(B)}", "\\boxed{B}", True),
    ("B", "\\boxed{C}", False),
    ("\\text{even}", "\\boxed{\\text{odd}}", False),
    ("6", "\\fbox{6}", True),
    ("6", "The answer is $6$. We used 3 steps.", True),
    ("\\frac{1}{3}", "Answer: $\\frac13$ (about 0.33)", True),
    ("f(x)=x^2", "\\boxed{x^2}", True),
    ("1000000", "\\boxed{10^6}", True),
    ("6", "<think>\\boxed{7}</think> Answer: 6", True),
    ("6", "<think>\\boxed{6} hmm", False),
    ("\\begin{pmatrix} 0 & 0 \\\\ 0 & 1 \\end{pmatrix}", "\\boxed{1}", False),
    ("8\\sqrt{3} \\text { square inches}", "\\boxed{3}", False),
    ("8\\sqrt{3} \\text { square inches}", "\\boxed{8\\sqrt{3}}", True),
    ("99\\pi \\text{ square inches}", "\\boxed{99}", False),
    ("2^{10}\\text{ ways}", "\\boxed{1024}", True),
    ("2^{10}\\text{ ways}", "\\boxed{10}", False),
    ("x=\\text{even}", "\\boxed{\\text{even}}", True),
    ("\\frac{1}{2} \\text{ or } 3", "\\boxed{\\frac12, 3}", True),
    ("\\frac{1}{2} \\text{ or } 3", "\\boxed{3}", False),
    ("\\mathrm{(A)}", "\\boxed{A}", True),
    ("\\mathrm{(A)}", "\\boxed{B}", False),
    ("\\$18.90", "\\boxed{18.90}", True),
    ("\\mbox{Saturday}", "\\boxed{Sunday}", False),
    ("5 \\pmod{7}", "\\boxed{7}", False),
    ("5", "Try \\boxed{2}, no, \\boxed{5}", True),
    ("2", "\\boxed{2}\n\nwrong, it is \\boxed{5}", False),
    ("(-\\infty, 3]", "\\boxed{(-\\infty,3]}", True),
    ("(-\\infty, 3]", "\\boxed{(-\\infty,3)}", False),
    ("(1,2)", "\\boxed{(2,1)}", False),
    ("\\{1,2,3\\}", "\\boxed{\\{3,1\\}}", False),
    ("\\sqrt{2}", "\\boxed{1.41}", False),
    ("1 \\pm \\sqrt{2}", "\\boxed{1+\\sqrt{2}, 1-\\sqrt{2}}", True),
    ("2x+y=3", "\\boxed{4x+2y=6}", True),
    ("2516_8", "\\boxed{2516_8}", True),
    ("3+4i", "\\boxed{4i+3}", True),
    ("\\frac{x+1}{2}", "\\boxed{\\frac{1}{2}(x+1)}", True),
    ("x+1", "\\boxed{y+1}", False),
    ("1", "\\boxed{9^{9^{9}}}", False),
    ("1", "\\boxed{100000!}", False),
    ("1", "\\boxed{\\sum_{k=1}^{10^{9}} k^{k}}", False),
]


@pytest.mark.parametrize(("reference", "reply", "right"), REPLIES)
def test_a_formula_in_a_reply(reference: str, reply: str, right: bool) -> None:
    assert judged("math", reference, reply)[0] == right


def same_text(one: str, other: str) -> bool:
    forms = [re.sub(r"\s|\\left|\\right", "", text).replace("\\dfrac", "\\frac") for text in (one, other)]
    return forms[0] == forms[1]


def solutions_right(step: int) -> tuple[int, int, int]:
    """Of MATH: items, those whose own solution is right, and those for which another's of the same subject is."""
    items = [(i, parse_question({"problem": i.question, "solution": i.answer}, "")) for i in load_benchmark("math")]
    groups = defaultdict(list)
    for item, question in items:
        groups[item.group].append((item, question))
    choose = random.Random(0)
    own, others = [], []
    for item, question in items[::step]:
        own.append((question, item.answer))
        partner = choose.choice([one for one in groups[item.group] if not same_text(one[1].answer, question.answer)])
        others.append((question, partner[0].answer))
    with Oracles() as oracles:
        rights = [sum(one.right is True for one in oracles.judge_many(pairs)) for pairs in (own, others)]
    return len(own), *rights


def test_solutions_of_math_are_right_and_those_of_other_problems_wrong() -> None:
    items, own, others = solutions_right(20)
    assert own >= 0.99 * items and others <= 0.005 * items


@pytest.mark.slow
def test_all_solutions_of_math() -> None:
    items, own, others = solutions_right(1)
    assert items == own == 5000 and others <= 25


@pytest.mark.slow
def test_all_solutions_of_gsm8k() -> None:
    pairs = [
        (parse_question({"question": i.question, "answer": i.answer}, ""), i.answer) for i in load_benchmark("gsm8k")
    ]
    with Oracles() as oracles:
        assert sum(one.right is True for one in oracles.judge_many(pairs)) == len(pairs) == 1319
