"""The reasoning stage: procedural questions and worked solutions, each checked by its task's scorer."""

import msgspec
import numpy as np

from hornbook.base.files import write_records
from hornbook.base.records import LEVELS, Message, Question, Sample, make_id
from hornbook.base.workspace import Workspace
from hornbook.synthetic.reasoning.catalogue import TASKS
from hornbook.synthetic.reasoning.draw import draw_questions
from hornbook.synthetic.reasoning.question_sets import (
    SPLITS,
    DrawnQuestions,
    Split,
    drop_contaminated,
    warn_if_short,
    write_question_sets,
)
from hornbook.synthetic.reasoning.settings import ReasoningSettings


def reasoning(settings: ReasoningSettings, work: Workspace) -> None:
    """Write samples and questions of every task in `settings.tasks` (report §2.2: chain of thought, verified).

    Writes `samples.parquet` (training), `questions.parquet` (search and judging), `heldout/questions.parquet` (to
    choose settings by), `test/questions.parquet` (final evaluation) and `train/questions.parquet` (the parents of the
    samples). A question's `level` is easy, medium or hard: a third of its task's each, by the length of the worked
    solution. The note `reasoning` has the counts per task, entries sampled, unverified ones, and mean lengths in
    characters.

    Raises HornbookError for generator settings that reasoning-gym refuses.
    """
    questions: dict[Split, list[Question]] = {split: [] for split in SPLITS}
    notes: dict[str, dict[str, float]] = {}
    with work.progress("", len(settings.tasks), "tasks") as bar:
        for name, choice in sorted(settings.tasks.items()):
            wanted: dict[Split, int] = {
                "train": choice.samples,
                "search": settings.search,
                "heldout": settings.heldout,
                "test": settings.test,
            }
            drawn = with_levels(
                draw_questions(
                    TASKS[name],
                    choice.config,
                    wanted,
                    work.seed,
                    instruction=settings.instruction,
                    oracle=settings.oracle,
                )
            )
            for split in SPLITS:
                questions[split] += drawn.questions[split]
            warn_if_short(work, name, drawn, wanted)
            notes[name] = _figures(drawn)
            bar.advance(1, name)
    questions = drop_contaminated(questions, settings.against, work)
    samples = sorted((_sample(question) for question in questions["train"]), key=lambda sample: sample.id)
    write_question_sets(work, questions)
    write_records(work.path / "samples.parquet", Sample, samples)
    work.count(records_in=int(sum(note["drawn"] for note in notes.values())), records_out=len(samples))
    work.note("reasoning", notes)


def with_levels(drawn: DrawnQuestions) -> DrawnQuestions:
    """The questions of a task with their `level`: a third each is easy, medium and hard, by the length of the worked
    solution (in words)."""
    lengths = np.array([len(question.solution.split()) for some in drawn.questions.values() for question in some])
    if not len(lengths):
        return drawn
    bounds = np.quantile(lengths, [1 / 3, 2 / 3])
    alike = lengths.min() == lengths.max()

    def level(question: Question) -> str:
        return LEVELS[1 if alike else int(np.searchsorted(bounds, len(question.solution.split())))]

    questions = {
        split: [msgspec.structs.replace(question, level=level(question)) for question in some]
        for split, some in drawn.questions.items()
    }
    return drawn._replace(questions=questions)


def _sample(question: Question) -> Sample:
    return Sample(
        id=make_id("sample", question.id, question.solution),
        parents=[question.id],
        source="synthetic",
        kind=f"reasoning:{question.task}",
        messages=[Message("user", question.prompt), Message("assistant", question.solution)],
        checks=["reasoning-gym scorer"],
    )


def _figures(drawn: DrawnQuestions) -> dict[str, float]:
    every = [question for split in SPLITS for question in drawn.questions[split]]
    count = max(1, len(every))
    return {
        "samples": len(drawn.questions["train"]),
        "search": len(drawn.questions["search"]),
        "heldout": len(drawn.questions["heldout"]),
        "test": len(drawn.questions["test"]),
        "drawn": drawn.tries,
        "set_aside": len(drawn.aside),
        "prompt_characters": round(sum(len(question.prompt) for question in every) / count, 1),
        "solution_characters": round(sum(len(question.solution) for question in every) / count, 1),
    }
