"""Sample rollouts in batches and judge them by the question's oracle; each is sampled once and kept in a journal."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from hornbook.base.append_log import AppendLog, read_lines
from hornbook.base.records import Question
from hornbook.base.rng import derive
from hornbook.base.settings import digest
from hornbook.inference.rollouts import Engine, Request
from hornbook.inference.settings import Sampling
from hornbook.pts.types import JudgedRollout, RolloutTask, SearchCase


class JournalEntry(msgspec.Struct, array_like=True):
    key: str  # digest of the requests that were answered
    outcomes: list[JudgedRollout]


class RolloutJournal:
    """Append-only log of judged rollouts. Entries of an earlier attempt are replayed in order, then new ones follow.

    The first line is `identity`, a digest of model, questions and settings; the journal of another search is dropped,
    and so is a torn last line.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self.path = path
        header = msgspec.json.encode({"search": identity})
        lines = read_lines(path)
        if not lines or lines[0] != header:
            with AppendLog(path) as log:
                log.truncate(0)
                log.append(header)
            lines = [header]
        self.waiting = lines[:0:-1]  # entries to replay, the next one last
        self.size = len(header) + 1  # bytes of header and of entries that were replayed or written

    def replay(self, key: str) -> list[JudgedRollout] | None:
        """The outcomes of the next entry if its key is `key`; otherwise None, and the remaining entries are dropped."""
        if self.waiting:
            line = self.waiting.pop()
            entry = msgspec.json.decode(line, type=JournalEntry)
            if entry.key == key:
                self.size += len(line) + 1
                return entry.outcomes
            self.waiting.clear()
        return None

    def append(self, key: str, outcomes: list[JudgedRollout]) -> None:
        """Write an entry through to the disk. Raises HornbookError when the disk is full."""
        line = msgspec.json.encode(JournalEntry(key, outcomes))
        with AppendLog(self.path) as log:
            log.truncate(self.size)  # drops a torn line, and entries that were not replayed
            log.append(line)
        self.size += len(line) + 1


class OracleVerdict(NamedTuple):
    success: bool
    reason: str = ""  # why the oracle failed, if it did


# Takes questions with the tokens of finished solutions, without prompts.
Judge = Callable[[list[tuple[Question, list[int]]]], list[OracleVerdict]]
OnDone = Callable[[int], None]  # called with the number of tokens of each finished rollout


class RolloutRunner:
    """Runs rollout tasks. Each call is cut into entries of fixed size; a finished entry is in the journal, not rerun.

    What is sampled together depends only on the tasks, so a search that was killed and started again makes the same
    calls and ends with the same bytes. A solution that does not finish within the sampling limit, counted from the
    prompt, is a failure.

    Attributes:
        made: every task with its outcome, in order.
        tokens: sampled in all of them together.
    """

    def __init__(
        self,
        engine: Engine,
        judge: Judge,
        cases: list[SearchCase],
        sampling: Sampling,
        journal: RolloutJournal,
        entry_size: int,
    ) -> None:
        self.engine, self.judge, self.cases, self.sampling = engine, judge, cases, sampling
        self.journal, self.entry_size = journal, entry_size
        self.made: list[tuple[RolloutTask, JudgedRollout]] = []
        self.tokens = 0

    def run(self, tasks: list[RolloutTask], on_done: OnDone | None = None) -> list[JudgedRollout]:
        """The outcomes of `tasks`, in their order; `on_done` is called with the number of tokens of each."""
        outcomes: list[JudgedRollout] = []
        for start in range(0, len(tasks), self.entry_size):
            entry = tasks[start : start + self.entry_size]
            requests = [self._request(task) for task in entry]
            key = digest(msgspec.to_builtins(requests))
            done = self.journal.replay(key)
            if done is None:
                done = self._sample(entry, requests, on_done)
                self.journal.append(key, done)
            elif on_done:
                for outcome in done:
                    on_done(len(outcome.tokens))
            outcomes += done
        self.made += zip(tasks, outcomes, strict=True)
        self.tokens += sum(len(outcome.tokens) for outcome in outcomes)
        return outcomes

    def unfinished(self) -> float:
        """Share of rollouts that reached the token limit."""
        return sum(outcome.finish != "stop" for _, outcome in self.made) / max(1, len(self.made))

    def broken(self) -> Counter[str]:
        """How often the oracle failed, by reason."""
        return Counter(outcome.reason for _, outcome in self.made if outcome.reason)

    def _request(self, task: RolloutTask) -> Request:
        case, tokens = self.cases[task.prefix.case], task.prefix.tokens
        prefix_id = derive(0, *tokens)  # names the prefix
        return Request(
            prefix=case.prompt + list(tokens),
            key=f"{case.question.id} {prefix_id} {task.stream} {task.number}",
            limit=self.sampling.max_new_tokens - len(tokens),
            avoid=task.avoid,
        )

    def _sample(self, tasks: list[RolloutTask], requests: list[Request], on_done: OnDone | None) -> list[JudgedRollout]:
        rollouts = self.engine.sample(requests, self.sampling, on_done)
        finished = [
            (self.cases[task.prefix.case].question, [*task.prefix.tokens, *rollout.tokens])
            for task, rollout in zip(tasks, rollouts, strict=True)
            if rollout.finish == "stop"
        ]
        verdicts = iter(self.judge(finished))
        outcomes = []
        for rollout in rollouts:
            verdict = next(verdicts) if rollout.finish == "stop" else OracleVerdict(False)
            logprobs = [round(logprob, 6) for logprob in rollout.logprobs]
            outcomes.append(JudgedRollout(rollout.tokens, logprobs, rollout.finish, verdict.success, verdict.reason))
        return outcomes
