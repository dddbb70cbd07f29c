"""The reasoning-gym oracle: answers are judged by the task's own scorer."""

from collections.abc import Callable
from functools import cache
from typing import Any

from hornbook.base.packages import missing_package
from hornbook.base.records import Question
from hornbook.oracles.extract_answer import stated_text
from hornbook.oracles.judgement import Judgement, correct, not_attempted, wrong
from hornbook.oracles.question_entry import entry_of
from hornbook.oracles.settings import OracleSettings

LONGEST_ANSWER = 4000  # characters; some scorers parse the answer as mathematics, in time that grows fast


def score_gym(question: Question, reply: str, settings: OracleSettings) -> Judgement:
    """The score, in [0, 1], that the task's scorer gives; `entry` is the reasoning-gym entry as JSON.

    Raises ValueError for an unknown task or a broken entry, and whatever the scorer raises.
    """
    entry = entry_of(question)
    if "metadata" not in entry:
        raise ValueError("the question has no reasoning-gym entry")
    task_scorer = scorer(entry["metadata"].get("source_dataset", question.task))
    answer = stated_text(reply)
    if not answer:
        return not_attempted()
    if len(answer) > LONGEST_ANSWER:
        return wrong(f"the answer is longer than {LONGEST_ANSWER} characters")
    value = min(1.0, max(0.0, float(task_scorer(answer, entry))))
    if value == 1.0:
        return correct(answer[:80])
    return wrong(f"got {answer[:80]!r}, expected {str(entry.get('answer'))[:80]!r}", answer[:80], value)


@cache
def scorer(name: str) -> Callable[[str, dict[str, Any]], float]:
    """The scorer of a task, cached: reasoning-gym takes seconds to import and to build a data set.

    Raises HornbookError if reasoning-gym is not installed, ValueError for an unknown task.
    """
    try:
        import reasoning_gym
        from reasoning_gym.factory import DATASETS
    except ImportError:
        raise missing_package("oracle 'reasoning-gym'", "reasoning-gym") from None

    if name not in DATASETS:
        raise ValueError(f"reasoning-gym has no task {name!r}")
    return reasoning_gym.create_dataset(name, size=1, seed=0).score_answer
