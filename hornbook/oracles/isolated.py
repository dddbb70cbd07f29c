"""Run all oracles within limits: one that raises, hangs or uses too much memory fails one judgement, and is counted.

with Oracles(settings, work.ledger) as oracles:
    judgements = oracles.judge_many([(question, completion), ...])
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Self

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Question
from hornbook.oracles.code import tests_of
from hornbook.oracles.judgement import Judgement, correct, not_judged, wrong
from hornbook.oracles.llm_judge import JudgeModel
from hornbook.oracles.question_entry import entry_of
from hornbook.oracles.registry import JUDGE, check_name, judge_here
from hornbook.oracles.settings import OracleSettings
from hornbook.oracles.worker_process import Worker
from hornbook.sandbox.bubblewrap import bubblewrap

Pair = tuple[Question, str]  # a question and a finished completion

HERE = {"number", "choice", "exact", "trivia"}  # linear regular expressions: safe, and faster in this process
PAIRS_AT_A_TIME = 2048  # between two progress reports
PAIRS_A_PROCESS = 64  # fewer do not justify another process, which may take seconds to import what it needs


class Oracles:
    """Judges completions by their questions' oracles.

    Some run in this process, code in the sandbox, a judge model through the teacher, and all others in worker processes
    with limits on time and memory. `ledger` is the folder of the teacher's ledger; only a judge model needs it.

    Attributes:
        failures: how often oracles failed, by oracle and type of failure.
    """

    def __init__(self, settings: OracleSettings | None = None, ledger: Path | None = None) -> None:
        self.settings, self.ledger = settings or OracleSettings(), ledger
        self.failures: Counter[str] = Counter()
        self._workers = [Worker(self.settings) for _ in range(os.cpu_count() or 1)]
        self._judge_model: JudgeModel | None = None

    def judge_many(self, pairs: Sequence[Pair], on_done: Callable[[int], None] = lambda count: None) -> list[Judgement]:
        """One judgement a pair, in order; failed ones are counted in `failures`. `on_done` gets the number of new ones.

        Raises HornbookError for an oracle that is unknown or lacks what it needs (a package, a function, the sandbox, a
        teacher), TeacherError when the teacher cannot be used any further.
        """
        judgements: list[Judgement] = []
        for begin in range(0, len(pairs), PAIRS_AT_A_TIME):
            part = pairs[begin : begin + PAIRS_AT_A_TIME]
            new = self._ask(part, self._judge_group)
            judgements += [_too_much(question, one) for (question, _), one in zip(part, new, strict=True)]
            on_done(len(new))
        for (question, _), judgement in zip(pairs, judgements, strict=True):
            if judgement.failed:
                self.failures[f"{question.oracle}: {judgement.reason.split(':')[0]}"] += 1
        return judgements

    def check_many(self, questions: Sequence[Question]) -> list[str]:
        """For each question, why its oracle cannot judge answers to it; "" where it can. Raises as `judge_many`.

        The question's own answer is judged: what fails on that (a reference that cannot be parsed, an unknown task)
        would fail on every completion.
        """
        pairs = [(question, f"Answer: {question.answer}") for question in questions]
        return [judgement.reason if judgement.failed else "" for judgement in self._ask(pairs, self._check_group)]

    @property
    def calls(self) -> set[str]:
        """Keys of the teacher calls behind the judge model's verdicts."""
        return self._judge_model.calls if self._judge_model else set()

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        if self._judge_model:
            self._judge_model.close()
            self._judge_model = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Raises TeacherError if the judge model has answered no call, unless another exception is being raised."""
        try:
            if self._judge_model and kind is None:
                self._judge_model.require_answers()
        finally:
            self.close()

    def _ask(self, pairs: Sequence[Pair], ask: Callable[[str, list[Pair]], list[Judgement]]) -> list[Judgement]:
        """`ask` every oracle once, for all its pairs."""
        places: dict[str, list[int]] = {}
        for place, (question, _) in enumerate(pairs):
            places.setdefault(question.oracle, []).append(place)
        answers: dict[int, Judgement] = {}
        for oracle, mine in places.items():
            check_name(oracle)
            answers.update(zip(mine, ask(oracle, [pairs[place] for place in mine]), strict=True))
        return [answers[place] for place in range(len(pairs))]

    def _judge_group(self, oracle: str, pairs: list[Pair]) -> list[Judgement]:
        if oracle in HERE:
            return [judge_here(question, text, self.settings) for question, text in pairs]
        if oracle == "code":
            bubblewrap()
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                return list(pool.map(lambda pair: judge_here(pair[0], pair[1], self.settings), pairs))
        if oracle == JUDGE:
            return self._model().judge_many(pairs)
        return self._in_processes(pairs)

    def _in_processes(self, pairs: list[Pair]) -> list[Judgement]:
        """Divided evenly over as many worker processes as there are pairs for."""
        count = max(1, min(len(self._workers), len(pairs) // PAIRS_A_PROCESS))
        cuts = [len(pairs) * number // count for number in range(count + 1)]
        parts = [pairs[begin:end] for begin, end in pairwise(cuts)]
        if count == 1:
            return self._workers[0].judge_many(pairs)
        with ThreadPoolExecutor(count) as pool:
            done = list(pool.map(lambda worker, part: worker.judge_many(part), self._workers, parts))
        return [judgement for part in done for judgement in part]

    def _check_group(self, oracle: str, pairs: list[Pair]) -> list[Judgement]:
        """As `_judge_group`, but runs no program, no teacher and no user's function."""
        if oracle == "code":
            bubblewrap()
            return [_checked(question, lambda question: tests_of(entry_of(question))) for question, _ in pairs]
        if oracle == JUDGE:
            self._model()
            return [_checked(question, _needs_answer) for question, _ in pairs]
        if ":" in oracle:
            self._workers[0].load([pairs[0][0]])
            return [_checked(question, entry_of) for question, _ in pairs]
        return self._judge_group(oracle, pairs)

    def _model(self) -> JudgeModel:
        if self._judge_model is None:
            if self.settings.teacher is None or self.ledger is None:
                raise HornbookError("oracle 'judge' needs a judge model: give its teacher settings, and a ledger")
            self._judge_model = JudgeModel(self.settings.teacher, self.ledger)
        return self._judge_model


def _too_much(question: Question, judgement: Judgement) -> Judgement:
    """An expression that cannot be computed within the limits is wrong, since its reference can (see `check_many`)."""
    if (
        question.oracle == "math"
        and judgement.failed
        and judgement.reason.startswith(("Timeout", "MemoryError", "Crash"))
    ):
        return wrong(f"cannot be computed ({judgement.reason})")
    return judgement


def _checked(question: Question, check: Callable[[Question], object]) -> Judgement:
    try:
        check(question)
    except ValueError as error:
        return not_judged(one_line(error))
    return correct()


def _needs_answer(question: Question) -> None:
    if not question.answer.strip():
        raise ValueError("the question has no reference answer")
