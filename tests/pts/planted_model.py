"""A process with known p(success): a toy model whose solutions turn on one planted token, and an engine that runs it.

A solution reads `xxxGxx⏎R`: noise, one of G or B (even chances), noise, and a last line R (right) or W. After G it
ends in R nine times in ten, after B once. So p(success) is 0.5, then 0.9 or 0.1, then 1 or 0; all exactly known.
"""

import math
import time
from collections.abc import Callable

from hornbook.base.records import Question
from hornbook.inference.rollouts import Request, Rollout
from hornbook.inference.sampling import uniforms
from hornbook.inference.settings import Sampling
from tests.inference.tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
STOP, PROMPT_END = 3, 2
ID = TOKENIZER.get_vocab()
FORK = 3  # position of G or B
AFTER = {"G": 0.9, "B": 0.1}


def true_p(solution: str) -> float:
    """p(success) after the beginning of a solution."""
    if solution.rstrip("!")[-1:] in ("R", "W"):
        return float("R" in solution)
    return AFTER[solution[FORK]] if len(solution) > FORK else 0.5


def next_tokens(solution: str) -> dict[str, float]:
    place = len(solution)
    if place == FORK:
        return {"G": 0.5, "B": 0.5}
    if place == 6:
        return {"\n": 1.0}
    if place == 7:
        p = AFTER[solution[FORK]]
        return {"R": p, "W": 1 - p}
    return {"x": 0.5, "y": 0.3, "z": 0.2} if place < 6 else {"!": 1.0}


class PlantedEngine:
    """Samples the process above; counts what it is asked for, and can be slow or break off after some calls."""

    context, fingerprint = 200, "planted"

    def __init__(self, seed: int = 0, breaks_after: int | None = None, seconds_a_call: float = 0.0) -> None:
        self.seed, self.breaks_after, self.seconds_a_call = seed, breaks_after, seconds_a_call
        self.keys: list[str] = []
        self.calls = 0

    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        if self.calls == self.breaks_after:
            raise KeyboardInterrupt
        self.calls += 1
        time.sleep(self.seconds_a_call)
        self.keys += [request.key for request in requests]
        return [self._one(request, sampling) for request in requests]

    def _one(self, request: Request, sampling: Sampling) -> Rollout:
        start = len(request.prefix) - request.prefix[::-1].index(PROMPT_END)
        solution = "".join(TOKENIZER.convert_ids_to_tokens(request.prefix[start:]))
        tokens: list[int] = []
        logprobs: list[float] = []
        limit = request.limit or sampling.max_new_tokens
        for u in uniforms(self.seed, request.key, limit):
            choices = dict(next_tokens(solution))
            if not tokens:
                choices = {letter: p for letter, p in choices.items() if ID.get(letter, STOP) != request.avoid}
                choices = {letter: p / sum(choices.values()) for letter, p in choices.items()}
            reached = 0.0
            for letter, p in choices.items():  # noqa: B007  (the last letter, where rounding leaves a gap)
                reached += p
                if u < reached:
                    break
            tokens.append(STOP if letter == "!" else ID[letter])
            logprobs.append(math.log(choices[letter]))
            solution += letter
            if letter == "!":
                break
        return Rollout(tokens, logprobs, "stop" if tokens[-1] == STOP else "length")

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        raise NotImplementedError


def planted_questions(count: int) -> list[Question]:
    return [
        Question(id=f"question-{n}", task="planted", prompt=f"which {n}?", answer="R", oracle="exact")
        for n in range(count)
    ]
