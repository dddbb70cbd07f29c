"""The stage: model and questions in, pivots and pairs out."""

from pathlib import Path

import xxhash
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Message, Pair, Pivot, Question
from hornbook.base.seeds import derive, rng
from hornbook.base.settings import digest
from hornbook.base.workspace import Workspace
from hornbook.inference.engine import TorchEngine
from hornbook.inference.rollouts import Engine
from hornbook.model.files import load_model
from hornbook.oracles.score import RIGHT, judge
from hornbook.pivotal.journal import Journal
from hornbook.pivotal.outcomes import Case
from hornbook.pivotal.records import MadeRollout, SearchedSolution
from hornbook.pivotal.report import book
from hornbook.pivotal.search import Found, search
from hornbook.pivotal.settings import PtsSettings
from hornbook.pivotal.trials import Judge, Trials, Verdict
from hornbook.tokenizer.chat import encode_prompt, load_tokenizer, plain_prompt, stop_ids

BATCHES_AN_ENTRY = 4  # rollouts written to the journal together, in batches; a kill loses less than that


def pts(settings: PtsSettings, work: Workspace, *, model: Path, questions: list[Path]) -> None:
    """Pivotal token search (report §4.3).

    Writes pivots.parquet, pairs.parquet, solutions.parquet (each with p(success) along it), rollouts.parquet, and
    journal.jsonl, from which a search that was killed goes on without sampling anything twice.
    Raises HornbookError for a model that cannot be loaded, for questions without records, and when no question has
    p(success) within range.
    """
    tokenizer = load_tokenizer(model)
    network = load_model(model)
    asked = [question for path in questions for question in read_records(path, Question, work.reject)]
    engine = TorchEngine(network, tokenizer, batch_size=settings.batch_size, seed=derive(work.seed, "rollouts"))
    run(settings, work, engine, tokenizer, asked, room=engine.room, fingerprint=weights_digest(network))


def run(
    settings: PtsSettings,
    work: Workspace,
    engine: Engine,
    tokenizer: PreTrainedTokenizerBase,
    questions: list[Question],
    *,
    room: int,
    fingerprint: str,
) -> None:
    """The search with any engine. `room` is the engine's context in tokens, `fingerprint` names its model."""
    cases = make_cases(settings, work, tokenizer, questions, room)
    identity = digest([settings.identity(), work.seed, fingerprint, [[c.question.id, c.prompt] for c in cases]])
    journal = Journal(work.path / "journal.jsonl", identity)
    entry_size = BATCHES_AN_ENTRY * settings.batch_size
    trials = Trials(engine, make_judge(tokenizer), cases, settings.sampling(), journal, entry_size)
    found = search(settings, work, trials, lambda tokens: [tokenizer.decode([token]) for token in tokens])
    write(work, found, trials)
    book(settings, work, found, trials)
    work.count(records_in=len(questions), records_out=len(found.pairs))


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
    if not chat:
        return list(tokenizer.encode(plain_prompt(question.prompt), add_special_tokens=False))
    turns = [Message("system", system)] if system else []
    return encode_prompt(tokenizer, [*turns, Message("user", question.prompt)])


def make_judge(tokenizer: PreTrainedTokenizerBase) -> Judge:
    """Decodes a solution and asks the question's oracle, once for each text."""
    stops = set(stop_ids(tokenizer))
    known: dict[tuple[str, str], Verdict] = {}

    def verdict(question: Question, tokens: list[int]) -> Verdict:
        body = tokens[:-1] if tokens and tokens[-1] in stops else tokens
        text = tokenizer.decode(body, skip_special_tokens=True)
        if (question.id, text) not in known:
            judgement = judge(question, text)
            reason = judgement.reason if judgement.failed else ""
            known[question.id, text] = Verdict(judgement.score >= RIGHT, reason)
        return known[question.id, text]

    return verdict


def weights_digest(model: PreTrainedModel) -> str:
    """Names a model by its configuration and the beginning of every weight."""
    hasher = xxhash.xxh3_64(str(model.config.to_json_string()).encode())
    for name, weight in model.named_parameters():
        hasher.update(name.encode())
        hasher.update(weight.detach().flatten()[:4096].float().cpu().numpy().tobytes())
    return hasher.hexdigest()


def write(work: Workspace, found: Found, trials: Trials) -> None:
    write_records(work.path / "pivots.parquet", Pivot, found.pivots)
    write_records(work.path / "pairs.parquet", Pair, found.pairs)
    write_records(work.path / "solutions.parquet", SearchedSolution, found.solutions)
    rollouts = (
        MadeRollout(
            question=trials.cases[trial.prefix.case].question.id,
            stream=trial.stream,
            number=trial.number,
            prefix_tokens=list(trial.prefix.tokens),
            tokens=outcome.tokens,
            finish=outcome.finish,
            success=outcome.success,
        )
        for trial, outcome in trials.made
    )
    write_records(work.path / "rollouts.parquet", MadeRollout, rollouts)
