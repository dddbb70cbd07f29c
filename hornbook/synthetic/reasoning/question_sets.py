"""Sets of questions for training, search, development and the final test, which never meet.

The set of a prompt depends only on its hash. So whatever the seeds, numbers and settings of two stages, a prompt that
one of them holds out is never trained on by the other.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple, TypeVar

import xxhash

from hornbook.base.files import write_records
from hornbook.base.records import Question
from hornbook.base.workspace import Workspace
from hornbook.data.benchmark_sets import load_sets
from hornbook.data.decontaminator import CONTAMINATED, Decontaminator, count_verdicts

Split = Literal["train", "search", "heldout", "test"]
SPLITS: tuple[Split, ...] = ("train", "search", "heldout", "test")
BUCKETS: tuple[Split, ...] = ("heldout", "search", "test")  # of ten; the others are for training
FOLDERS: dict[Split, str] = {"train": "train/", "search": "", "heldout": "heldout/", "test": "test/"}
Drawn = TypeVar("Drawn")


class DrawnQuestions(NamedTuple):
    questions: dict[Split, list[Question]]
    aside: list[tuple[str, str]]  # (which entry, why it was set aside)
    tries: int


def split_of(prompt: str) -> Split:
    """Of ten prompts, seven are for training, one for search, one is held out and one is for the final test."""
    bucket = xxhash.xxh3_64_intdigest(" ".join(prompt.split()).casefold().encode()) % 10
    return BUCKETS[bucket] if bucket < len(BUCKETS) else "train"


def fill_splits(
    task: str,
    entries: Iterable[Drawn],
    prompt_of: Callable[[Drawn], str],
    question_of: Callable[[Drawn, str], Question],
    wanted: Mapping[Split, int],
) -> DrawnQuestions:
    """Distinct questions, up to `wanted` per split, in the order of the entries, until every split has enough.

    An entry for which one of the two functions raises ValueError is set aside.
    """
    drawn = DrawnQuestions({split: [] for split in SPLITS}, [], 0)
    seen: set[str] = set()
    tries = 0
    for tries, entry in enumerate(entries, 1):
        try:
            prompt = prompt_of(entry)
            split = split_of(prompt)
            if prompt not in seen and len(drawn.questions[split]) < wanted[split]:
                seen.add(prompt)
                drawn.questions[split].append(question_of(entry, prompt))
        except ValueError as error:
            drawn.aside.append((f"{task} #{tries}", str(error)))
        if all(len(drawn.questions[split]) >= wanted[split] for split in SPLITS):
            break
    return drawn._replace(tries=tries)


def warn_if_short(work: Workspace, task: str, drawn: DrawnQuestions, wanted: Mapping[Split, int]) -> None:
    """Book what was set aside, and warn about a task with too few distinct questions."""
    for where, reason in drawn.aside:
        work.reject(where, reason)
    if any(len(drawn.questions[split]) < wanted[split] for split in SPLITS):
        short = ", ".join(f"{len(drawn.questions[split])} of {wanted[split]} {split}" for split in SPLITS)
        work.warn(f"{task}: only {short} questions are distinct; widen its config or ask for fewer")


def drop_contaminated(
    questions: Mapping[Split, list[Question]], against: list[str], work: Workspace
) -> dict[Split, list[Question]]:
    """The questions that no item of the benchmarks contains (report B, algorithm 1); the others are set aside."""
    if not against:
        return dict(questions)
    kept: dict[Split, list[Question]] = {}
    verdicts = []
    with work.progress("comparing with benchmarks", 1 + len(SPLITS)) as bar:
        decontaminator = Decontaminator(load_sets(against))
        bar.advance()
        for split in SPLITS:
            found = decontaminator.verdicts([question.prompt for question in questions[split]])
            clean = [verdict.label != CONTAMINATED for verdict in found]
            kept[split] = [question for question, good in zip(questions[split], clean, strict=True) if good]
            for question, verdict, good in zip(questions[split], found, clean, strict=True):
                if not good:
                    work.reject(question.id, verdict.reason())
            verdicts += found
            bar.advance()
    work.note("contamination", count_verdicts(verdicts))
    return kept


def write_question_sets(work: Workspace, questions: Mapping[Split, list[Question]]) -> None:
    """Write `train/`, `heldout/` and `test/questions.parquet`, and `questions.parquet` for search and judging."""
    for split in SPLITS:
        records = sorted(questions[split], key=lambda question: question.id)
        write_records(work.path / f"{FOLDERS[split]}questions.parquet", Question, records)
    work.count(questions=len(questions["search"]), heldout=len(questions["heldout"]))
    if questions["test"]:
        work.count(test=len(questions["test"]))
