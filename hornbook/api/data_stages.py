"""The stages that make data, as Python functions; stages.py has the others, and says what all have in common."""

from pathlib import Path
from typing import Unpack

from hornbook.api.options import (
    AuditOptions,
    ClassifierOptions,
    CurateOptions,
    DecontaminateOptions,
    ExtractOptions,
    LabelOptions,
    MathematicsOptions,
    QuestionOptions,
    ReasoningOptions,
    RecallOptions,
    SynthOptions,
    TriviaOptions,
)
from hornbook.api.results import (
    Curated,
    Decontaminated,
    Generated,
    Labelled,
    Result,
    TrainedClassifier,
)
from hornbook.api.run import Rows, Source, run_stage


def extract_files(
    files: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[ExtractOptions],
) -> Curated:
    """Take the text out of files of any format; `extract` does it for the bytes of one."""
    return Curated(run_stage("extract_files", "extract", out, seed, overwrite, settings, files=files))


def label_documents(
    documents: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[LabelOptions],
) -> Labelled:
    """Let a teacher grade a sample of documents and name their topics."""
    return Labelled(run_stage("label_documents", "label", out, seed, overwrite, settings, documents=documents))


def train_classifier(
    labels: Rows,
    *,
    documents: Rows | None = None,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[ClassifierOptions],
) -> TrainedClassifier:
    """Train a classifier of quality and topic on labels; `documents` are those of labels without texts."""
    return TrainedClassifier(
        run_stage("train_classifier", "classifier", out, seed, overwrite, settings, labels=labels, documents=documents)
    )


def curate(
    documents: Rows | None = None,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[CurateOptions],
) -> Curated:
    """Clean, deduplicate, grade and decontaminate documents."""
    return Curated(run_stage("curate", "curate", out, seed, overwrite, settings, documents=documents))


def decontaminate_files(
    records: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[DecontaminateOptions],
) -> Decontaminated:
    """Set aside records of files that overlap with benchmarks; `decontaminate` judges texts."""
    return Decontaminated(
        run_stage("decontaminate_files", "decontaminate", out, seed, overwrite, settings, records=records)
    )


def collect_questions(
    documents: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[QuestionOptions],
) -> Generated:
    """Collect the questions that documents ask and answer."""
    return Generated(run_stage("collect_questions", "questions", out, seed, overwrite, settings, documents=documents))


def reasoning(
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[ReasoningOptions],
) -> Generated:
    """Generate reasoning tasks with worked solutions."""
    return Generated(run_stage("reasoning", "reasoning", out, seed, overwrite, settings))


def mathematics(
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[MathematicsOptions],
) -> Generated:
    """Draw mathematics questions with checkable answers."""
    return Generated(run_stage("mathematics", "mathematics", out, seed, overwrite, settings))


def trivia(*, out: str | Path, seed: int = 0, overwrite: bool = False, **settings: Unpack[TriviaOptions]) -> Generated:
    """Collect facts and questions about them."""
    return Generated(run_stage("trivia", "trivia", out, seed, overwrite, settings))


def recall(*, out: str | Path, seed: int = 0, overwrite: bool = False, **settings: Unpack[RecallOptions]) -> Generated:
    """Write lists from which a small model can learn to recall over a distance."""
    return Generated(run_stage("recall", "recall", out, seed, overwrite, settings))


def synthesize(
    documents: Rows,
    *,
    questions: Rows | None = None,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[SynthOptions],
) -> Generated:
    """Let a teacher write validated records from documents."""
    return Generated(
        run_stage("synthesize", "synth", out, seed, overwrite, settings, documents=documents, questions=questions)
    )


def audit(
    samples: Source,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[AuditOptions],
) -> Result:
    """Run the checks of kept synthetic records again, and bound the share that is wrong."""
    return Result(run_stage("audit", "audit", out, seed, overwrite, settings, samples=samples))
