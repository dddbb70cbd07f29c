"""Replies of the model itself, other models and the teacher (report §4.2)."""

from hornbook.base.progress import Bar
from hornbook.base.records import Message, Question, make_id
from hornbook.base.workspace import Workspace
from hornbook.inference.settings import Sampling
from hornbook.oracles.isolated import Oracles
from hornbook.preference.generate import Encoder, Respondent
from hornbook.preference.records import NO_ORACLE, JudgedReply
from hornbook.preference.settings import JudgedPairsSettings, RepliesSettings
from hornbook.teacher.client import Teacher
from hornbook.teacher.errors import CallFailed
from hornbook.teacher.map_records import map_records


def model_replies(
    author: str,
    writer: Respondent,
    model: Encoder,
    questions: list[Question],
    settings: RepliesSettings,
    work: Workspace,
    enough_tokens: int = 0,
) -> list[JudgedReply]:
    """Ungraded replies of `writer`, in the tokens of the model in training, whose encoder is `model`.

    The model's own replies keep the sampled token ids, since text that is tokenised again may give other ids.
    """
    sampling = Sampling(temperature=settings.temperature, max_new_tokens=settings.max_new_tokens)
    asked = {question.id: question for question in questions}
    candidates = []
    for reply in writer.replies(questions, settings.responses, sampling, work, author, enough_tokens):
        question = asked[reply.question]
        complete = reply.finish == "stop"
        tokens = reply.tokens if writer.encoder is model else _encode(model, question, reply.text, complete)
        candidates.append(_candidate(question, author, reply.sample, reply.text, tokens, complete))
    return candidates


async def teacher_replies(
    teacher: Teacher,
    model: Encoder,
    questions: list[Question],
    settings: JudgedPairsSettings,
    work: Workspace,
    bar: Bar,
) -> list[JudgedReply]:
    """The teacher's own replies; only the reply of a failed call is missing."""

    async def ask(task: tuple[Question, int]) -> JudgedReply:
        question, sample = task
        completion = await teacher.complete(
            [Message("user", question.prompt)],
            purpose="judge: reply",
            sample=sample,
            temperature=settings.temperature,
            max_tokens=settings.max_new_tokens,
        )
        text, complete = completion.text.strip(), completion.finish == "stop"
        tokens = _encode(model, question, text, complete)
        reply = _candidate(question, "teacher", sample, text, tokens, complete)
        reply.calls = [completion.key]
        return reply

    tasks = [(question, sample) for question in questions for sample in range(settings.teacher_responses)]
    results = await map_records(tasks, ask, lambda *_: bar.advance(), limit=teacher.settings.records_at_once)
    for (question, _), result in zip(tasks, results, strict=True):
        if isinstance(result, CallFailed):
            work.reject(question.id, f"no reply from the teacher: {result}")
    return [result for result in results if isinstance(result, JudgedReply)]


def check_replies(replies: list[JudgedReply], questions: list[Question], oracles: Oracles, work: Workspace) -> None:
    """Fill in the oracle's score of each reply to a question whose answer can be checked."""
    checkable = {q.id: q for q in questions if q.answer or q.entry or q.oracle == "trivia"}
    checked = [reply for reply in replies if reply.question in checkable]
    with work.progress("checking", len(checked), "replies") as bar:
        pairs = [(checkable[reply.question], reply.text) for reply in checked]
        for reply, judged in zip(checked, oracles.judge_many(pairs, bar.advance), strict=True):
            reply.oracle = NO_ORACLE if judged.failed else judged.score


def distinct_replies(replies: list[JudgedReply]) -> list[JudgedReply]:
    """Each text to a question once, preferring complete ones; sorted by question and text."""
    best: dict[tuple[str, str], JudgedReply] = {}
    for reply in sorted(replies, key=lambda reply: (not reply.complete, reply.author, reply.sample)):
        best.setdefault((reply.question, reply.text), reply)
    return [best[key] for key in sorted(best)]


def _encode(model: Encoder, question: Question, text: str, complete: bool) -> list[int]:
    tokens = model.chat_reply(question, text)
    return tokens if complete else tokens[:-1]


def _candidate(
    question: Question, author: str, sample: int, text: str, tokens: list[int], complete: bool
) -> JudgedReply:
    return JudgedReply(
        id=make_id("judgement", question.id, author, str(sample), text),
        parents=[question.id, *question.parents],
        question=question.id,
        author=author,
        sample=sample,
        text=text,
        tokens=tokens,
        complete=complete,
    )
