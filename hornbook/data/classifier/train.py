"""The stage that trains a classifier on labels, and says how well it agrees with labels it has not seen."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hornbook.base.errors import HornbookError
from hornbook.base.records import Label
from hornbook.base.rng import derive, rng
from hornbook.base.workspace import Workspace
from hornbook.data.classifier.agreement import agreement_rows
from hornbook.data.classifier.features import BATCH, embed
from hornbook.data.classifier.model import Classifier, Scores, as_scores
from hornbook.data.classifier.selection import BINS, threshold
from hornbook.data.classifier.topics import GRADES, PATHS, path_of
from hornbook.data.readers.load import stream_records
from hornbook.data.settings import ClassifierSettings

FOLDS = 10
FEWEST = 50  # labels
MOST = 20_000  # labels: the solution takes 8 bytes for each pair of them
TEMPERATURES = np.geomspace(0.05, 2, 24)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # to keep, in the classifier's table of thresholds
NEW_SITES, NEW_PAGES = "new sites", "new pages of known sites"


def train_classifier(
    settings: ClassifierSettings, work: Workspace, *, labels: Sequence[Path], documents: Sequence[Path] = ()
) -> None:
    """Write classifier.safetensors: ridge regression of the three grades, and of each topic, on hashed n-grams.

    `documents` are those of labels without texts. Agreement is measured on held-out labels in ten folds that divide no
    site, and once more in folds of single labels; the classifier is then trained on all of them. Raises HornbookError
    for fewer than 50 labels with a text.
    """
    rows = _with_texts(settings, work, labels, documents)
    if len(rows) < FEWEST:
        more = f"classifier: {len(rows)} labels with a text; expected at least {FEWEST}{work.first_set_aside()}"
        raise HornbookError(more if labels else "classifier: no labels")
    if len(rows) > MOST:
        work.warn(f"a seeded choice of {MOST:,} of the {len(rows):,} labels is used")
        rows = sorted(rows, key=lambda row: derive(work.seed, "classifier", row.id))[:MOST]
    rows.sort(key=lambda row: row.id)
    topics = sorted({row.topic for row in rows})
    targets = _targets(rows, topics)
    with work.progress("training", 2 * FOLDS + 2) as bar:
        vectors = np.concatenate([_unit(batch) for batch in _batches(rows)])
        products = (vectors @ vectors.T).astype(np.float64)
        bar.advance()
        splits = {NEW_SITES: [row.site for row in rows], NEW_PAGES: [row.id for row in rows]}
        if len(set(splits[NEW_SITES])) == 1:
            work.warn("all labels are of one site: how it fares on others is not known")
            del splits[NEW_SITES]
        heldout = {}
        for name, keys in splits.items():
            heldout[name] = _heldout(products, targets, keys, settings.penalty)
            bar.advance(FOLDS)
        coefficients, bias = _ridge(products, targets, settings.penalty)
    hardest = heldout.get(NEW_SITES, heldout[NEW_PAGES])
    temperature = _temperature(hardest[:, len(GRADES) :], np.array([topics.index(row.topic) for row in rows]))
    scores = {name: as_scores(outputs, temperature) for name, outputs in heldout.items()}
    agreement = [
        row
        for name, found in scores.items()
        for row in agreement_rows(name, splits[name], rows, found, topics, rng(work.seed, "agreement", name))
    ]
    facts = {
        "topics": topics,
        "temperature": temperature,
        "thresholds": _thresholds(next(iter(scores.values())), topics),
        "agreement": agreement,
        "labels": len(rows),
    }
    Classifier.from_weights((vectors.T @ coefficients).astype(np.float32), bias, facts).save(work.path)
    work.count(records_in=len(rows), sites=len({row.site for row in rows}))
    work.note("agreement", agreement)
    work.note("thresholds", facts["thresholds"])
    _conclude(agreement[0], work)


def _with_texts(
    settings: ClassifierSettings, work: Workspace, labels: Sequence[Path], documents: Sequence[Path]
) -> list[Label]:
    """The labels, each document's once, with the texts of the documents for those that have none."""
    found: dict[str, Label] = {}
    for row in stream_records(labels, "labels", work.reject, columns=settings.columns):
        found.setdefault(row.id, row)
    wanted = {name: row for row in found.values() if not row.text for name in row.parents}
    if wanted and documents:
        for document in stream_records(documents, "documents", work.reject, columns=settings.columns):
            if document.id in wanted:
                wanted[document.id].text = document.text
    rows = []
    for row in found.values():
        if row.text:
            rows.append(row)
        else:
            work.reject(row.id, "no text: its document is not among the documents given")
    return rows


