"""Load files of questions, and check each by its oracle before anything is sampled for it."""

from collections.abc import Sequence
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import Reject
from hornbook.base.records import Question
from hornbook.data.readers.load import read_located, with_unique_ids
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.parse_question import parse_question
from hornbook.oracles.registry import check_name


def read_questions(
    paths: Sequence[Path], reject: Reject, *, oracle: str = "", columns: Sequence[str] = ()
) -> list[Question]:
    """The questions in files of any form that `load_records` reads, each with `oracle` or the oracle that fits it.

    Equal questions count once. Rows that are not questions go to `reject`. Raises HornbookError as `load_records`, for
    an unknown oracle, and when no question is left, with the first reason.
    """
    return [question for _, question in _located(paths, reject, oracle, columns)]


def load_questions(
    paths: Sequence[Path], oracles: Oracles, reject: Reject, *, oracle: str = "", columns: Sequence[str] = ()
) -> list[Question]:
    """The questions of `read_questions` that their oracles can judge; the others go to `reject`.

    Raises HornbookError as `read_questions`, and for an oracle that lacks what it needs.
    """
    reasons: list[str] = []
    found = _located(paths, reject, oracle, columns)
    good = []
    for (where, question), fault in zip(found, oracles.check_many([question for _, question in found]), strict=True):
        if fault:
            reasons.append(f"oracle {question.oracle} cannot judge it: {fault.removeprefix('ValueError: ')}")
            reject(where, reasons[-1])
            reasons[-1] = f"{where}: {reasons[-1]}"
        else:
            good.append(question)
    if not good:
        raise HornbookError(reasons[0])
    return good


def _located(paths: Sequence[Path], reject: Reject, oracle: str, columns: Sequence[str]) -> list[tuple[str, Question]]:
    """(place as "file:line", question) for each question."""
    if oracle:
        check_name(oracle)
    reasons: list[str] = []

    def refuse(where: str, reason: str) -> None:
        reasons.append(f"{where}: {reason}")
        reject(where, reason)

    found: dict[tuple[str, ...], tuple[str, Question]] = {}
    for where, row in with_unique_ids(read_located(paths, "questions", refuse, columns=columns)):
        try:
            question = parse_question(row, oracle)
            check_name(question.oracle)
        except (ValueError, HornbookError) as error:
            refuse(where, str(error))
        else:
            content = (question.prompt, question.answer, question.entry, question.oracle, *question.choices)
            found.setdefault(content, (where, question))
    if not found:
        names = ", ".join(str(path) for path in paths)
        raise HornbookError(reasons[0] if reasons else f"{names}: no questions; expected one a line")
    return list(found.values())
