"""The usual way to preference pairs: sample whole replies to each question, set a right one against a wrong one."""

from collections import defaultdict
from pathlib import Path

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Message, Pair, Question, make_id
from hornbook.base.rng import derive
from hornbook.base.settings import Settings, setting
from hornbook.base.stage import stage
from hornbook.base.workspace import Workspace
from hornbook.inference.rollouts import Request
from hornbook.inference.settings import Sampling
from hornbook.inference.torch_engine import TorchEngine
from hornbook.model.load_save import load_model
from hornbook.oracles.isolated import Oracles
from hornbook.oracles.load_questions import read_questions
from hornbook.preference.select_questions import choose_questions
from hornbook.pts.stage import make_judge
from hornbook.tokenizer.chat import encode_prompt, load_tokenizer

ROUND = 4  # replies a question is given before the next round begins


class RolloutPairsSettings(Settings):
    """Right and wrong replies of the model itself."""

    tokens: int = setting(help="tokens to sample", ge=1)
    max_questions: int = setting(1_000_000, "questions replied to, evenly over the tasks", ge=1)
    pairs_per_question: int = setting(4, "most pairs of one question; no reply is in two", ge=1)
    temperature: float = setting(0.8, "sampling temperature", ge=0)
    max_new_tokens: int = setting(256, "longest reply in tokens; one that is not finished by then is in no pair", ge=1)


class Reply(msgspec.Struct):
    """A sampled reply and whether it is right."""

    question: str
    tokens: list[int]
    finished: bool
    success: bool


@stage("rollout-pairs", makes=("pairs",))
def rollout_pairs(settings: RolloutPairsSettings, work: Workspace, *, model: Path, questions: list[Path]) -> None:
    """Sample replies round by round until `settings.tokens` are spent, and pair them.

    Writes replies.parquet and pairs.parquet. Each round is kept as it ends, so that a killed stage goes on there.
    Raises HornbookError when no question has both a right and a wrong reply.
    """
    found = read_questions(questions, work.reject)
    asked = choose_questions(found, settings.max_questions, work.seed)
    sampler = Sampler(settings, work, model, asked)
    replies: list[Reply] = []
    spent = turn = 0
    with work.progress("replies", settings.tokens, "tokens") as bar:
        while spent < settings.tokens:
            made = sampler.round(turn)
            for reply in made:
                if spent < settings.tokens:
                    replies.append(reply)
                    spent += len(reply.tokens)
                    bar.advance(len(reply.tokens))
            turn += 1
    pairs = pair_up(replies, sampler.prompts, settings.pairs_per_question)
    if not pairs:
        raise HornbookError("no question has both a right and a wrong reply")
    write_records(work.path / "replies.parquet", Reply, replies)
    write_records(work.path / "pairs.parquet", Pair, pairs)
    work.count(records_in=len(asked), records_out=len(pairs), tokens=spent, rollouts=len(replies))
    work.note("sampled_tokens", spent)
    work.note("success", sum(reply.success for reply in replies) / len(replies))


class Sampler:
    """Samples the rounds of replies to `questions`, or reads back those that were sampled before."""

    def __init__(self, settings: RolloutPairsSettings, work: Workspace, model: Path, questions: list[Question]) -> None:
        self.sampling = Sampling(temperature=settings.temperature, max_new_tokens=settings.max_new_tokens)
        self.questions, self.folder = questions, work.path / "rounds"
        tokenizer = load_tokenizer(model)
        self.engine = TorchEngine(load_model(model), tokenizer, batch_size=256, seed=derive(work.seed, "replies"))
        self.judge = make_judge(tokenizer, Oracles())
        self.prompts = {q.id: encode_prompt(tokenizer, [Message("user", q.prompt)]) for q in questions}

    def round(self, turn: int) -> list[Reply]:
        """`ROUND` replies to every question; all first replies come before all second ones."""
        kept = self.folder / f"{turn:04d}.parquet"
        if not kept.exists():
            asked = [(question, ROUND * turn + number) for number in range(ROUND) for question in self.questions]
            requests = [Request(self.prompts[question.id], f"{question.id}/{number}") for question, number in asked]
            rollouts = self.engine.sample(requests, self.sampling)
            verdicts = self.judge([(q, rollout.tokens) for (q, _), rollout in zip(asked, rollouts, strict=True)])
            replies = [
                Reply(question.id, rollout.tokens, finished, finished and verdict.success)
                for (question, _), rollout, verdict in zip(asked, rollouts, verdicts, strict=True)
                for finished in [rollout.finish == "stop"]
            ]
            write_records(kept, Reply, replies)
        return list(read_records(kept, Reply))


def pair_up(replies: list[Reply], prompts: dict[str, list[int]], most: int) -> list[Pair]:
    """Up to `most` pairs a question, each of a right and a wrong reply that are in no other pair."""
    sides: defaultdict[str, tuple[dict[tuple[int, ...], None], dict[tuple[int, ...], None]]]
    sides = defaultdict(lambda: ({}, {}))  # question: distinct right replies, distinct wrong ones, as they came
    for reply in replies:
        if reply.finished:
            sides[reply.question][not reply.success].setdefault(tuple(reply.tokens))
    return [
        Pair(
            id=make_id("pair", "rollouts", question, str(right), str(wrong)),
            parents=[question],
            kind="accuracy",
            prompt_tokens=prompts[question],
            chosen_tokens=list(right),
            rejected_tokens=list(wrong),
            ends=True,
        )
        for question, (rights, wrongs) in sorted(sides.items())
        for right, wrong in list(zip(rights, wrongs, strict=False))[:most]
    ]
