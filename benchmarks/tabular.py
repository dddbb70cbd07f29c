"""A language model in a table: p(success | prefix) is known exactly, so that a search can be held against the truth.

A solution is `length` tokens and a stop token. After each token the model is in one of `STATES` states, a function of
the tokens so far; every (time, state) has its own next-token distribution and its own table of successors. The last
state decides the verdict. Dynamic programming from the end gives p(success) at every (time, state).
"""

from collections.abc import Callable

import numpy as np

from hornbook.base.records import Question
from hornbook.base.rng import rng
from hornbook.inference.rollouts import Request, Rollout
from hornbook.inference.sampling import uniforms
from hornbook.inference.settings import Sampling
from hornbook.pts.judged_rollouts import OracleVerdict
from hornbook.pts.types import SearchCase

STATES, VOCABULARY = 24, 8
STOP, PROMPT = VOCABULARY, VOCABULARY + 1


class Tabular:
    """A random table. Most of its tokens are nearly certain and harmless; some are forks, and some forks matter.

    `open_share` is the share of places where the model hesitates; where it does, a token of weight may lead anywhere.
    Questions are asked from the states from which success is neither rare nor sure, or from `all_starts`.
    Opposite moves that cancel within a few tokens arise by themselves: successors are drawn without regard to order.
    """

    def __init__(
        self,
        seed: int,
        length: int = 40,
        open_share: float = 0.3,
        jump: float = 0.25,
        states: int = STATES,
        all_starts: bool = False,
    ) -> None:
        draw = rng(seed, "tabular")
        self.length = length
        self.probs_TSV = np.zeros((length, states, VOCABULARY))
        self.next_TSV = np.tile(np.arange(states)[None, :, None], (length, 1, VOCABULARY))
        shape = (length, states)
        hesitates_TS = draw.random(shape) < open_share
        top_TS = np.where(hesitates_TS, draw.uniform(0.15, 0.8, shape), 1 - draw.exponential(0.02, shape).clip(0, 0.2))
        rest_TSV = draw.dirichlet(np.full(VOCABULARY - 1, 0.5), shape)
        self.probs_TSV[:, :, 0] = top_TS
        self.probs_TSV[:, :, 1:] = rest_TSV * (1 - top_TS)[:, :, None]
        order_TSV = draw.permuted(np.tile(np.arange(VOCABULARY), (*shape, 1)), axis=2)
        self.probs_TSV = np.take_along_axis(self.probs_TSV, order_TSV, axis=2)
        # the quality of a state is its place; a step drifts by a little, a jump goes anywhere
        drift_TSV = np.rint(draw.normal(0, 0.6, self.next_TSV.shape)).astype(int)
        jumps_TSV = draw.random(self.next_TSV.shape) < jump * hesitates_TS[:, :, None]
        anywhere_TSV = draw.integers(0, states, self.next_TSV.shape)
        self.next_TSV = np.where(jumps_TSV, anywhere_TSV, (self.next_TSV + drift_TSV).clip(0, states - 1))
        self.right_S = np.arange(states) >= states // 2
        self.value_TS = np.zeros((length + 1, states))
        self.value_TS[length] = self.right_S
        for t in reversed(range(length)):
            after_SV = self.value_TS[t + 1][self.next_TSV[t]]
            self.value_TS[t] = (self.probs_TSV[t] * after_SV).sum(1)
        self.starts = np.arange(states)
        if not all_starts:
            self.starts = np.flatnonzero((self.value_TS[0] >= 0.2) & (self.value_TS[0] <= 0.8))

    def state(self, start: int, tokens: tuple[int, ...] | list[int]) -> int:
        """The state after `tokens`."""
        state = start
        for t, token in enumerate(tokens[: self.length]):
            state = int(self.next_TSV[t, state, token])
        return state

    def p_success(self, start: int, tokens: tuple[int, ...] | list[int]) -> float:
        """p(success) after `tokens`, exactly."""
        return float(self.value_TS[min(len(tokens), self.length), self.state(start, tokens)])

    def cases(self) -> list[SearchCase]:
        """A question for each start; its prompt names the state."""
        return [
            SearchCase(Question(id=f"start-{start}", task="tabular", prompt=""), [PROMPT, int(start)])
            for start in self.starts
        ]

    def judge(self, question: Question, tokens: list[int]) -> OracleVerdict:
        return OracleVerdict(bool(self.right_S[self.state(int(question.id.split("-")[1]), tokens)]))


class TabularEngine:
    """Samples from a table, behind the same interface as a neural model's engine."""

    context, fingerprint = 1 << 20, "tabular"

    def __init__(self, model: Tabular, seed: int = 0) -> None:
        self.model, self.seed = model, seed

    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        model, length = self.model, self.model.length
        begun = np.array([len(request.prefix) - 2 for request in requests])
        state_R = np.array([model.state(request.prefix[1], request.prefix[2:]) for request in requests])
        avoid_R = np.array([request.avoid for request in requests])
        uniform_RT = np.array([uniforms(self.seed, request.key, length + 1) for request in requests])
        tokens_RT = np.full((len(requests), length + 1), STOP)
        logprobs_RT = np.zeros((len(requests), length + 1))
        rows = np.arange(len(requests))
        for t in range(int(begun.min()), length):
            probs_RV = model.probs_TSV[t, state_R].copy()
            first = (begun == t) & (avoid_R >= 0)
            probs_RV[rows[first], avoid_R[first]] = 0
            probs_RV /= probs_RV.sum(1, keepdims=True)
            token_R = (probs_RV.cumsum(1) <= uniform_RT[:, t, None]).sum(1).clip(max=VOCABULARY - 1)
            tokens_RT[:, t] = token_R
            logprobs_RT[:, t] = np.log(probs_RV[rows, token_R])
            state_R = np.where(begun <= t, model.next_TSV[t, state_R, token_R], state_R)
        return [
            Rollout(tokens_RT[row, start:].tolist(), logprobs_RT[row, start:].tolist(), "stop")
            for row, start in enumerate(begun)
        ]

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        raise NotImplementedError("a search needs no scoring")


def true_moves(model: Tabular, start: int, tokens: tuple[int, ...]) -> np.ndarray:
    """Δp of each token of a solution, exactly; the stop token's is 0."""
    values = [model.p_success(start, tokens[:place]) for place in range(len(tokens) + 1)]
    return np.diff(values)
