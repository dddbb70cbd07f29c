"""Rollouts with a verdict: sampled in batches, judged by the question's oracle, each paid for once."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from hornbook.base.progress import Bar
from hornbook.base.records import Question
from hornbook.base.seeds import derive
from hornbook.base.settings import digest
from hornbook.inference.rollouts import Engine, Request
from hornbook.inference.settings import Sampling
from hornbook.pivotal.journal import Journal
from hornbook.pivotal.outcomes import Case, Outcome, Trial


class Verdict(NamedTuple):
    success: bool
    reason: str = ""  # why the oracle broke, if it did


Judge = Callable[[Question, list[int]], Verdict]  # given a finished solution's tokens, without the prompt


class Trials:
    """Runs trials. Each call is cut into entries of fixed size; a finished entry is in the journal and never rerun.

    What is sampled together is a function of the trials asked for, so a search that was killed and started again
    makes the same calls and ends with the same bytes. A solution that does not finish within the sampling limit,
    counted from the prompt, is a failure.

    Attributes:
        made: every trial with its outcome, in the order they were asked for.
    """

    def __init__(
        self, engine: Engine, judge: Judge, cases: list[Case], sampling: Sampling, journal: Journal, entry_size: int
    ) -> None:
        self.engine, self.judge, self.cases, self.sampling = engine, judge, cases, sampling
        self.journal, self.entry_size = journal, entry_size
        self.made: list[tuple[Trial, Outcome]] = []

    def run(self, trials: list[Trial], bar: Bar | None = None) -> list[Outcome]:
        """The outcomes of `trials`, in their order; `bar` advances by one each."""
        outcomes: list[Outcome] = []
        for start in range(0, len(trials), self.entry_size):
            entry = trials[start : start + self.entry_size]
            requests = [self._request(trial) for trial in entry]
            key = digest(msgspec.to_builtins(requests))
            done = self.journal.replay(key)
            if done is None:
                done = self._sample(entry, requests, bar)
                self.journal.append(key, done)
            elif bar:
                bar.advance(len(done))
            outcomes += done
        self.made += zip(trials, outcomes, strict=True)
        return outcomes

    def tokens(self) -> int:
        return sum(len(outcome.tokens) for _, outcome in self.made)

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
        )

    def _sample(self, trials: list[Trial], requests: list[Request], bar: Bar | None) -> list[Outcome]:
        rollouts = self.engine.sample(requests, self.sampling, (lambda _: bar.advance()) if bar else None)
        outcomes = []
        for trial, rollout in zip(trials, rollouts, strict=True):
            verdict = Verdict(False)
            if rollout.finish == "stop":
                verdict = self.judge(self.cases[trial.prefix.case].question, [*trial.prefix.tokens, *rollout.tokens])
            logprobs = [round(logprob, 6) for logprob in rollout.logprobs]
            outcomes.append(Outcome(rollout.tokens, logprobs, rollout.finish, verdict.success, verdict.reason))
        return outcomes
