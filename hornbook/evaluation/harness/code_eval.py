"""The metric code_eval (HumanEval, MBPP), with programs that run in our sandbox."""

import secrets
from collections import Counter
from collections.abc import Sequence
from math import comb
from typing import Any

from hornbook.sandbox.process import run_python

SECONDS = 3.0  # for a program and its tests; code_eval's own limit
MEMORY_MB = 1024


class CodeEval:
    """What `evaluate.load("code_eval")` returns, as far as lm-eval's tasks use it."""

    def compute(
        self, references: Sequence[str], predictions: Sequence[Sequence[str]], k: Sequence[int] = (1,), **_: Any
    ) -> tuple[dict[str, float], dict[int, list[bool]]]:
        """pass@k over all problems, and for each problem which of its programs passed.

        Raises HornbookError where there is no sandbox.
        """
        passed = {
            number: [passes(program, tests) for program in programs]
            for number, (tests, programs) in enumerate(zip(references, predictions, strict=True))
        }
        estimates = {
            f"pass@{size}": sum(pass_at(size, verdicts) for verdicts in passed.values()) / len(passed)
            for size in k
            if all(len(verdicts) >= size for verdicts in passed.values())
        }
        return estimates, passed


def passes(program: str, tests: str) -> bool:
    """Whether the program and then its tests run to their end without an error."""
    word = secrets.token_hex(16)  # a program that exits early does not know what would have been printed
    outcome = run_python(f"{program}\n{tests}\nprint({word!r})\n", seconds=SECONDS, memory_mb=MEMORY_MB)
    return outcome.exit_code == 0 and outcome.stdout.rstrip().endswith(word)


def pass_at(k: int, verdicts: Sequence[bool]) -> float:
    """The chance that one of `k` programs drawn from these passes (unbiased)."""
    wrong = Counter(verdicts)[False]
    return 1.0 - comb(wrong, k) / comb(len(verdicts), k)
