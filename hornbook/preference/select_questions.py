"""Read questions and choose among them, independently of their order."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hornbook.base.errors import HornbookError
from hornbook.base.records import Question
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.oracles import load_questions as files


def collect_questions(
    paths: Sequence[Path],
    work: Workspace,
    *,
    split: Literal["", "train", "heldout", "test"] = "",
    columns: Sequence[str] = (),
) -> list[Question]:
    """All questions of the given folders and files, each once, by id.

    With a `split`, the subfolder of that name is read instead, if a folder has one. Instead of a missing `test` it is
    `heldout`. No training stage uses the questions of either.
    Raises HornbookError when there are none.
    """
    if not paths:
        raise HornbookError(
            "questions: none given; expected a file or the output folder of a stage that makes questions"
        )
    splits = {"": [], "train": ["train"], "heldout": ["heldout"], "test": ["test", "heldout"]}[split]
    sources = [next((p / s for s in splits if (p / s).is_dir()), p) for p in map(Path, paths)]
    found = files.read_questions(sources, work.reject, columns=columns)
    return sorted(found, key=lambda question: question.id)


def choose_questions(questions: list[Question], most: int, seed: int) -> list[Question]:
    """At most `most` questions, spread evenly over tasks and over real and bogus ones; sorted by id."""
    taken: Counter[tuple[str, bool]] = Counter()
    ranked: list[tuple[int, int, Question]] = []
    for order, question in sorted(((derive(seed, "choose", q.id), q) for q in questions), key=lambda item: item[0]):
        group = (question.task, bool(question.answer))
        ranked.append((taken[group], order, question))
        taken[group] += 1
    ranked.sort(key=lambda item: item[:2])
    return sorted((question for _, _, question in ranked[:most]), key=lambda question: question.id)
