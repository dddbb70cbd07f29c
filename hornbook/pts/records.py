"""What a search leaves behind beside pivots and pairs."""

import msgspec

from hornbook.base.records import Record


class Point(msgspec.Struct):
    """p(success) after the first `position` tokens of a solution, with its 95 % interval.

    `n` rollouts say so; it is 0 where the verdict is known.
    """

    position: int
    p: float
    low: float
    high: float
    n: int


class Difficulty(msgspec.Struct):
    """How hard a question is for the model (difficulty.parquet), by all that was sampled for it."""

    question: str
    task: str
    p: float  # what is believed of p(success), with its 95 % interval
    low: float
    high: float
    n: int  # rollouts from its prompt; of a searched question, those that left a solution count as well
    searched: bool
    in_range: bool  # searched, and p lies between p_low and p_high: its pivots may give pairs
    tokens: float  # mean length of a rollout
    nats: float  # mean surprise of a rollout: how many ways the model sees, in natural logarithms
    unfinished: float  # share of rollouts that ran into the limit
    pivots: int  # reported in its solutions


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
    stream: str  # search; off, for those forced off a solution; before and fresh, for more that settle or confirm
    number: int
    avoid: int  # the token that the first one was not to be; -1 for none
    prefix_tokens: list[int]
    tokens: list[int]
    finish: str
    success: bool
