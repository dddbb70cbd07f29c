"""Judge-guided preference data: several replies per prompt, graded, the better one preferred (report §4.2)."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from hornbook.base import asynchronous
from hornbook.base.confidence_intervals import estimate
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, write_records
from hornbook.base.records import Pair, Question, make_id
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.oracles.isolated import Oracles
from hornbook.preference.generate import Encoder, delete_replies, open_respondent
from hornbook.preference.judge_prompt import CRITERIA, HIGHEST, LOWEST, TEMPERATURE, grading_messages, parse_grades
from hornbook.preference.pairing import best_against_worst, rank_agreement
from hornbook.preference.records import JudgedReply
from hornbook.preference.responses import check_replies, distinct_replies, model_replies, teacher_replies
from hornbook.preference.select_questions import choose_questions, collect_questions
from hornbook.preference.settings import JudgedPairsSettings
from hornbook.teacher.client import Teacher, open_teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.map_records import map_records
from hornbook.teacher.settings import TeacherSettings
from hornbook.tokenizer.chat import load_tokenizer

JUDGE_TOKENS = 48  # of a judgement, at most
ATTEMPTS = 2  # for an answer with grades
CONSTANT, CONSTANT_FROM = 0.8, 20  # share of equal grades, and number of replies, from which a warning is given


def judged_pairs(
    settings: JudgedPairsSettings,
    work: Workspace,
    *,
    model: Path,
    questions: Sequence[Path],
    others: Sequence[Path] = (),
    same_tokens_as: Path | None = None,
) -> None:
    """Sample replies, have them judged, and write pairs.parquet (full-length, `ends=True`) and judgements.parquet.

    A pair is decided by accuracy (kind "accuracy": by the oracle, or by the judge if set so) or by the mean of
    accuracy, style and detail (kind "overall"); ties give no pair. A note records how often the judge agrees with the
    oracle. The models are sampled one after another. `same_tokens_as` is the folder of a search (stage `pts`): as many
    prompts are used as its number of sampled tokens suffices for, so that both can be compared.
    Raises HornbookError when there are no questions or no model, TeacherError when the judge cannot be used.
    """
    if settings.teacher is None and settings.accuracy == "judge":
        raise HornbookError(
            "judged-pairs: accuracy: judge needs a teacher as the judge; give one, or set accuracy to oracle"
        )
    if others and settings.engine.backend == "server":
        raise HornbookError(
            "judged-pairs: others: engine.backend server samples only from the model it serves; "
            "use torch or vllm, or leave out the others"
        )
    budget = _sampled_tokens(same_tokens_as) if same_tokens_as else 0
    asked = choose_questions(collect_questions(questions, work, columns=settings.columns), settings.prompts, work.seed)
    encoder = Encoder(load_tokenizer(model, work.path), "chat")
    with open_respondent(model, encoder, settings.engine, seed=derive(work.seed, "model")) as writer:
        context = writer.engine.context
        replies = model_replies("model", writer, encoder, asked, settings, work, budget)
    for number, other in enumerate(others, 1):
        its = Encoder(load_tokenizer(other, work.path), "chat")
        with open_respondent(other, its, settings.engine, seed=derive(work.seed, "other", number)) as writer:
            replies += model_replies(f"other-{number}", writer, encoder, asked, settings, work, budget)
    if budget:
        replies = _within_tokens(replies, budget, work)
    if settings.teacher:
        replies = asynchronous.run_coroutine(_with_teacher(settings.teacher, replies, encoder, asked, settings, work))
    sampled = sum(len(reply.tokens) for reply in replies if not reply.calls)
    replies = distinct_replies(replies)
    with Oracles(settings.oracles, work.ledger) as oracles:
        check_replies(replies, asked, oracles, work)

    pairs = [pair for question in asked for pair in _pairs(question, replies, encoder, context, settings)]
    write_records(work.path / "judgements.parquet", JudgedReply, sorted(replies, key=lambda reply: reply.id))
    write_records(work.path / "pairs.parquet", Pair, sorted(pairs, key=lambda pair: pair.id))
    delete_replies(work)
    work.count(tokens=sampled)
    _record_statistics(asked, replies, pairs, work)


async def _with_teacher(
    judge_model: TeacherSettings,
    replies: list[JudgedReply],
    encoder: Encoder,
    asked: list[Question],
    settings: JudgedPairsSettings,
    work: Workspace,
) -> list[JudgedReply]:
    """The replies and the teacher's own, graded up to `judge_calls`."""
    async with open_teacher(judge_model, work.ledger) as teacher:
        with work.progress("teacher replies", len(asked) * settings.teacher_responses, "replies") as bar:
            replies = replies + await teacher_replies(teacher, encoder, asked, settings, work, bar)
        replies = distinct_replies(replies)
        prompts = {question.id: question.prompt for question in asked}
        chosen = _within_budget(replies, settings.judge_calls)
        with work.progress("judgements", len(chosen), "replies") as bar:
            outcomes = await map_records(
                chosen,
                lambda reply: _grade(teacher, prompts[reply.question], reply, JUDGE_TOKENS),
                lambda *_: bar.advance(),
                limit=teacher.settings.records_at_once,
            )
        teacher.require_answers()
        work.count(teacher_calls=len(teacher.calls_used), **teacher.losses())
    for reply, outcome in zip(chosen, outcomes, strict=True):
        if isinstance(outcome, CallFailed):
            work.reject(reply.id, f"no answer from the judge: {outcome}")
        elif not reply.judged:
            work.reject(reply.id, "no grades in the judge's answer")
    return replies


