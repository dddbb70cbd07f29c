"""Refusal data against hallucination: answer what the model knows, refuse the rest (report §4.4, appendix A.1)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hornbook.base.confidence_intervals import estimate
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Message, Pair, Question, Sample, make_id
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.inference.settings import Sampling
from hornbook.oracles.score import judge_pairs
from hornbook.preference.generate import Encoder, Respondent, by_question, delete_replies, open_respondent
from hornbook.preference.refusal_templates import BOGUS_REFUSALS, REFUSALS, bogus_question, bogus_variant, known_words
from hornbook.preference.refusal_writer import WrittenTexts, write_texts
from hornbook.preference.select_questions import choose_questions, collect_questions
from hornbook.preference.settings import RefusalSettings
from hornbook.tokenizer.chat import load_tokenizer

PAIR_TOKENS = 5  # of the replies; report appendix A.1


class RefusalCase(msgspec.Struct):
    """A question with the texts to teach and the model's measured answers."""

    question: Question
    answer: str  # "" for a bogus question
    refusal: str
    answer_calls: list[str] = []
    refusal_calls: list[str] = []
    right: int = 0
    wrong: int = 0
    asked: int = 0
    wrong_reply: str = ""  # the model's most frequent wrong answer

    @property
    def known(self) -> float:
        """Share of right answers: p(correct)."""
        return self.right / self.asked


def refusal(settings: RefusalSettings, work: Workspace, *, model: Path, questions: Sequence[Path]) -> None:
    """Measure which trivia the model knows; make samples.parquet for SFT and pairs.parquet for DPO.

    SFT: the answer where the model is usually right, a refusal where it is usually wrong and for every bogus question.
    DPO, on the first `PAIR_TOKENS` tokens of the replies: correct > refusal where the model is sometimes (not always)
    right, refusal > its own wrong answer where it is sometimes wrong. Held-out questions are never touched.
    Raises HornbookError when there are no trivia questions or no such model.
    """
    asked = _trivia(questions, settings, work)
    chosen = choose_questions(asked, settings.max_questions, work.seed)
    cases = _with_texts(settings, work, chosen, known_words(asked))
    encoder = Encoder(load_tokenizer(model, work.path), settings.style)
    with open_respondent(model, encoder, settings.engine, seed=work.seed) as respondent:
        _measure(cases, respondent, settings, work)

    samples = [sample for case in cases if (sample := _sample(case, settings))]
    pairs = [pair for case in cases for pair in _pairs(case, encoder, PAIR_TOKENS)]
    write_records(work.path / "samples.parquet", Sample, sorted(samples, key=lambda sample: sample.id))
    write_records(work.path / "pairs.parquet", Pair, sorted(pairs, key=lambda pair: pair.id))
    delete_replies(work)
    _record_statistics(cases, samples, pairs, settings, work)


def _trivia(paths: Sequence[Path], settings: RefusalSettings, work: Workspace) -> list[Question]:
    found = collect_questions(paths, work, columns=settings.columns)
    trivia = [question for question in found if question.oracle == "trivia"]
    for question in found:
        if question.oracle != "trivia":
            work.reject(question.id, "not a trivia question")
    if not any(question.answer for question in trivia):
        raise HornbookError(f"{', '.join(map(str, paths))}: no trivia questions with an answer (oracle: trivia) found")
    return trivia


def _with_texts(
    settings: RefusalSettings, work: Workspace, questions: list[Question], known: set[str]
) -> list[RefusalCase]:
    """A case for each question and each bogus variant, with the teacher's texts where they pass, else built-in ones."""
    real = [question for question in questions if question.answer]
    written: dict[str, WrittenTexts] = {}
    if settings.teacher and settings.teacher_questions:
        for_teacher = choose_questions(real, settings.teacher_questions, work.seed)
        written, outcomes, calls = write_texts(settings.teacher, for_teacher, known, work)
        work.note("teacher_texts", dict(sorted(outcomes.items())))
        work.count(teacher_calls=calls)

    cases = [_real_case(question, written.get(question.id, WrittenTexts()), work) for question in real]
    bogus = {q.id: _bogus_case(q, work) for q in questions if not q.answer}
    for text in written.values():
        if text.bogus:
            bogus[text.bogus.id] = _bogus_case(text.bogus, work, text)
    for question in real:
        if len(bogus) >= settings.bogus_share * len(real):
            break
        prompt = bogus_variant(question, known, rng(work.seed, "bogus", question.id))
        if prompt:
            made_up = bogus_question(question, prompt, [])
            bogus.setdefault(made_up.id, _bogus_case(made_up, work))
    return cases + [bogus[name] for name in sorted(bogus)]


def _real_case(question: Question, text: WrittenTexts, work: Workspace) -> RefusalCase:
    return RefusalCase(
        question=question,
        answer=text.answer or question.solution or question.answer,
        refusal=text.refusal or _one_of(REFUSALS, question, work),
        answer_calls=text.answer_calls,
        refusal_calls=text.refusal_calls,
    )


