"""Rollouts with a verdict: sampled in batches, judged by the question's oracle, each paid for once."""

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
from hornbook.pts.types import Case, Outcome, Trial


class Entry(msgspec.Struct, array_like=True):
    key: str  # digest of the requests that were answered
    outcomes: list[Outcome]


class Journal:
    """Entries of an earlier attempt are replayed in order; where it ended (perhaps in a torn line), writing goes on.

    The first line is `identity`, which names model, questions and settings; a journal of another search is dropped.
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

    def replay(self, key: str) -> list[Outcome] | None:
        """The outcomes of the next entry if it answers `key`; else what follows is forgotten, and None."""
        if self.waiting:
            line = self.waiting.pop()
            entry = msgspec.json.decode(line, type=Entry)
            if entry.key == key:
                self.size += len(line) + 1
                return entry.outcomes
            self.waiting.clear()
        return None

    def append(self, key: str, outcomes: list[Outcome]) -> None:
        """Write an entry through to the disk. Raises HornbookError when the disk is full."""
        line = msgspec.json.encode(Entry(key, outcomes))
        with AppendLog(self.path) as log:
            log.truncate(self.size)  # drops a torn line, and what was forgotten
            log.append(line)
        self.size += len(line) + 1


class Verdict(NamedTuple):
    success: bool
    reason: str = ""  # why the oracle broke, if it did


Judge = Callable[[list[tuple[Question, list[int]]]], list[Verdict]]  # of finished solutions' tokens, without prompts
OnDone = Callable[[int], None]  # told the tokens of each finished rollout


class Trials:
    """Runs trials. Each call is cut into entries of fixed size; a finished entry is in the journal and never rerun.

    What is sampled together is a function of the trials asked for, so a search that was killed and started again
    makes the same calls and ends with the same bytes. A solution that does not finish within the sampling limit,
    counted from the prompt, is a failure.

    Attributes:
        made: every trial with its outcome, in the order they were asked for.
        tokens: sampled in all of them.
    """

    def __init__(
        self, engine: Engine, judge: Judge, cases: list[Case], sampling: Sampling, journal: Journal, entry_size: int
    ) -> None:
        self.engine, self.judge, self.cases, self.sampling = engine, judge, cases, sampling
        self.journal, self.entry_size = journal, entry_size
        self.made: list[tuple[Trial, Outcome]] = []
        self.tokens = 0

    def run(self, trials: list[Trial], on_done: OnDone | None = None) -> list[Outcome]:
        """The outcomes of `trials`, in their order; `on_done` is told the tokens of each."""
        outcomes: list[Outcome] = []
        for start in range(0, len(trials), self.entry_size):
            entry = trials[start : start + self.entry_size]
            requests = [self._request(trial) for trial in entry]
            key = digest(msgspec.to_builtins(requests))
            done = self.journal.replay(key)
            if done is None:
                done = self._sample(entry, requests, on_done)
                self.journal.append(key, done)
            elif on_done:
                for outcome in done:
                    on_done(len(outcome.tokens))
            outcomes += done
        self.made += zip(trials, outcomes, strict=True)
        self.tokens += sum(len(outcome.tokens) for outcome in outcomes)
        return outcomes

    def unfinished(self) -> float:
        """Share of rollouts that ran into the limit."""
        return sum(outcome.finish != "stop" for _, outcome in self.made) / max(1, len(self.made))

    def broken(self) -> Counter[str]:
        """How often the oracle broke, by reason."""
        return Counter(outcome.reason for _, outcome in self.made if outcome.reason)

    def _request(self, trial: Trial) -> Request:
        case, tokens = self.cases[trial.prefix.case], trial.prefix.tokens
        place = derive(0, *tokens)  # names the prefix
        return Request(
            prefix=case.prompt + list(tokens),
            key=f"{case.question.id} {place} {trial.stream} {trial.number}",
            limit=self.sampling.max_new_tokens - len(tokens),
            avoid=trial.avoid,
        )

    def _sample(self, trials: list[Trial], requests: list[Request], on_done: OnDone | None) -> list[Outcome]:
        rollouts = self.engine.sample(requests, self.sampling, on_done)
        finished = [
            (self.cases[trial.prefix.case].question, [*trial.prefix.tokens, *rollout.tokens])
            for trial, rollout in zip(trials, rollouts, strict=True)
            if rollout.finish == "stop"
        ]
        verdicts = iter(self.judge(finished))
        outcomes = []
        for rollout in rollouts:
            verdict = next(verdicts) if rollout.finish == "stop" else Verdict(False)
            logprobs = [round(logprob, 6) for logprob in rollout.logprobs]
            outcomes.append(Outcome(rollout.tokens, logprobs, rollout.finish, verdict.success, verdict.reason))
        return outcomes
