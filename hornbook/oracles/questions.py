"""Files of questions, each checked against its oracle before a single token is sampled for it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import FILE_NAMES, Reject
from hornbook.base.records import Question
from hornbook.oracles.guard import Oracles
from hornbook.oracles.registry import check_name
from hornbook.oracles.rows import question_of


def load_questions(paths: Sequence[Path], oracles: Oracles, reject: Reject, *, oracle: str = "") -> list[Question]:
    """The questions in JSONL and Parquet files, or in folders that stages left, that their oracles can judge.

    A row is a Question record, or has a question (prompt, question, problem), an answer (answer, target, solution; also
    "... #### 42" and \\boxed{42}), and may have choices, tests, entry or metadata (a reasoning-gym entry), id and task.
    `oracle` judges all of them; "" leaves each its own, or what fits it. Equal questions count once. Bad rows go to
    `reject` as (file:line, reason); in a Parquet file the line is the row, from 1.

    Raises HornbookError for a file that cannot be read, an oracle that is unknown or lacks what it needs, and when no
    question is left, with the first reason why.
    """
    if oracle:
        check_name(oracle)
    reasons: list[str] = []

    def refuse(where: str, reason: str) -> None:
        reasons.append(f"{where}: {reason}")
        reject(where, reason)

    found = list(_questions(paths, oracle, refuse))
    faults = oracles.check_many([question for _, question in found])
    good: dict[str, Question] = {}
    for (where, question), fault in zip(found, faults, strict=True):
        if fault:
            refuse(where, f"not for oracle {question.oracle}: {fault.removeprefix('ValueError: ')}")
        else:
            if good.setdefault(question.id, question) != question:
                refuse(where, f"id {question.id} belongs to another question too")
    if not good:
        names = ", ".join(str(path) for path in paths)
        raise HornbookError(reasons[0] if reasons else f"{names}: no questions; expected one a line")
    return list(good.values())


def _questions(paths: Sequence[Path], oracle: str, reject: Reject) -> Iterator[tuple[str, Question]]:
    for path in paths:
        for where, row in _rows(path, reject):
            try:
                question = question_of(row, oracle)
                check_name(question.oracle)
            except (ValueError, HornbookError) as error:
                reject(where, str(error))
            else:
                yield where, question


def _rows(path: Path, reject: Reject) -> Iterator[tuple[str, dict[str, Any]]]:
    path = Path(path)
    if path.is_dir():
        path = path / FILE_NAMES["Question"]
    if not path.is_file():
        raise HornbookError(f"{path}: no such file; expected questions (.parquet or .jsonl)")
    if path.suffix == ".parquet":
        try:
            rows = pq.read_table(path).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise HornbookError(f"{path}: not a readable Parquet file ({one_line(error)})") from None
        yield from ((f"{path}:{number}", row) for number, row in enumerate(rows, 1))
    elif path.suffix in (".jsonl", ".ndjson", ".json"):
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    if line.strip():
                        yield f"{path}:{number}", msgspec.json.decode(line, type=dict[str, Any])
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    reject(f"{path}:{number}", f"corrupt line: {error}")
    else:
        raise HornbookError(f"{path}: expected a .parquet or .jsonl file of questions")
