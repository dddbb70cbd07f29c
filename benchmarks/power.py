"""Is what is said about power true? Recorded outcomes of pairs of models are drawn again and again, and tested.

A pair of evaluations and a score is taken as the truth: its difference and its spread are known. From its questions
sets are drawn (with replacement) of the sizes that `questions_for` says the difference needs, and of half as
many. The share of sets on which `compare`'s test is significant is set beside the power that was said. For false
alarms the sign of every difference is drawn too, so that the models are equal.

    python -m benchmarks.power RUN... [--draws 1000] [--json FILE]
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from hornbook.base.files import read_records
from hornbook.base.rng import rng
from hornbook.evaluation.metrics import ScoredReply, values_by_score
from hornbook.evaluation.power import power, questions_for
from hornbook.evaluation.significance import SIGNIFICANT, paired_bootstrap, sign_flip_test

RESAMPLES = 1000
SHARES = (0.5, 1.0)  # of the questions that are said to be needed for a power of 80 %
MOST = 1500  # questions of a set


def recorded_pairs(runs: list[Path], scores: list[str]) -> list[tuple[str, np.ndarray]]:
    """(name, difference on each question) of neighbouring evaluations of a run (by name): of first replies (verdicts
    of 0 and 1), and of the mean of all replies (graded)."""
    pairs = []
    for run in runs:
        tables = {
            file.parent.name.rpartition("-")[0]: values_by_score(read_records(file, ScoredReply))
            for file in sorted(run.glob("artifacts/eval-*/answers.parquet"))
        }
        for (one, first), (other, second) in pairwise(tables.items()):
            for score in scores:
                shared = sorted(first.get(score, {}).keys() & second.get(score, {}).keys())
                for kind, value in (("first reply", lambda values: values[0]), ("mean of replies", np.mean)):
                    moved = np.array([value(second[score][q]) - value(first[score][q]) for q in shared], dtype=float)
                    if len(moved) > 100:
                        pairs.append((f"{run.name}: {one} → {other}, {score}, {kind}", moved))
    return pairs


def is_significant(moved: np.ndarray, number: int) -> bool:
    """As `significance.compare` decides."""
    p = sign_flip_test(moved, RESAMPLES, rng(number, "flips"))
    if p >= SIGNIFICANT:
        return False
    low, high = paired_bootstrap(moved, RESAMPLES, rng(number, "bootstrap"))
    return low > 0 or high < 0


def measure(name: str, moved: np.ndarray, draws: int) -> list[dict[str, Any]]:
    """Rows of said and realised power for one pair, and its false alarms; none where sets would be too large."""
    binary, spread = bool(np.isin(np.abs(moved), (0, 1)).all()), float(np.sqrt((moved**2).mean()))
    difference = abs(float(moved.mean()))
    needed = questions_for(difference, spread, binary=binary)
    rows = []
    for share in SHARES:
        n = round((needed or 0) * share)
        if not 20 <= n <= MOST:
            continue
        random = rng(0, "power", name, str(n))
        shown = alarms = 0
        for number in range(draws):
            drawn = moved[random.integers(len(moved), size=n)]
            shown += is_significant(drawn, number)
            alarms += is_significant(np.abs(drawn) * (random.integers(2, size=n) * 2 - 1), number)
        said = power(difference, n, spread, binary=binary)
        rows.append(
            {
                "pair": name,
                "difference": difference,
                "differ": float((moved != 0).mean()),
                "n": n,
                "said": said,
                "realised": shown / draws,
                "false alarms": alarms / draws,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs with evaluations")
    parser.add_argument("--scores", nargs="+", default=["reasoning", "trivia correct"])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = []
    print("| pair | difference | differ on | n | power said | realised | false alarms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, moved in recorded_pairs(given.runs, given.scores):
        for row in measure(name, moved, given.draws):
            rows.append(row)
            shares = [f"{100 * row[key]:.1f}" for key in ("difference", "differ")]
            chances = [f"{100 * row[key]:.1f} %" for key in ("said", "realised", "false alarms")]
            print(f"| {name} | {shares[0]} | {shares[1]} % | {row['n']:,} | {' | '.join(chances)} |", flush=True)
    furthest = max(abs(row["said"] - row["realised"]) for row in rows)
    print(f"furthest from what was said: {100 * furthest:.1f} points; most false alarms: "
          f"{max(row['false alarms'] for row in rows):.1%}")  # fmt: skip
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
