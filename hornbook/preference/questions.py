"""Reading questions and choosing among them; the order they came in never matters."""

from collections import Counter
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Question
from hornbook.base.seeds import derive
from hornbook.base.workspace import Workspace


def read_questions(paths: list[Path], work: Workspace, *, held_out: bool = False) -> list[Question]:
    """All questions of the given folders and files, each once, by id.

    With `held_out`, a folder that has a `heldout/` gives that instead: questions no training stage sees.
    Raises HornbookError when there are none.
    """
    by_id: dict[str, Question] = {}
    for path in map(Path, paths):
        aside = path / "heldout"
        source = aside if held_out and aside.is_dir() else path
        for question in read_records(source, Question, work.reject):
            by_id[question.id] = question
    if not by_id:
        raise HornbookError(f"{', '.join(map(str, paths)) or 'questions'}: no questions found")
    return [by_id[name] for name in sorted(by_id)]


def choose(questions: list[Question], most: int, seed: int) -> list[Question]:
    """At most `most` questions, as even over tasks (and over real and bogus ones) as can be; sorted by id."""
    taken: Counter[tuple[str, bool]] = Counter()
    ranked: list[tuple[int, int, Question]] = []
    for order, question in sorted(((derive(seed, "choose", q.id), q) for q in questions), key=lambda item: item[0]):
        group = (question.task, bool(question.answer))
        ranked.append((taken[group], order, question))
        taken[group] += 1
    ranked.sort(key=lambda item: item[:2])
    return sorted((question for _, _, question in ranked[:most]), key=lambda question: question.id)
