"""Solutions with their pivotal tokens coloured and p(success) drawn along them (the report's figure 3)."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from markupsafe import Markup

from hornbook.base.charts import success_curve

SOLUTIONS_SHOWN = 6
FAINTEST = 0.05  # smaller changes of p(success) are not coloured


def pivotal_solutions(folder: Path) -> list[dict[str, Any]]:
    """The solutions of a search with the most and largest confirmed pivots, ready for the page."""
    if not (folder / "solutions.parquet").exists():
        return []
    solutions = pq.read_table(folder / "solutions.parquet").to_pylist()
    pivots = pq.read_table(folder / "pivots.parquet").to_pylist()
    of_solution: dict[str, list[dict[str, Any]]] = {}
    for pivot in pivots:
        of_solution.setdefault(pivot["solution"], []).append(pivot)
    ranked = sorted(solutions, key=lambda s: (-_weight(of_solution.get(s["id"], [])), s["id"]))
    return [_solution(s, of_solution[s["id"]]) for s in ranked[:SOLUTIONS_SHOWN] if s["id"] in of_solution]


def _weight(pivots: list[dict[str, Any]]) -> float:
    return sum(abs(_delta(pivot)) * (2 if pivot["confirmed"] else 1) for pivot in pivots)


def _delta(pivot: dict[str, Any]) -> float:
    return float(pivot["p_after"] - pivot["p_before"])


def _solution(solution: dict[str, Any], pivots: list[dict[str, Any]]) -> dict[str, Any]:
    by_position = {pivot["position"]: pivot for pivot in pivots}
    estimates = [(e["position"], e["p"], e["low"], e["high"]) for e in solution["estimates"]]
    ends = "right" if solution["verdict"] else "wrong"
    confirmed = sum(pivot["confirmed"] for pivot in pivots)
    return {
        "title": f"{solution['task']}: {len(pivots)} pivotal tokens, {confirmed} confirmed; the answer is {ends}",
        "question": solution["prompt"],
        "tokens": [_token(text, by_position.get(i)) for i, text in enumerate(solution["strings"])],
        "chart": Markup(success_curve(estimates, len(solution["strings"]), sorted(by_position))),
        "caption": "p(success) after so many tokens, with 95 % intervals; bands mark pivotal tokens.",
    }


def _token(text: str, pivot: dict[str, Any] | None) -> dict[str, Any]:
    shown = text.replace("\n", "⏎\n")
    if pivot is None or abs(_delta(pivot)) < FAINTEST:
        return {"text": shown, "style": "", "pivot": False, "title": ""}
    delta = _delta(pivot)
    colour = "47,111,78" if delta > 0 else "168,50,31"
    strength = min(0.75, 0.15 + abs(delta))
    rollouts = f"{pivot['n_before']} and {pivot['n_after']} rollouts"
    title = f"p(success) {pivot['p_before']:.2f} → {pivot['p_after']:.2f}, {rollouts}"
    title += ", confirmed" if pivot["confirmed"] else ", not confirmed"
    return {"text": shown, "style": f"background:rgba({colour},{strength:.2f})", "pivot": True, "title": title}
