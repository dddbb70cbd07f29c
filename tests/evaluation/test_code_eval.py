import pytest

from hornbook.evaluation.harness.code_eval import CodeEval

TESTS = "assert add(2, 3) == 5\n"
PROGRAMS = [  # a program, and whether it passes
    ("def add(a, b):\n    return a + b", True),
    ("def add(a, b):\n    return a * b", False),
    ("def add(a, b)\n    return a + b", False),
    ("import sys\nsys.exit(0)", False),
    ("import os\nos._exit(0)", False),
    ("while True: pass", False),
]


@pytest.mark.parametrize(("program", "right"), PROGRAMS)
def test_a_program_passes_if_it_and_its_tests_run_to_the_end(program: str, right: bool) -> None:
    estimates, passed = CodeEval().compute([TESTS], [[program]], k=[1])
    assert (estimates, passed) == ({"pass@1": float(right)}, {0: [right]})


def test_pass_at_k_is_unbiased() -> None:
    right, wrong = PROGRAMS[0][0], PROGRAMS[1][0]
    estimates, _ = CodeEval().compute([TESTS], [[right, wrong, wrong, wrong]], k=[1, 2])
    assert estimates == {"pass@1": 0.25, "pass@2": pytest.approx(0.5)}