def _sampled_tokens(search: Path) -> int:
    tokens = read_json(search / "stage.json").get("counts", {}).get("tokens", 0)
    if not tokens:
        raise HornbookError(f"same_tokens_as: {search}: expected the folder of a search, which says what it sampled")
    return int(tokens)


def _within_tokens(replies: list[JudgedReply], most: int, work: Workspace) -> list[JudgedReply]:
    """The replies to as many prompts as `most` tokens suffice for, in the order of their ids."""
    spent: Counter[str] = Counter()
    for reply in replies:
        spent[reply.question] += len(reply.tokens)
    within = dict(zip(sorted(spent), accumulate(spent[name] for name in sorted(spent)), strict=True))
    if spent.total() < most:
        work.warn(f"the replies took {spent.total():,} of {most:,} tokens; ask for more prompts or responses")
    return [reply for reply in replies if within[reply.question] <= most]


def _within_budget(replies: list[JudgedReply], most: int) -> list[JudgedReply]:
    """The replies to judge: all of a prompt or none, prompt by prompt while they fit."""
    per_prompt = Counter(reply.question for reply in replies)
    chosen: set[str] = set()
    for name in sorted(per_prompt):
        if sum(per_prompt[other] for other in chosen) + per_prompt[name] <= most:
            chosen.add(name)
    return [reply for reply in replies if reply.question in chosen]


async def _grade(teacher: Teacher, question: str, reply: JudgedReply, longest: int) -> JudgedReply:
    """Let the judge grade one reply; the record keeps the calls."""
    for attempt in range(ATTEMPTS):
        completion = await teacher.complete(
            grading_messages(question, reply.text),
            purpose="judge: grade",
            sample=attempt,
            temperature=TEMPERATURE,
            max_tokens=longest,
        )
        reply.calls = [*reply.calls, completion.key]
        grades = parse_grades(completion.text)
        if grades:
            reply.faults = grades.faults
            reply.accuracy, reply.style, reply.detail = grades.accuracy, grades.style, grades.detail
            break
    return reply