def _batches(rows: list[Label]) -> Iterator[list[Label]]:
    yield from (rows[first : first + BATCH] for first in range(0, len(rows), BATCH))


def _unit(rows: list[Label]) -> np.ndarray:
    """[labels, BUCKETS], of length 1."""
    values, lengths = embed([row.text for row in rows])
    return values / lengths[:, None].astype(np.float32)


def _targets(rows: list[Label], topics: list[str]) -> np.ndarray:
    """[labels, 3 + topics]: the grades, and 1 for the topic, -1 for others."""
    grades = [[getattr(row, name) for name in GRADES] for row in rows]
    chosen = np.array([row.topic for row in rows])[:, None] == np.array(topics)[None]
    return np.hstack([np.array(grades, float), np.where(chosen, 1.0, -1.0)])


def _heldout(products: np.ndarray, targets: np.ndarray, keys: list[str], penalty: float) -> np.ndarray:
    """Outputs for each label of a model trained on the folds it is not in; labels with one key are in one fold."""
    folds = np.array([zlib.crc32(key.encode()) % FOLDS for key in keys])
    outputs = np.empty_like(targets)
    for fold in set(folds):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        coefficients, bias = _ridge(products[np.ix_(train, train)], targets[train], penalty)
        outputs[test] = products[np.ix_(test, train)] @ coefficients + bias
    return outputs


def _ridge(products: np.ndarray, targets: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """(coefficients of the labels, bias): the exact solution in its dual form, from the labels' scalar products."""
    bias = targets.mean(axis=0)
    return np.linalg.solve(products + penalty * np.eye(len(products)), targets - bias), bias


def _temperature(outputs: np.ndarray, right: np.ndarray) -> float:
    """The temperature with which the right topics are the most probable."""

    def loss(temperature: float) -> float:
        probabilities = as_scores(np.hstack([np.zeros((len(outputs), len(GRADES))), outputs]), temperature).topics
        return float(-np.log(probabilities[np.arange(len(right)), right] + 1e-12).mean())

    return float(min(TEMPERATURES, key=loss))


def _thresholds(scores: Scores, topics: list[str]) -> dict[str, dict[str, float]]:
    """path → share to keep → least score, over the labels: for corpora too small to measure one."""
    paths = np.array([PATHS.index(path_of(topics[number])) for number in scores.topics.argmax(axis=1)])
    bins = (scores.quality * BINS).astype(int)
    counts = [np.bincount(bins[paths == number], minlength=BINS + 1) for number in range(len(PATHS))]
    return {path: {str(share): threshold(counts[i], share) for share in SHARES} for i, path in enumerate(PATHS)}


def _conclude(row: dict[str, Any], work: Workspace) -> None:
    if row["spearman"]["low"] <= 0:
        work.warn(f"the grades agree no better than chance with held-out labels: {_interval(row['spearman'])}")
    work.conclude(
        f"agreement with {row['labels']:,} held-out labels of {row['split']}: Spearman {_interval(row['spearman'])}, "
        f"topic right {_interval(row['topic'])}"
    )


def _interval(found: dict[str, float]) -> str:
    return f"{found['mean']:.2f} ({found['low']:.2f} to {found['high']:.2f})"
