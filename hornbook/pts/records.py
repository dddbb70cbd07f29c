"""Records that a search writes besides pivots and pairs."""

import msgspec

from hornbook.base.records import Record


class Point(msgspec.Struct):
    """p(success) after the first `position` tokens of a solution, with its 95 % interval.

    Estimated from `n` rollouts; `n` is 0 where the verdict is known.
    """

    position: int
    p: float
    low: float
    high: float
    n: int


class Difficulty(msgspec.Struct):
    """How hard a question is for the model (difficulty.parquet), estimated from all its rollouts."""

    question: str
    task: str
    p: float  # estimate of p(success), with its 95 % interval
    low: float
    high: float
    n: int  # rollouts from its prompt
    searched: bool
    in_range: bool  # searched, and p lies between p_low and p_high: its pivots may give pairs
    tokens: float  # mean length of a rollout
    nats: float  # mean negative log-probability of a rollout
    unfinished: float  # share of rollouts that reached the token limit
    pivots: int  # reported in its solutions


class SearchedSolution(Record):
    """A solution with the estimates of p(success) along it (solutions.parquet)."""

    question: str  # Question.id
    task: str
    prompt: str  # the question's text
    prompt_tokens: list[int]
    solution_tokens: list[int]
    strings: list[str]  # each token as text
    logprobs: list[float]  # of each token, under the sampling distribution
    verdict: bool
    estimates: list[Point]


class RolloutRecord(msgspec.Struct):
    """A rollout (rollouts.parquet). `prefix_tokens` begin after the question's prompt."""

    question: str
    stream: str  # search; "search off N": forced to diverge; before: for pairs; fresh: for confirmation
    number: int
    avoid: int  # token excluded for the first position; -1 for none
    prefix_tokens: list[int]
    tokens: list[int]
    finish: str
    success: bool
