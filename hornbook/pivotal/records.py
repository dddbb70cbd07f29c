"""What a search leaves behind beside pivots and pairs."""

import msgspec

from hornbook.base.records import Record


class Point(msgspec.Struct):
    """p(success) after the first `position` tokens of a solution, with its 95 % interval; n is 0 if it is known."""

    position: int
    p: float
    low: float
    high: float
    n: int


class SearchedSolution(Record):
    """A solution and what was learnt along it (solutions.parquet)."""

    question: str  # Question.id
    task: str
    prompt: str  # the question's text
    prompt_tokens: list[int]
    solution_tokens: list[int]
    strings: list[str]  # each token as text
    logprobs: list[float]  # of each token, under the sampling distribution
    verdict: bool
    estimates: list[Point]


class MadeRollout(msgspec.Struct):
    """A rollout that was made (rollouts.parquet). `prefix_tokens` begin after the question's prompt."""

    question: str
    stream: str  # search, or fresh for those that confirm
    number: int
    prefix_tokens: list[int]
    tokens: list[int]
    finish: str
    success: bool
