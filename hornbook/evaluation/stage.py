"""A model and held-out questions → scores with 95 % intervals, compared with an earlier model (report §5-6)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from hornbook.base.confidence_intervals import Estimate, estimate
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_json, write_records
from hornbook.base.progress import console
from hornbook.base.records import Question
from hornbook.base.rng import derive
from hornbook.base.settings import nearest
from hornbook.base.workspace import Workspace
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.readers.load import stream_records
from hornbook.evaluation.answered_benchmarks import ANSWERED, pose_items
from hornbook.evaluation.chat.ask import EndpointAsker, EngineAsker
from hornbook.evaluation.chat.run import (
    AnsweredChat,
    LoadedChat,
    answer_chat_tasks,
    figure_scores,
    load_chat_tasks,
)
from hornbook.evaluation.chat.tasks import CHAT_TASKS
from hornbook.evaluation.contamination import asked_texts, contaminated_questions, mark_scores, training_texts
from hornbook.evaluation.harness.figures import figures
from hornbook.evaluation.harness.journal import JOURNAL, Journal
from hornbook.evaluation.harness.load import LoadedTask
from hornbook.evaluation.harness.records import AnsweredTask, scored_replies
from hornbook.evaluation.harness.records import write_records as write_task_records
from hornbook.evaluation.harness.run import answer_tasks, load_tasks
from hornbook.evaluation.judges import Agreement, Gold, Judges, check_oracles, read_gold
from hornbook.evaluation.metrics import (
    BENCHMARK,
    REASONING,
    ScoredReply,
    by_passage,
    graded,
    mark_knowledge,
    passages_of,
    values_by_score,
)
from hornbook.evaluation.multiple_choice import answer_items, choose_items
from hornbook.evaluation.planned_power import TRIVIA, counted_scores, power_table
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.evaluation.significance import compare, detectable_by
from hornbook.inference.rollouts import ScoringEngine
from hornbook.inference.settings import Sampling
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.registry import NAMES
from hornbook.preference.generate import Encoder, SampledReply, delete_replies, open_respondent
from hornbook.preference.select_questions import choose_questions, collect_questions
from hornbook.tokenizer.chat import load_tokenizer


def evaluation(
    settings: EvaluationSettings,
    work: Workspace,
    *,
    model: Path | None = None,
    questions: Sequence[Path] = (),
    before: Path | None = None,
    base: Path | None = None,
    training: Sequence[Path] = (),
    corpus: Sequence[Path] = (),
) -> None:
    """Score a model: held-out tasks, behaviour on trivia, benchmarks as tasks of lm-evaluation-harness, chat tasks as
    in simple-evals, and benchmarks with a prompt of our own: those with choices by log-likelihood, GSM8K and MATH by
    replies that the oracle judges. A model behind an endpoint (`settings.endpoint`) is asked chat tasks.

    Writes scores.json, answers.parquet, questions.parquet with the questions asked, and the records of tasks (see
    `harness.records`). In scores.json are "model", "scores" (name, mean, low, high, n, detectable), "comparisons"
    (score, difference, low, high, p, verdict, n, detectable, spread), "judges" (score, judge, n, share, low, high,
    kappa, usable) and "figures", which are no shares (name, mean, low, high, n). Of a questions folder that has one,
    the subfolder `settings.split` is used. `before` is the folder of an earlier evaluation; the two are compared on the
    questions of both. `base` is the evaluation of the base model, which says what trivia counts as known; a model that
    is asked in plain style is its own base model by default. Questions that occur in `training` are left out; of
    benchmarks, each score says how many of its questions are in `training` or in the documents of `corpus`
    ("in_training"), and what it is without them. Without `questions`, only tasks and benchmarks are scored.
    Raises HornbookError if there is nothing to score, if no question is left, if no item fits the model, and for a
    missing model, an unknown benchmark or task, and a `before` or `base` without answers.
    """
    if not questions and not settings.benchmarks and not settings.tasks:
        raise HornbookError("evaluation: nothing to score; expected questions, or the names of benchmarks, or both")
    if bool(model) == bool(settings.endpoint):
        raise HornbookError("evaluation: give a model, or an endpoint with one (--endpoint.url and --endpoint.model)")
    if settings.endpoint and questions:
        raise HornbookError("evaluation: an endpoint answers chat tasks only; leave the questions out")
    earlier, of_base = (read_records(Path(e) / "answers.parquet", ScoredReply) if e else [] for e in (before, base))
    items, posed = _benchmarks(settings, bool(questions))
    asked = posed + (_choose(list(questions), list(training), settings, work) if questions else [])
    tasks = load_tasks(settings.harness_tasks, settings, work) if settings.harness_tasks else []
    chats = load_chat_tasks(settings.chat_tasks, settings, work)
    if settings.tasks and not tasks and not chats:
        raise HornbookError(f"evaluation: no task is left{work.first_set_aside()}")
    gold = _oracle_gold(settings)
    counts = Counter(_planned_name(question) for question in asked) + Counter(
        f"{BENCHMARK}:{item.benchmark}" for item in items
    )
    counts.update({f"{BENCHMARK}:{task.name}": task.questions(settings.limit) for task in tasks})
    counts.update({f"{BENCHMARK}:{chat.task.name}": len(chat.items) for chat in chats})
    console.print(power_table(counted_scores(counts, before)))

    replies, picks, answered, chat_answers = _asked(model, asked, items, tasks, chats, settings, work)
    answered += [one.answered for one in chat_answers]
    if answered:
        write_task_records(answered, settings, work)
    answers, checked = _judged(asked, replies, gold, settings, work)
    answers += picks
    answers += [row for task in answered for row in scored_replies(task)]
    if not answers and not tasks and not chats:
        raise HornbookError("evaluation: no item of the benchmarks fits the model's context")
    mark_knowledge(answers, answers if settings.style == "plain" and not base else of_base)
    answers.sort(key=lambda answer: (answer.score, answer.question, answer.sample))

    scores = _scores(answers, figure_scores(chat_answers))
    posed_texts = {item.id: item for item in items} | asked_texts(answered) if training or corpus else {}
    if posed_texts:
        texts = training_texts(training, corpus, work.reject)
        mark_scores(scores, answers, contaminated_questions(posed_texts, texts))
    checked |= {f"{BENCHMARK}:{one.answered.asked.name}": one.checked for one in chat_answers if one.checked}
    comparisons = (
        compare(answers, earlier, resamples=settings.resamples, seed=settings.questions_seed) if before else []
    )
    if before and not comparisons:
        work.warn(f"no question or item in common with {before}: nothing is compared")
    write_records(work.path / "answers.parquet", ScoredReply, answers)
    write_records(work.path / "questions.parquet", Question, asked)
    agreements = [{"score": name, **one._asdict(), "usable": one.usable} for name, one in checked.items()]
    found = {"model": work.name, "scores": scores, "comparisons": comparisons, "judges": agreements}
    found["figures"] = [{"name": name, **one._asdict()} for name, one in figures(answered).items()]
    write_json(work.path / "scores.json", found)
    delete_replies(work)
    (work.path / JOURNAL).unlink(missing_ok=True)
    _book(asked, replies, scores, comparisons, work)


def _oracle_gold(settings: EvaluationSettings) -> dict[str, Gold]:
    """The gold verdicts for oracles of questions. Raises HornbookError for a name that is neither an oracle's nor that
    of a chat task whose judge can be checked, and for a file that cannot be read."""
    chats = [name for name, task in CHAT_TASKS.items() if task.judge_of]
    for name in settings.gold:
        if name not in (*NAMES, *chats):
            raise HornbookError(f"gold: '{name}' is no judge{nearest(name, [*NAMES, *chats])}")
    return {name: read_gold(Path(file)) for name, file in settings.gold.items() if name in NAMES}


def _judged(
    asked: list[Question],
    replies: list[SampledReply],
    gold: dict[str, Gold],
    settings: EvaluationSettings,
    work: Workspace,
) -> tuple[list[ScoredReply], dict[str, Agreement]]:
    """The rows of the questions' replies, without those of oracles that agree too seldom with gold verdicts; and the
    agreement of each that was checked."""
    checked = {}
    if gold:
        with Judges(settings.oracles, work.ledger) as judges:
            checked = check_oracles(gold, judges, work)
    unusable = {question.id for question in asked if (one := checked.get(question.oracle)) and not one.usable}
    answers = [answer for answer in _graded(asked, replies, settings, work) if answer.question not in unusable]
    return answers, {f"oracle {name}": one for name, one in checked.items()}


def _asked(
    model: Path | None,
    questions: list[Question],
    items: list[BenchmarkItem],
    tasks: list[LoadedTask],
    chats: list[LoadedChat],
    settings: EvaluationSettings,
    work: Workspace,
) -> tuple[list[SampledReply], list[ScoredReply], list[AnsweredTask], list[AnsweredChat]]:
    """All that the model is asked: replies to questions, choices of benchmarks, tasks, and chat tasks."""
    judges = Judges(settings.oracles, work.ledger)
    if model is None:
        assert settings.endpoint
        with judges:
            endpoint = EndpointAsker(settings.endpoint, settings, work)
            return [], [], [], answer_chat_tasks(chats, endpoint, judges, settings, work)
    encoder = Encoder(load_tokenizer(model, work.path), settings.style)
    sampling = Sampling(temperature=settings.temperature, max_new_tokens=settings.max_new_tokens)
    seed = derive(settings.questions_seed, "evaluation")
    with (
        judges,
        open_respondent(model, encoder, settings.engine, seed=seed) as respondent,
        Journal(work.path / JOURNAL, f"{respondent.engine.fingerprint} {settings.questions_seed}") as journal,
    ):
        replies = respondent.replies(questions, settings.samples, sampling, work, "questions")
        picks = answer_items(items, respondent, settings.normalise, work)
        answered: list[AnsweredTask] = []
        chat_answers: list[AnsweredChat] = []
        if tasks:
            engine = cast(ScoringEngine, respondent.engine)
            answered = answer_tasks(tasks, engine, encoder.tokenizer, settings, work, journal)
        if chats:
            asker = EngineAsker(respondent, settings, journal, work)
            chat_answers = answer_chat_tasks(chats, asker, judges, settings, work)
    return replies, picks, answered, chat_answers


def _planned_name(question: Question) -> str:
    if question.task.startswith(f"{BENCHMARK}:"):
        return question.task
    return TRIVIA if question.oracle == "trivia" else REASONING


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


def _scores(answers: list[ScoredReply], figures: dict[str, Estimate]) -> list[dict[str, Any]]:
    """The means over questions, and `figures`, which are none."""
    passages = passages_of(answers)
    found = {
        name: (estimate(by_passage(questions, passages)), len(questions))
        for name, questions in values_by_score(answers).items()
    } | {name: (figure, figure.n) for name, figure in figures.items()}
    return [
        {"name": name, "mean": score.mean, "low": score.low, "high": score.high, "n": n}
        | {"detectable": detectable_by(score)}
        for name, (score, n) in found.items()
    ]


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
