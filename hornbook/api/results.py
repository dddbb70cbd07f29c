"""Results of the Python API's functions: a stage's output folder, read on demand."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from hornbook.base.files import FILE_NAMES, read_json, read_records
from hornbook.base.records import Document, Label, Pair, Pivot, Question, Sample
from hornbook.data.classifier.model import Classifier
from hornbook.evaluation.metrics import ScoredReply
from hornbook.pts.records import Difficulty, RolloutRecord, SearchedSolution

T = TypeVar("T", bound=msgspec.Struct)


class Score(NamedTuple):
    """A score with its 95 % interval, from `n` questions.

    `detectable` is the difference from another model that so many questions show four times in five.
    """

    name: str
    mean: float
    low: float
    high: float
    n: int
    detectable: float


class Comparison(NamedTuple):
    """A score compared with that of an earlier evaluation, on the questions that both answered.

    `detectable` is the true difference that so many questions show four times in five, `spread` the standard deviation
    of the difference on one question.
    """

    score: str
    difference: float
    low: float
    high: float
    p: float
    verdict: str
    n: int
    detectable: float
    spread: float


@dataclass(frozen=True)
class Result:
    """A finished stage. Functions accept it wherever they accept a folder.

    Attributes:
        path: the stage's output folder.
    """

    path: Path

    @cached_property
    def _statistics(self) -> dict[str, Any]:
        statistics: dict[str, Any] = read_json(self.path / "stage.json")
        return statistics

    @property
    def counts(self) -> dict[str, int]:
        """Counts: records_in, records_out, tokens, teacher_calls ..."""
        return dict(self._statistics["counts"])

    @property
    def rejected(self) -> dict[str, int]:
        """Number of records set aside, by reason; the file rejects.jsonl in `path` lists the first thousand."""
        return dict(self._statistics["rejected"])

    @property
    def warnings(self) -> list[str]:
        return list(self._statistics["warnings"])

    @property
    def notes(self) -> dict[str, Any]:
        """Figures, tables and curves for the report."""
        return dict(self._statistics["notes"])

    def _records(self, cls: type[T]) -> list[T]:
        """Records of one type; none if the stage wrote no file of them."""
        return read_records(self.path, cls) if (self.path / FILE_NAMES[cls.__name__]).exists() else []


class Curated(Result):
    @property
    def documents(self) -> list[Document]:
        return self._records(Document)


class Labelled(Result):
    @property
    def labels(self) -> list[Label]:
        return self._records(Label)


class TrainedClassifier(Result):
    @cached_property
    def classifier(self) -> Classifier:
        """To grade texts: `classifier.score(texts)`."""
        return Classifier.load(self.path)

    @property
    def agreement(self) -> list[dict[str, Any]]:
        """How well it agrees with held-out labels, for each split and language, with 95 % intervals."""
        return list(self.notes["agreement"])


class Decontaminated(Result):
    @property
    def files(self) -> list[Path]:
        """The files without contaminated records, under the names of the given files."""
        others = {
            "stage.json",
            "book.json",
            "rejects.jsonl",
            "verdicts.jsonl",
            "contaminated.jsonl",
            "contamination.html",
        }
        found = (file for file in sorted(self.path.rglob("*")) if file.is_file() and file.name not in others)
        return [file for file in found if not file.name.startswith(".")]


class Generated(Result):
    """Training records, and questions that were made with them."""

    @property
    def documents(self) -> list[Document]:
        return self._records(Document)

    @property
    def samples(self) -> list[Sample]:
        return self._records(Sample)

    @property
    def questions(self) -> list[Question]:
        return self._records(Question)


class Preferences(Result):
    """Preference pairs, and samples for SFT if the stage makes them."""

    @property
    def pairs(self) -> list[Pair]:
        return self._records(Pair)

    @property
    def samples(self) -> list[Sample]:
        return self._records(Sample)


class Pivots(Preferences):
    """The results of a pivotal token search."""

    @property
    def pivots(self) -> list[Pivot]:
        return self._records(Pivot)

    @property
    def solutions(self) -> list[SearchedSolution]:
        return read_records(self.path / "solutions.parquet", SearchedSolution)

    @property
    def difficulties(self) -> list[Difficulty]:
        """How often the model solves each question."""
        return read_records(self.path / "difficulty.parquet", Difficulty)

    @property
    def rollouts(self) -> list[RolloutRecord]:
        return read_records(self.path / "rollouts.parquet", RolloutRecord)

    @property
    def page(self) -> Path:
        """The search as a web page."""
        return self.path / "page.html"


class TrainedTokenizer(Result):
    @property
    def tokenizer(self) -> Path:
        """A folder that `AutoTokenizer` loads."""
        return self.path / "tokenizer"


class TrainedModel(Result):
    @property
    def model(self) -> Path:
        """A Hugging Face folder with the tokenizer in it."""
        return self.path / "model"

    @property
    def loss_curve(self) -> list[tuple[int, float]]:
        """(tokens seen, loss in nats per token), in order."""
        return [(tokens, loss) for tokens, loss in self.notes["loss_curve"]]


class Evaluated(Result):
    @cached_property
    def _scores(self) -> dict[str, Any]:
        scores: dict[str, Any] = read_json(self.path / "scores.json")
        return scores

    @property
    def scores(self) -> dict[str, Score]:
        return {row["name"]: Score(**row) for row in self._scores["scores"]}

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """Comparisons with the earlier evaluation `before`, by the name of the score."""
        return {row["score"]: Comparison(**row) for row in self._scores["comparisons"]}

    @property
    def answers(self) -> list[ScoredReply]:
        """Every reply with its grade."""
        return read_records(self.path / "answers.parquet", ScoredReply)


class Tuned(Result):
    @cached_property
    def figures(self) -> dict[str, Any]:
        """Measurements: for `tune` the runs, fits, limits and recommendation; for `ablate` the allocations, runs, cells
        and agreements."""
        name = "tune.json" if (self.path / "tune.json").exists() else "ablation.json"
        figures: dict[str, Any] = read_json(self.path / name)
        return figures
