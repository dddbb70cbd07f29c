"""A model and held-out questions → scores with 95 % intervals, compared with an earlier model (report §5-6)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from hornbook.base.confidence_intervals import estimate
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_json, write_records
from hornbook.base.records import Question
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.readers.load import stream_records
from hornbook.evaluation.answered_benchmarks import ANSWERED, pose_items
from hornbook.evaluation.harness.run import answer_tasks, delete_journal, load_tasks
from hornbook.evaluation.metrics import (
    ScoredReply,
    by_passage,
    graded,
    mark_knowledge,
    passages_of,
    values_by_score,
)
from hornbook.evaluation.multiple_choice import answer_items, choose_items
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.evaluation.significance import compare, detectable_by
from hornbook.inference.rollouts import ScoringEngine
from hornbook.inference.settings import Sampling
from hornbook.oracles.isolated import Oracles
from hornbook.preference.generate import Encoder, SampledReply, delete_replies, open_respondent
from hornbook.preference.select_questions import choose_questions, collect_questions
from hornbook.tokenizer.chat import load_tokenizer


def evaluation(
    settings: EvaluationSettings,
    work: Workspace,
    *,
    model: Path,
    questions: Sequence[Path] = (),
    before: Path | None = None,
    base: Path | None = None,
    training: Sequence[Path] = (),
) -> None:
    """Score a model: held-out tasks, behaviour on trivia, benchmarks as tasks of lm-evaluation-harness, and benchmarks
    with a prompt of our own: those with choices by log-likelihood, GSM8K and MATH by replies that the oracle judges.

    Writes scores.json ({"model", "scores": [{"name", "mean", "low", "high", "n", "detectable"}], "comparisons":
    [{"score", "difference", "low", "high", "p", "verdict", "n", "detectable"}]}), answers.parquet, questions.parquet
    with the questions asked, and the records of tasks (see `harness.records`). Of a questions folder that has one, the
    subfolder `settings.split` is used. `before` is the folder of an earlier evaluation; the two are compared on the
    questions of both. `base` is the evaluation of the base model, which says what trivia counts as known; a model that
    is asked in plain style is its own base model by default. Questions that occur in `training` are left out. Without
    `questions`, only tasks and benchmarks are scored.
    Raises HornbookError if there is nothing to score, if no question is left, if no item fits the model, and for a
    missing model, an unknown benchmark or task, and a `before` or `base` without answers.
    """
    if not questions and not settings.benchmarks and not settings.tasks:
        raise HornbookError("evaluation: nothing to score; expected questions, or the names of benchmarks, or both")
    earlier, of_base = (read_records(Path(e) / "answers.parquet", ScoredReply) if e else [] for e in (before, base))
    items, posed = _benchmarks(settings, bool(questions))
    asked = posed + (_choose(list(questions), list(training), settings, work) if questions else [])
    tasks = load_tasks(settings, work) if settings.tasks else []
    encoder = Encoder(load_tokenizer(model, work.path), settings.style)
    sampling = Sampling(temperature=settings.temperature, max_new_tokens=settings.max_new_tokens)
    seed = derive(settings.questions_seed, "evaluation")
    with open_respondent(model, encoder, settings.engine, seed=seed) as respondent:
        replies = respondent.replies(asked, settings.samples, sampling, work, "questions")
        picks = answer_items(items, respondent, settings.normalise, work)
        if tasks:
            picks += answer_tasks(tasks, cast(ScoringEngine, respondent.engine), encoder.tokenizer, settings, work)
    answers = _graded(asked, replies, settings, work) + picks
    if not answers and not tasks:
        raise HornbookError("evaluation: no item of the benchmarks fits the model's context")
    mark_knowledge(answers, answers if settings.style == "plain" and not base else of_base)
    answers.sort(key=lambda answer: (answer.score, answer.question, answer.sample))

    scores = _scores(answers)
    comparisons = (
        compare(answers, earlier, resamples=settings.resamples, seed=settings.questions_seed) if before else []
    )
    if before and not comparisons:
        work.warn(f"no question or item in common with {before}: nothing is compared")
    write_records(work.path / "answers.parquet", ScoredReply, answers)
    write_records(work.path / "questions.parquet", Question, asked)
    write_json(work.path / "scores.json", {"model": work.name, "scores": scores, "comparisons": comparisons})
    delete_replies(work)
    delete_journal(work)
    _book(asked, replies, scores, comparisons, work)


def _benchmarks(settings: EvaluationSettings, asks_questions: bool) -> tuple[list[BenchmarkItem], list[Question]]:
    """The items of the benchmarks with choices, and the questions of those without.

    The error for a missing package says how to score only the questions.
    """
    most, seed = settings.max_items, settings.questions_seed
    try:
        items = [i for name in settings.benchmarks if name not in ANSWERED for i in choose_items(name, most, seed)]
        posed = [q for name in settings.benchmarks if name in ANSWERED for q in pose_items(name, most, seed)]
        return items, posed
    except HornbookError as error:
        if not asks_questions:
            raise
        without = "or score the questions alone: --benchmarks '[]' (in a recipe: benchmarks: [])"
        raise HornbookError(f"{error}; {without}") from None


def _choose(
    paths: list[Path], training: list[Path], settings: EvaluationSettings, work: Workspace
) -> list[Question]:  # fmt: skip
    """The questions to ask: tasks and trivia, each up to its own limit."""
    found = _held_out(collect_questions(paths, work, split=settings.split, columns=settings.columns), training, work)
    trivia = [question for question in found if question.oracle == "trivia"]
    tasks = [question for question in found if question.oracle != "trivia"]
    asked = choose_questions(tasks, settings.max_questions, settings.questions_seed) + choose_questions(
        trivia, settings.max_trivia, settings.questions_seed
    )
    if not asked:
        raise HornbookError(
            "evaluation: no questions left to ask; check max_questions, max_trivia and the training data"
        )
    return asked


def _held_out(questions: list[Question], training: list[Path], work: Workspace) -> list[Question]:
    """The questions whose prompt no training conversation asks; the others are set aside, with a warning."""
    seen = {
        _normalised(message.content)
        for sample in stream_records(training, "samples", work.reject)
        for message in sample.messages
        if message.role == "user"
    }
    kept = [question for question in questions if _normalised(question.prompt) not in seen]
    if len(kept) < len(questions):
        for question in questions:
            if _normalised(question.prompt) in seen:
                work.reject(question.id, "question found in training data")
        work.warn(
            f"{len(questions) - len(kept)} of {len(questions)} held-out questions are in the training data: left out"
        )
    return kept


def _normalised(text: str) -> str:
    return " ".join(text.casefold().split())


def _graded(
    questions: list[Question], replies: list[SampledReply], settings: EvaluationSettings, work: Workspace
) -> list[ScoredReply]:
    by_id = {question.id: question for question in questions}
    pairs = [(by_id[reply.question], reply.text) for reply in replies]
    answers = []
    with work.progress("judging", len(pairs), "replies") as bar, Oracles(settings.oracles, work.ledger) as oracles:
        for reply, judged in zip(replies, oracles.judge_many(pairs, bar.advance), strict=True):
            answers += graded(by_id[reply.question], reply.sample, reply.text, judged, work.reject)
        if oracles.calls:
            work.count(teacher_calls=len(oracles.calls))
    return answers


def _scores(answers: list[ScoredReply]) -> list[dict[str, Any]]:
    scores = []
    passages = passages_of(answers)
    for name, questions in values_by_score(answers).items():
        found = estimate(by_passage(questions, passages))
        row = {"name": name, "mean": found.mean, "low": found.low, "high": found.high, "n": len(questions)}
        scores.append(row | {"detectable": detectable_by(found)})
    return scores


def _book(
    asked: list[Question],
    replies: list[SampledReply],
    scores: list[dict[str, Any]],
    comparisons: list[dict[str, Any]],
    work: Workspace,
) -> None:
    finished = sum(reply.finish == "stop" for reply in replies)
    no_room = sum(reply.finish == "no room" for reply in replies)
    tokens = sum(len(reply.tokens) for reply in replies)
    work.count(records_in=len(asked), records_out=len(replies), tokens=tokens)
    work.note("scores", scores)
    work.note("comparisons", comparisons)
    work.note("replies", {"finished": finished, "cut_off": len(replies) - finished - no_room, "no_room": no_room})
    if no_room:
        work.warn(f"{no_room} of {len(replies)} replies: the question fills the model's context; counted as not solved")
    if finished < len(replies) / 2:
        work.warn(f"only {finished} of {len(replies)} replies ended within max_new_tokens")
