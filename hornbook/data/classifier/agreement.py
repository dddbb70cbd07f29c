"""How well a classifier agrees with held-out labels, in each language."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from hornbook.base.agreement import clustered, quadratic_kappa, spearman
from hornbook.base.confidence_intervals import Estimate, estimate
from hornbook.base.files import read_json
from hornbook.base.records import Label
from hornbook.data.classifier.model import Scores
from hornbook.data.classifier.topics import GRADES, HIGHEST, path_of

FEWEST = 30  # labels of a language that has a row of its own
RESAMPLES = 500
ALL = "all"


def agreement_rows(
    split: str,
    keys: Sequence[str],
    rows: Sequence[Label],
    scores: Scores,
    topics: list[str],
    random: np.random.Generator,
) -> list[dict[str, Any]]:
    """A row for all labels and one for each frequent language: Spearman's rank correlation and kappa with quadratic
    weights of the mean grade, Spearman's of each grade, the shares of right topics and paths; each with its 95 %
    interval. Labels with one of the split's `keys` (their site, or themselves) are resampled together."""
    chosen = [topics[number] for number in scores.topics.argmax(axis=1)]
    languages = Counter(row.language for row in rows if row.language)
    table = []
    for name in [ALL, *(language for language, count in languages.most_common() if count >= FEWEST)]:
        members = [number for number, row in enumerate(rows) if name in (ALL, row.language)]
        table.append({"split": split} | _row(name, members, keys, rows, scores, chosen, random))
    return table


def _row(
    language: str,
    members: list[int],
    keys: Sequence[str],
    rows: Sequence[Label],
    scores: Scores,
    chosen: list[str],
    random: np.random.Generator,
) -> dict[str, Any]:
    mine = [rows[i] for i in members]
    clusters = [keys[i] for i in members]
    given = np.array([row.grade for row in mine])
    found = scores.quality[members] * HIGHEST

    def interval(statistic: Callable[..., float], x: np.ndarray, y: np.ndarray) -> dict[str, float]:
        return _plain(clustered(lambda i: statistic(x[i], y[i]), clusters, RESAMPLES, random))

    right = [float(row.topic == chosen[i]) for row, i in zip(mine, members, strict=True)]
    path = [float(path_of(row.topic) == path_of(chosen[i])) for row, i in zip(mine, members, strict=True)]
    each = {
        name: interval(spearman, np.array([getattr(row, name) for row in mine]), scores.grades[members, number])
        for number, name in enumerate(GRADES)
    }
    return {
        "language": language,
        "labels": len(mine),
        "sites": len({row.site for row in mine}),
        "spearman": interval(spearman, given, found),
        "kappa": interval(quadratic_kappa, given, found),
        "grades": each,
        "topic": _plain(estimate(_clusters(right, clusters))),
        "path": _plain(estimate(_clusters(path, clusters))),
    }


def _clusters(values: list[float], keys: list[str]) -> list[list[float]]:
    groups: dict[str, list[float]] = {}
    for value, key in zip(values, keys, strict=True):
        groups.setdefault(key, []).append(value)
    return list(groups.values())


def _plain(found: Estimate) -> dict[str, float]:
    return {"mean": round(found.mean, 4), "low": round(found.low, 4), "high": round(found.high, 4)}


def agreement_tables(out: Path) -> Iterator[Table]:
    """The table of a finished training."""
    table = Table(title="Agreement with held-out labels (95 % intervals)")
    for name in ("held out", "language", "labels", "sites", "Spearman", "kappa", "topic", "path"):
        table.add_column(name, justify="left" if name in ("held out", "language") else "right")
    for row in read_json(out / "book.json")["notes"]["agreement"]:
        measures = [row[name] for name in ("spearman", "kappa", "topic", "path")]
        shown = [f"{one['mean']:.2f} ({one['low']:.2f}–{one['high']:.2f})" for one in measures]
        table.add_row(row["split"], row["language"], f"{row['labels']:,}", f"{row['sites']:,}", *shown)
    yield table
