"""The stage `pts`: model and questions in, pivots and pairs out."""

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
from hornbook.pts.diagnostics import record_diagnostics
from hornbook.pts.export import export_search
from hornbook.pts.judged_rollouts import Judge, OracleVerdict, RolloutJournal, RolloutRunner
from hornbook.pts.page import write_page
from hornbook.pts.records import Difficulty, RolloutRecord, SearchedSolution
from hornbook.pts.search import SearchResult, run_search
from hornbook.pts.settings import PtsSettings
from hornbook.pts.types import SearchCase
from hornbook.tokenizer.chat import encode_plain, encode_prompt, load_tokenizer, plain_text, stop_ids

BATCHES_PER_ENTRY = 4  # batches of rollouts written to the journal together; a killed search loses less than that


def pts(settings: PtsSettings, work: Workspace, *, model: Path, questions: Sequence[Path]) -> None:
    """Pivotal token search (report §4.3).

    Writes pivots.parquet, pairs.parquet, solutions.parquet (each with p(success) along it), difficulty.parquet,
    rollouts.parquet, page.html, the file for `export`, and journal.jsonl, from which a killed search continues without
    sampling anything twice.
    Raises HornbookError for a model that cannot be loaded or cannot end a text, for questions that no oracle can
    judge, and when no question has p(success) within range.
    """
    tokenizer = load_tokenizer(model, work.path)
    if not stop_ids(tokenizer) and not settings.stop:
        raise HornbookError(
            f"{model}: the tokenizer has no end-of-sequence token, so no solution would ever end; set eos_token "
            "in tokenizer_config.json, or pass --stop TEXT"
        )
    with Oracles(settings.oracles, work.ledger) as oracles:
        loaded = load_questions(questions, oracles, work.reject, oracle=settings.oracle, columns=settings.columns)
        seed = derive(work.seed, "rollouts")
        with open_engine(settings.engine, model, tokenizer, seed=seed, batch_size=settings.batch_size) as engine:
            search_with_engine(settings, work, engine, tokenizer, loaded, oracles)


def search_with_engine(
    settings: PtsSettings,
    work: Workspace,
    engine: Engine,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[Question],
    oracles: Oracles,
) -> None:
    """Run the search with the given engine and oracles, and write its output."""
    cases = make_cases(settings, work, tokenizer, questions, engine.context)
    identity = digest([settings.identity(), work.seed, engine.fingerprint, [[c.question.id, c.prompt] for c in cases]])
    journal = RolloutJournal(work.path / "journal.jsonl", identity)
    entry_size = BATCHES_PER_ENTRY * settings.batch_size
    runner = RolloutRunner(engine, make_judge(tokenizer, oracles), cases, settings.sampling(), journal, entry_size)
    found = run_search(settings, work, runner, lambda tokens: [tokenizer.decode([token]) for token in tokens])
    write(work, found, runner)
    record_diagnostics(settings, work, found, runner)
    work.count(records_in=len(questions), records_out=len(found.pairs))
    write_page(work.path, tokenizer.decode)
    if settings.export:
        export_search(work.path, settings.export, tokenizer)


def make_cases(
    settings: PtsSettings, work: Workspace, tokenizer: PreTrainedTokenizerBase, questions: list[Question], context: int
) -> list[SearchCase]:
    """A random choice of questions with their prompts; those whose prompt fills the context are rejected."""
    distinct = list({question.id: question for question in questions}.values())
    if not distinct:
        raise HornbookError("no questions to search; expected at least one Question record")
    order = rng(work.seed, "questions").permutation(len(distinct))
    chat = settings.prompt == "chat" or (settings.prompt == "auto" and bool(tokenizer.chat_template))
    cases: list[SearchCase] = []
    for question in (distinct[index] for index in order):
        prompt = prompt_tokens(tokenizer, question, chat, settings.system)
        if len(prompt) >= context:
            work.reject(question.id, f"prompt too long: {len(prompt)} tokens, the model's context is {context}")
        else:
            cases.append(SearchCase(question, prompt))
        if len(cases) == settings.max_questions:
            break
    if not cases:
        raise HornbookError(f"no question fits the model's context of {context} tokens")
    return cases


def prompt_tokens(tokenizer: PreTrainedTokenizerBase, question: Question, chat: bool, system: str) -> list[int]:
    """The question as the model sees it, after the turns before it; `system` is for chats without a system prompt."""
    turns = [*question.before, Message("user", question.prompt)]
    if not chat:
        return encode_plain(tokenizer, plain_text(turns))
    if system and turns[0].role != "system":
        turns = [Message("system", system), *turns]
    return encode_prompt(tokenizer, turns)


def make_judge(tokenizer: PreTrainedTokenizerBase, oracles: Oracles) -> Judge:
    """A function that decodes solutions and judges them by their questions' oracles, once for each text."""
    stops = set(stop_ids(tokenizer))
    known: dict[tuple[str, str], OracleVerdict] = {}

    def text_of(tokens: list[int]) -> str:
        body = tokens[:-1] if tokens and tokens[-1] in stops else tokens
        return str(tokenizer.decode(body, skip_special_tokens=True))

    def verdicts(finished: list[tuple[Question, list[int]]]) -> list[OracleVerdict]:
        texts = [(question, text_of(tokens)) for question, tokens in finished]
        new = {(question.id, text): (question, text) for question, text in texts if (question.id, text) not in known}
        for key, judgement in zip(new, oracles.judge_many(list(new.values())), strict=True):
            known[key] = OracleVerdict(judgement.right is True, judgement.reason if judgement.failed else "")
        return [known[question.id, text] for question, text in texts]

    return verdicts


def write(work: Workspace, found: SearchResult, runner: RolloutRunner) -> None:
    write_records(work.path / "pivots.parquet", Pivot, found.pivots)
    write_records(work.path / "pairs.parquet", Pair, found.pairs)
    write_records(work.path / "difficulty.parquet", Difficulty, found.difficulties)
    write_records(work.path / "solutions.parquet", SearchedSolution, found.solutions)
    rollouts = (
        RolloutRecord(
            question=runner.cases[task.prefix.case].question.id,
            stream=task.stream,
            number=task.number,
            avoid=task.avoid,
            prefix_tokens=list(task.prefix.tokens),
            tokens=outcome.tokens,
            finish=outcome.finish,
            success=outcome.success,
        )
        for task, outcome in runner.made
    )
    write_records(work.path / "rollouts.parquet", RolloutRecord, rollouts)
