"""Tables of both searches for the terminal, and the recommendation as lines of a recipe."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from hornbook.tuning import mixture_comparison as compare
from hornbook.tuning.interpolate import Interpolation, Interval
from hornbook.tuning.lr_grid import GridCell
from hornbook.tuning.warmup_stress import WarmupLimit


def grid_table(cells: Sequence[GridCell], found: Interpolation) -> Table:
    """Loss by horizon, batch and rate, with the optimum of each row."""
    rates = sorted({rate for cell in cells for rate in cell.rates})
    table = Table("tokens", "batch", *[f"{rate:g}" for rate in rates], "best rate", "95 %", "loss", box=None)
    for cell, best, between in zip(cells, found.optima, found.optima_between, strict=True):
        means = dict(zip(cell.rates, cell.losses_RS.mean(axis=1), strict=True))
        table.add_row(
            f"{cell.horizon:,}",
            f"{cell.batch_rows}",
            *[_loss(means.get(rate)) for rate in rates],
            f"{np.exp(best.x):.2e}{'' if best.inside else ' (edge)'}",
            span(between, ".2e"),
            f"{best.loss:.3f}",
        )
    return table


def stress_table(limits: Sequence[WarmupLimit]) -> Table:
    """Stability by warm-up and rate, and the largest stable rate."""
    rates = sorted({rate for limit in limits for rate, _ in limit.tried})
    table = Table(
        "warm-up, steps",
        *[f"{rate:.2e}" for rate in rates],
        "largest stable",
        "loss at the rate tuned for this horizon",
        box=None,
    )
    for limit in limits:
        verdicts = dict(limit.tried)
        largest = f"{limit.largest:.2e}" if limit.largest else "none"
        table.add_row(f"{limit.warmup}", *[verdicts.get(rate, "") for rate in rates], largest, _loss(limit.loss))
    return table


def recipe_lines(advice: dict[str, Any]) -> str:
    """The recommendation as lines of a recipe. A rate has a dot, since YAML reads 1e-3 as text."""
    between = f", 95 % {span(advice['between'], '.2e')}" if advice["between"] else ""
    steps = f"    # {advice['warmup_steps']} steps" if advice["warmup_steps"] else ""
    return (
        f"learning_rate: {advice['learning_rate']:.2e}    # hornbook tune, for {advice['target']:,} tokens{between}\n"
        f"batch_rows: {advice['batch_rows']}\n"
        f"warmup_share: {advice['warmup_share']:.3g}{steps}\n"
    )


def allocation_table(allocations: Mapping[str, Mapping[str, float]]) -> Table:
    """Share of each source in each allocation."""
    sources = sorted({source for shares in allocations.values() for source in shares})
    table = Table("allocation", *sources, box=None)
    for name, shares in allocations.items():
        table.add_row(name, *[f"{shares[source]:.1%}" if source in shares else "" for source in sources])
    return table


def figure_table(figure: str, cells: Sequence[compare.MetricComparison], allocations: Sequence[str]) -> Table:
    """One figure by allocation, at each size and horizon: the mean, and the difference from the baseline, with * where
    it is larger than the noise."""
    table = Table(figure, *[f"{cell.size}, {cell.horizon:,}" for cell in cells], box=None)
    for name in allocations:
        table.add_row(name, *[_compared(cell, name) for cell in cells])
    table.add_row("± (95 %, of a difference)", *["" if c.half is None else f"{c.half:.3f}" for c in cells])
    return table


def agreement_table(agreements: Sequence[compare.Agreement]) -> Table:
    """Rank correlations between horizons and between sizes."""
    table = Table(
        "figure", "ranked alike by", "at", "Spearman", "95 % under noise", "p (chance agrees so well)", box=None
    )
    for pair in agreements:
        rho, between, p = pair.correlation
        ends = " and ".join(pair.between)
        table.add_row(pair.figure, f"{pair.what} {ends}", pair.at, f"{rho:.2f}", span(between, ".2f"), f"{p:.3f}")
    return table


def span(between: Interval, form: str) -> str:
    return f"{between[0]:{form}} to {between[1]:{form}}" if between else ""


def _loss(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if np.isfinite(value) else "diverged"


def _compared(cell: compare.MetricComparison, name: str) -> str:
    difference = cell.differences[name]
    if difference == 0:
        return f"{cell.means[name]:.3f}"
    beyond = cell.half is not None and abs(difference) > cell.half
    return f"{cell.means[name]:.3f} ({difference:+.3f}{'*' if beyond else ''})"
