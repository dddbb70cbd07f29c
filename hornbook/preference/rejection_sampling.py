"""Rejection sampling: a model's own right solutions as fine-tuning data (report §4.1)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Message, Question, Sample, make_id
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.oracles.isolated import Oracles
from hornbook.preference.generate import Encoder, delete_replies, open_respondent
from hornbook.preference.records import JudgedReply
from hornbook.preference.responses import check_replies, distinct_replies, model_replies
from hornbook.preference.select_questions import choose_questions, collect_questions
from hornbook.preference.settings import RejectionSamplingSettings
from hornbook.tokenizer.chat import load_tokenizer


def rejection_sampling(
    settings: RejectionSamplingSettings, work: Workspace, *, model: Path, questions: Sequence[Path]
) -> None:
    """Sample `responses` replies to each question, and write the right ones as samples.parquet.

    Of a folder with several sets of questions, only those for training are asked. Kept are at most `keep` replies per
    question that are complete, right by the question's oracle and distinct. The shortest come first: a small model's
    long replies are more often right in spite of their steps, and they cost more in every stage after it. The note
    `rejection_sampling` has the figures per task.
    Raises HornbookError when there are no questions or no model, and when no reply is right.
    """
    found = collect_questions(questions, work, split="train", columns=settings.columns)
    asked = choose_questions(found, settings.max_questions, work.seed)
    encoder = Encoder(load_tokenizer(model, work.path), "chat")
    with open_respondent(model, encoder, settings.engine, seed=derive(work.seed, "model")) as writer:
        replies = model_replies("model", writer, encoder, asked, settings, work)
    with Oracles(settings.oracles, work.ledger) as oracles:
        check_replies(replies, asked, oracles, work)

    right: dict[str, list[JudgedReply]] = defaultdict(list)
    for reply in distinct_replies([reply for reply in replies if reply.complete and reply.oracle == 1.0]):
        right[reply.question].append(reply)
    samples = [_sample(question, reply) for question in asked for reply in _shortest(right[question.id], settings.keep)]
    if not samples:
        raise HornbookError(
            f"rejection-sampling: none of {len(replies):,} replies is right and complete; "
            "ask easier questions, or sample more"
        )
    write_records(work.path / "samples.parquet", Sample, sorted(samples, key=lambda sample: sample.id))
    delete_replies(work)
    tokens = sum(len(reply.tokens) for reply in replies)
    work.count(records_in=len(asked), records_out=len(samples), replies=len(replies), tokens=tokens)
    work.note("rejection_sampling", _figures(asked, replies, samples))


def _shortest(replies: Iterable[JudgedReply], most: int) -> list[JudgedReply]:
    return sorted(replies, key=lambda reply: (len(reply.tokens), reply.text))[:most]


def _sample(question: Question, reply: JudgedReply) -> Sample:
    return Sample(
        id=make_id("sample", question.id, reply.text),
        parents=[question.id, *question.parents],
        calls=question.calls,
        source="synthetic",
        kind=f"rejection-sampling:{question.task}",
        messages=[*question.before, Message("user", question.prompt), Message("assistant", reply.text)],
        checks=[f"oracle {question.oracle}"],
    )


def _figures(
    asked: list[Question], replies: list[JudgedReply], samples: list[Sample]
) -> dict[str, dict[str, float | int]]:
    """For each task: questions, those solved at least once, share of right replies, mean tokens, samples."""
    task_of = {question.id: question.task for question in asked}
    of_task: dict[str, list[JudgedReply]] = defaultdict(list)
    for reply in replies:
        of_task[task_of[reply.question]].append(reply)
    kept = [sample.kind.partition(":")[2] for sample in samples]
    return {
        task: {
            "questions": sum(question.task == task for question in asked),
            "solved": len({reply.question for reply in some if reply.oracle == 1.0}),
            "right": sum(reply.oracle == 1.0 for reply in some) / len(some),
            "tokens": sum(len(reply.tokens) for reply in some) / len(some),
            "samples": kept.count(task),
        }
        for task, some in sorted(of_task.items())
    }
