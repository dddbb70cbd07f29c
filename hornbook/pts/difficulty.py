"""How hard each question is for the model, estimated from all its rollouts."""

import numpy as np

from hornbook.pts.confidence_sequence import log_likelihood
from hornbook.pts.posterior import GRID, TAIL
from hornbook.pts.records import Difficulty
from hornbook.pts.rollout_pools import Pools
from hornbook.pts.screening import root
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import JudgedRollout


def difficulties(
    settings: PtsSettings, pools: Pools, starts: dict[int, list[np.ndarray]], found: dict[int, int]
) -> list[Difficulty]:
    """A row for each question. `starts`: by case, posteriors of p(success) from its solutions; `found`: its pivots."""
    rows = []
    for case, (question, _) in enumerate(pools.runner.cases):
        made = pools.of(root(case))
        searched = case in starts
        p_G = np.mean(starts[case], axis=0) if searched else start_of(made)
        p, mass_G = float(p_G @ GRID), p_G.cumsum()
        low, high = (float(GRID[min(len(GRID) - 1, int(np.searchsorted(mass_G, t)))]) for t in (TAIL, 1 - TAIL))
        rows.append(
            Difficulty(
                question=question.id,
                task=question.task,
                p=p,
                low=min(p, low),
                high=max(p, high),
                n=len(made),
                searched=searched,
                in_range=searched and settings.p_low - 1e-9 <= p <= settings.p_high + 1e-9,
                tokens=sum(len(outcome.tokens) for outcome in made) / len(made),
                nats=-sum(sum(outcome.logprobs) for outcome in made) / len(made),
                unfinished=sum(outcome.finish != "stop" for outcome in made) / len(made),
                pivots=found.get(case, 0),
            )
        )
    return rows


def start_of(made: list[JudgedRollout]) -> np.ndarray:
    """Posterior of p(success) on GRID, given rollouts from the prompt, under Jeffreys' prior."""
    log = log_likelihood(sum(outcome.success for outcome in made), len(made), GRID)
    inner = GRID.clip(GRID[1] / 4, 1 - GRID[1] / 4)
    weight_G = np.exp(log - log.max()) / np.sqrt(inner * (1 - inner))
    return np.asarray(weight_G / weight_G.sum())
