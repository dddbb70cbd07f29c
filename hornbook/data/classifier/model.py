"""A linear classifier on hashed n-grams: three grades and a topic for a document in any language (report §2.3).

It is one file, `classifier.safetensors`: weights in 8 bits, and in its header the topics, the thresholds measured on
the labels, and how well it agrees with them.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import atomic
from hornbook.base.records import Document
from hornbook.data.classifier.features import BATCH, BITS, RUNS, embed
from hornbook.data.classifier.topics import GRADES, HIGHEST

FILE = "classifier.safetensors"
SHIPPED = "shipped"  # names the classifier in this package, which is trained on examples/quality-labels
FORM = f"words, {RUNS} of bytes, {BITS} bits, 1"  # of the features; weights of another form mean nothing here


class Scores(NamedTuple):
    """Of texts: the `grades` [texts, 3] in the order of GRADES, from 0 to 5, and the probabilities of `topics`."""

    grades: np.ndarray
    topics: np.ndarray

    @property
    def quality(self) -> np.ndarray:
        """The mean grade in [0, 1]."""
        return np.clip(self.grades.mean(axis=1) / HIGHEST, 0.0, 1.0)


class Classifier:
    """Weights [BUCKETS, 3 + topics] in 8 bits, with a scale and a bias for each output.

    `facts`: the topics in the order of the outputs, `temperature` of their probabilities, `thresholds` (path → share
    to keep → least score, on the labels) and `agreement` with labels of sites that it was not trained on.
    """

    def __init__(self, weights: np.ndarray, scale: np.ndarray, bias: np.ndarray, facts: dict[str, Any]) -> None:
        self.quantised, self.scale, self.bias, self.facts = weights, scale, bias, facts
        self.topics: list[str] = facts["topics"]
        self._weights = weights.astype(np.float32)

    @classmethod
    def from_weights(cls, weights: np.ndarray, bias: np.ndarray, facts: dict[str, Any]) -> "Classifier":
        """From weights in full precision."""
        scale = np.maximum(np.abs(weights).max(axis=0), 1e-12).astype(np.float32) / 127
        return cls(np.round(weights / scale).astype(np.int8), scale, bias.astype(np.float32), facts)

    def score(self, texts: Sequence[str]) -> Scores:
        """Grades and topics: the same for a text in any batch and on any machine."""
        outputs = np.empty((len(texts), len(self.bias)))
        for first in range(0, len(texts), BATCH):
            values, lengths = embed(texts[first : first + BATCH])
            sums = (values @ self._weights).astype(np.float64)
            outputs[first : first + BATCH] = sums * self.scale / lengths[:, None] + self.bias
        return as_scores(outputs, self.facts["temperature"])

    def grade(self, documents: Sequence[Document]) -> None:
        """Set `quality` and `topic` of the prose among the documents."""
        prose = [document for document in documents if document.kind != "code"]
        scores = self.score([document.text for document in prose])
        chosen = scores.topics.argmax(axis=1)
        for document, quality, topic in zip(prose, scores.quality, chosen, strict=True):
            document.quality, document.topic = round(float(quality), 4), self.topics[topic]

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save

        arrays = {"weights": self.quantised, "scale": self.scale, "bias": self.bias}
        with atomic(folder / FILE) as temporary:
            Path(temporary).write_bytes(save(arrays, {"form": FORM, "facts": json.dumps(self.facts, sort_keys=True)}))

    @classmethod
    def load(cls, path: str | Path) -> "Classifier":
        """From a file, or the folder that `hornbook classifier` wrote. Raises HornbookError if it is none."""
        from safetensors import SafetensorError, safe_open

        file = classifier_file(path)
        try:
            with safe_open(file, framework="np") as opened:
                header = opened.metadata() or {}
                arrays = [opened.get_tensor(name) for name in ("weights", "scale", "bias")]
        except (SafetensorError, OSError, ValueError) as error:
            raise HornbookError(f"classifier: {file}: not a classifier ({one_line(error)})") from None
        if header.get("form") != FORM:
            raise HornbookError(f"classifier: {file}: of another version; train it again with `hornbook classifier`")
        weights, scale, bias = arrays
        return cls(weights, scale, bias, json.loads(header["facts"]))


def classifier_file(path: str | Path) -> Path:
    """The file of a classifier. Raises HornbookError if there is none."""
    file = Path(__file__).parent / SHIPPED if str(path) == SHIPPED else Path(path).expanduser()
    file = file / FILE if file.is_dir() else file
    if not file.is_file():
        raise HornbookError(f"classifier: {path}: no such file; expected the output folder of `hornbook classifier`")
    return file


def as_scores(outputs: np.ndarray, temperature: float) -> Scores:
    """Outputs of the linear model as grades and probabilities."""
    logits = outputs[:, len(GRADES) :] / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return Scores(np.clip(outputs[:, : len(GRADES)], 0.0, HIGHEST), weights / weights.sum(axis=1, keepdims=True))