def _pairs(
    question: Question, replies: list[JudgedReply], encoder: Encoder, context: int, settings: JudgedPairsSettings
) -> list[Pair]:
    """The pairs of one prompt: by accuracy, then by the mean of the three grades for replies not yet paired."""
    prompt = encoder.chat_prompt(question)
    fitting = [r for r in replies if r.question == question.id and len(prompt) + len(r.tokens) <= context]
    accuracies = [(reply, accuracy) for reply in fitting if (accuracy := _accuracy(reply, settings)) is not None]
    overall = [(reply, (accuracy + reply.style + reply.detail) / 3) for reply, accuracy in accuracies if reply.judged]

    pairs: dict[tuple[str, str], Pair] = {}
    for kind, graded in (("accuracy", accuracies), ("overall", overall)):
        grades = [grade for _, grade in graded]
        complete = [reply.complete for reply, _ in graded]
        tokens = [reply.tokens for reply, _ in graded]
        for better, worse in best_against_worst(grades, complete, settings.pairs_per_prompt, tokens):
            chosen, rejected = graded[better][0], graded[worse][0]
            pairs.setdefault((chosen.id, rejected.id), _pair(kind, question, prompt, chosen, rejected))
    return list(pairs.values())


def _accuracy(reply: JudgedReply, settings: JudgedPairsSettings) -> float | None:
    """From 1 to 5: the oracle's score if the settings say so and it has one, else the judge's grade."""
    if settings.accuracy == "oracle" and reply.checked:
        return LOWEST + (HIGHEST - LOWEST) * reply.oracle
    return reply.accuracy if reply.judged else None


def _pair(kind: str, question: Question, prompt: list[int], chosen: JudgedReply, rejected: JudgedReply) -> Pair:
    return Pair(
        id=make_id("pair", kind, chosen.id, rejected.id),
        parents=[question.id, *question.parents],
        calls=[*question.calls, *chosen.calls, *rejected.calls],
        kind=kind,
        prompt_tokens=prompt,
        chosen_tokens=chosen.tokens,
        rejected_tokens=rejected.tokens,
        ends=True,
    )


def _record_statistics(asked: list[Question], replies: list[JudgedReply], pairs: list[Pair], work: Workspace) -> None:
    judged = [reply for reply in replies if reply.judged]
    kinds = Counter(pair.kind for pair in pairs)
    work.count(records_in=len(asked), records_out=len(pairs), replies=len(replies), judged=len(judged))
    work.note("judge_pairs", {"accuracy": kinds["accuracy"], "overall": kinds["overall"]})
    work.note("judge_replies", dict(sorted(Counter(reply.author for reply in replies).items())))
    work.note("judge_grades", {name: _histogram([getattr(reply, name) for reply in judged]) for name in CRITERIA})
    if judged:
        _note_agreement(asked, judged, work)
        _warn_if_constant(judged, work)
    if not pairs:
        work.warn(f"{len(replies)} replies to {len(asked)} prompts gave no pair: all were graded alike")


def _histogram(grades: list[float]) -> list[dict[str, int]]:
    counted = Counter(round(grade) for grade in grades)
    return [{"grade": grade, "replies": counted[grade]} for grade in range(int(LOWEST), int(HIGHEST) + 1)]


def _note_agreement(asked: list[Question], judged: list[JudgedReply], work: Workspace) -> None:
    """Note how often the judge's accuracy prefers the reply that the oracle prefers; 0.5 is chance."""
    agreements = []
    for question in asked:
        checked = [reply for reply in judged if reply.question == question.id and reply.checked]
        agreements.append(rank_agreement([r.oracle for r in checked], [r.accuracy for r in checked]))
    found = estimate(agreements)
    note = {"mean": found.mean, "low": found.low, "high": found.high, "n": found.n, "pairs": sum(map(len, agreements))}
    work.note("judge_agreement", note)
    if found.n and found.low <= 0.5:
        work.warn(
            f"the judge agrees with the oracle on accuracy in {found.mean:.0%} of {note['pairs']} pairs "
            f"({found.low:.0%}-{found.high:.0%}): no better than chance; do not rely on its other grades either"
        )


def _warn_if_constant(judged: list[JudgedReply], work: Workspace) -> None:
    commonest = Counter((reply.accuracy, reply.style, reply.detail) for reply in judged).most_common(1)[0][1]
    share = commonest / len(judged)
    if len(judged) >= CONSTANT_FROM and share >= CONSTANT:
        work.warn(f"the judge gives {share:.0%} of {len(judged)} replies the same grades: it hardly distinguishes them")
