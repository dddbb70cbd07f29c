"""The stage: model and questions in, pivots and pairs out."""

from collections.abc import Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_records
from hornbook.base.records import Message, Pair, Pivot, Question
from hornbook.base.rng import derive, rng
from hornbook.base.settings import digest
from hornbook.base.workspace import Workspace
from hornbook.inference.open_engine import open_engine
from hornbook.inference.rollouts import Engine
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.load_questions import load_questions
from hornbook.pts.diagnostics import book
from hornbook.pts.export import export
from hornbook.pts.judged_rollouts import Journal, Judge, Trials, Verdict
from hornbook.pts.page import write_page
from hornbook.pts.records import Difficulty, MadeRollout, SearchedSolution
from hornbook.pts.search import Found, search
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import Case
from hornbook.tokenizer.chat import encode_plain, encode_prompt, load_tokenizer, plain_text, stop_ids

BATCHES_AN_ENTRY = 4  # rollouts written to the journal together, in batches; a kill loses less than that


def pts(settings: PtsSettings, work: Workspace, *, model: Path, questions: Sequence[Path]) -> None:
    """Pivotal token search (report §4.3).

    Writes pivots.parquet, pairs.parquet, solutions.parquet (each with p(success) along it), difficulty.parquet,
    rollouts.parquet, page.html, what `export` asks for, and journal.jsonl, from which a search that was killed goes on
    without sampling anything twice.
    Raises HornbookError for a model that cannot be loaded or cannot end a text, for questions that no oracle can
    judge, and when no question has p(success) within range.
    """
    tokenizer = load_tokenizer(model, work.path)
    if not stop_ids(tokenizer) and not settings.stop:
        raise HornbookError(
            f"{model}: the tokenizer names no end-of-sequence token, so that no solution would ever end; set eos_token "
            "in tokenizer_config.json, or pass --stop TEXT"
        )
    with Oracles(settings.oracles, work.ledger) as oracles:
        asked = load_questions(questions, oracles, work.reject, oracle=settings.oracle, columns=settings.columns)
        seed = derive(work.seed, "rollouts")
        with open_engine(settings.engine, model, tokenizer, seed=seed, batch_size=settings.batch_size) as engine:
            run(settings, work, engine, tokenizer, asked, oracles)


def run(
    settings: PtsSettings,
    work: Workspace,
    engine: Engine,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[Question],
    oracles: Oracles,
) -> None:
    """The search with any engine and any oracles."""
    cases = make_cases(settings, work, tokenizer, questions, engine.room)
    identity = digest([settings.identity(), work.seed, engine.fingerprint, [[c.question.id, c.prompt] for c in cases]])
    journal = Journal(work.path / "journal.jsonl", identity)
    entry_size = BATCHES_AN_ENTRY * settings.batch_size
    trials = Trials(engine, make_judge(tokenizer, oracles), cases, settings.sampling(), journal, entry_size)
    found = search(settings, work, trials, lambda tokens: [tokenizer.decode([token]) for token in tokens])
    write(work, found, trials)
    book(settings, work, found, trials)
    work.count(records_in=len(questions), records_out=len(found.pairs))
    write_page(work.path, tokenizer.decode)
    if settings.export:
        export(work.path, settings.export, tokenizer)


def make_cases(
    settings: PtsSettings, work: Workspace, tokenizer: PreTrainedTokenizerBase, questions: list[Question], room: int
) -> list[Case]:
    """A seeded choice of questions with their prompts; those that leave no room for an answer are rejected."""
    distinct = list({question.id: question for question in questions}.values())
    if not distinct:
        raise HornbookError("no questions to search; expected at least one Question record")
    order = rng(work.seed, "questions").permutation(len(distinct))
    chat = settings.prompt == "chat" or (settings.prompt == "auto" and bool(tokenizer.chat_template))
    cases: list[Case] = []
    for question in (distinct[index] for index in order):
        prompt = prompt_tokens(tokenizer, question, chat, settings.system)
        if len(prompt) >= room:
            work.reject(question.id, f"prompt too long: {len(prompt)} tokens, the model's context is {room}")
        else:
            cases.append(Case(question, prompt))
        if len(cases) == settings.max_questions:
            break
    if not cases:
        raise HornbookError(f"no question fits the model's context of {room} tokens")
    return cases


def prompt_tokens(tokenizer: PreTrainedTokenizerBase, question: Question, chat: bool, system: str) -> list[int]:
    """The question as the model sees it, behind the turns before it; `system` is for chats without one of their own."""
    turns = [*question.before, Message("user", question.prompt)]
    if not chat:
        return encode_plain(tokenizer, plain_text(turns))
    if system and turns[0].role != "system":
        turns = [Message("system", system), *turns]
    return encode_prompt(tokenizer, turns)


def make_judge(tokenizer: PreTrainedTokenizerBase, oracles: Oracles) -> Judge:
    """Decodes solutions and asks their questions' oracles, once for each text."""
    stops = set(stop_ids(tokenizer))
    known: dict[tuple[str, str], Verdict] = {}

    def text_of(tokens: list[int]) -> str:
        body = tokens[:-1] if tokens and tokens[-1] in stops else tokens
        return str(tokenizer.decode(body, skip_special_tokens=True))

    def verdicts(finished: list[tuple[Question, list[int]]]) -> list[Verdict]:
        texts = [(question, text_of(tokens)) for question, tokens in finished]
        new = {(question.id, text): (question, text) for question, text in texts if (question.id, text) not in known}
        for key, judgement in zip(new, oracles.judge_many(list(new.values())), strict=True):
            known[key] = Verdict(judgement.right is True, judgement.reason if judgement.failed else "")
        return [known[question.id, text] for question, text in texts]

    return verdicts


def write(work: Workspace, found: Found, trials: Trials) -> None:
    write_records(work.path / "pivots.parquet", Pivot, found.pivots)
    write_records(work.path / "pairs.parquet", Pair, found.pairs)
    write_records(work.path / "difficulty.parquet", Difficulty, found.difficulties)
    write_records(work.path / "solutions.parquet", SearchedSolution, found.solutions)
    rollouts = (
        MadeRollout(
            question=trials.cases[trial.prefix.case].question.id,
            stream=trial.stream,
            number=trial.number,
            avoid=trial.avoid,
            prefix_tokens=list(trial.prefix.tokens),
            tokens=outcome.tokens,
            finish=outcome.finish,
            success=outcome.success,
        )
        for trial, outcome in trials.made
    )
    write_records(work.path / "rollouts.parquet", MadeRollout, rollouts)
