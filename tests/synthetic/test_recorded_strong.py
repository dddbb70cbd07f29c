"""Nine kinds with a strong teacher and verifier, replayed from the recording in the package: what is kept of them."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hornbook.base.files import read_records
from hornbook.base.records import Sample
from hornbook.base.token_estimate import estimate_tokens
from hornbook.teacher.recorded import SHIPPED

KINDS = "textbook, faq, explanation, code_review, constrained_writing, unanswerable, follow_up, word_problem, fim_text"
PROSE = ("faq", "explanation", "fim_text")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("strong")
    seeds = SHIPPED / "strong"
    command = [sys.executable, "-m", "hornbook", "synth", str(seeds / "documents.jsonl"), "--seed=1", "--out=out"]
    command += [f"--questions={seeds / 'questions.jsonl'}", "--teacher.recorded=strong", "--benchmarks=[]"]
    command += [f"--kinds={{{', '.join(f'{kind}: {{}}' for kind in KINDS.split(', '))}}}", "--records=2", "--tries=1"]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, env={"PYTHONPATH": str(root)}
    )
    assert done.returncode == 0, done.stderr
    return read_records(folder / "out/samples.parquet", Sample)


def test_most_answers_of_a_strong_teacher_are_kept(samples: list[Sample]) -> None:
    """The verifier doubted remarks that two textbooks and one list of questions add to their passage."""
    assert Counter(sample.kind for sample in samples) == {
        kind: 2 for kind in KINDS.split(", ") if kind not in ("textbook", "faq")
    } | {"faq": 1}


def test_they_are_as_long_as_their_matter_needs(samples: list[Sample]) -> None:
    sizes = [
        (sample.kind, estimate_tokens(sample.text or "\n".join(m.content for m in sample.messages)))
        for sample in samples
    ]
    prose = [size for kind, size in sizes if kind in PROSE]
    talks = [size for kind, size in sizes if kind == "follow_up"]
    assert sum(prose) / len(prose) >= 400 and sum(talks) / len(talks) >= 800


def test_what_was_drawn_for_a_record_is_kept(samples: list[Sample]) -> None:
    assert all(sample.axes and sample.calls and sample.checks for sample in samples)
