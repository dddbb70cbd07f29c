"""Benchmarks whose questions are answered by a worked solution: GSM8K and MATH (report §5)."""

from hornbook.base.records import Question
from hornbook.data.benchmarks import load_benchmark
from hornbook.evaluation.metrics import BENCHMARK
from hornbook.evaluation.multiple_choice import seeded_choice
from hornbook.oracles.parse_question import parse_question

ANSWERED = ("gsm8k", "math", "math_500")


def pose_items(name: str, most: int, seed: int) -> list[Question]:
    """At most `most` items of a benchmark as questions, each with the oracle that fits its answer."""
    return [
        parse_question(
            {"id": item.id, "task": f"{BENCHMARK}:{name}", "question": item.question, "solution": item.answer}, ""
        )
        for item in seeded_choice(load_benchmark(name), most, seed)
    ]