def _bogus_case(question: Question, work: Workspace, text: WrittenTexts | None = None) -> RefusalCase:
    text = text or WrittenTexts()
    refusal = text.bogus_refusal or _one_of(BOGUS_REFUSALS, question, work)
    return RefusalCase(question=question, answer="", refusal=refusal, refusal_calls=text.bogus_refusal_calls)


def _one_of(texts: tuple[str, ...], question: Question, work: Workspace) -> str:
    return texts[int(rng(work.seed, "phrasing", question.id).integers(len(texts)))]


def _measure(cases: list[RefusalCase], respondent: Respondent, settings: RefusalSettings, work: Workspace) -> None:
    """Fill in how often the model answers each case correctly and wrongly, and its most frequent wrong answer."""
    sampling = Sampling(temperature=settings.temperature, max_new_tokens=settings.max_new_tokens)
    questions = [case.question for case in cases]
    replies = by_question(respondent.replies(questions, settings.samples, sampling, work, "trivia"))
    for case in cases:
        texts = [reply.text for reply in replies[case.question.id]]
        judged = judge_pairs([(case.question, text) for text in texts])
        outcomes = [(judgement.outcome, text) for judgement, text in zip(judged, texts, strict=True)]
        case.asked = len(outcomes)
        case.right = sum(outcome == "correct" for outcome, _ in outcomes)
        wrong = Counter(text for outcome, text in outcomes if outcome == "wrong")
        case.wrong = wrong.total()
        if wrong:
            case.wrong_reply = min(wrong, key=lambda text: (-wrong[text], text))


def _sample(case: RefusalCase, settings: RefusalSettings) -> Sample | None:
    """The record for fine-tuning; None where the model's share of correct answers is between the two thresholds."""
    if case.answer and case.known >= settings.usually_right:
        kind, text, calls = "answer", case.answer, case.answer_calls
    elif not case.answer or case.known < settings.usually_wrong:
        kind, text, calls = "refusal", case.refusal, case.refusal_calls
    else:
        return None
    checks = [f"model right in {case.right} of {case.asked}"] if case.answer else ["bogus question"]
    return Sample(
        id=make_id("sample", "refusal", case.question.id, text),
        parents=[case.question.id, *case.question.parents],
        calls=[*case.question.calls, *calls],
        source="synthetic",
        kind=kind,
        messages=[Message("user", case.question.prompt), Message("assistant", text)],
        checks=checks,
    )


def _pairs(case: RefusalCase, encoder: Encoder, first: int) -> list[Pair]:
    """Correct > refusal where sometimes right; refusal > wrong where sometimes wrong; on the first tokens only.

    A model that is always right has nothing to learn here, and with such pairs it would answer what it does not know.
    """
    question = case.question
    refused = encoder.chat_reply(question, case.refusal)[:first]
    sides = []
    if 0 < case.right < case.asked:
        answered = encoder.chat_reply(question, case.answer)[:first]
        sides.append((answered, refused, [*case.answer_calls, *case.refusal_calls]))
    if case.wrong:
        sides.append((refused, encoder.chat_reply(question, case.wrong_reply)[:first], case.refusal_calls))
    prompt = encoder.chat_prompt(question)
    return [
        Pair(
            id=make_id("pair", "refusal", question.id, str(chosen), str(rejected)),
            parents=[question.id, *question.parents],
            calls=[*question.calls, *calls],
            kind="refusal",
            prompt_tokens=prompt,
            chosen_tokens=chosen,
            rejected_tokens=rejected,
        )
        for chosen, rejected, calls in sides
        if chosen != rejected
    ]


def _record_statistics(
    cases: list[RefusalCase], samples: list[Sample], pairs: list[Pair], settings: RefusalSettings, work: Workspace
) -> None:
    real, bogus = [case for case in cases if case.answer], [case for case in cases if not case.answer]
    histogram = Counter(case.right for case in real)
    correct = estimate([[1.0] * case.right + [0.0] * (case.asked - case.right) for case in real])
    usually_right = sum(case.known >= settings.usually_right for case in real)
    work.note(
        "p_correct", [{"p": k / settings.samples, "questions": histogram[k]} for k in range(settings.samples + 1)]
    )
    work.note(
        "refusal",
        {
            "questions": len(real),
            "bogus": len(bogus),
            "known": {"mean": correct.mean, "low": correct.low, "high": correct.high, "n": correct.n},
            "usually_right": usually_right,
            "usually_wrong": sum(case.known < settings.usually_wrong for case in real),
            "samples_that_answer": usually_right,
            "samples_that_refuse": len(samples) - usually_right,
            "pairs": len(pairs),
        },
    )
    work.count(records_in=len(cases), records_out=len(samples), pairs=len(pairs))
    if not usually_right:
        work.warn("the model knows none of the trivia: all samples are refusals, which may teach it to refuse too much")
