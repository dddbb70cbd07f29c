"""Sample questions of one task of reasoning-gym until every split has enough."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.packages import missing_package
from hornbook.base.records import Question, make_id
from hornbook.base.rng import derive
from hornbook.oracles.score import judge_question
from hornbook.synthetic.reasoning.question_sets import DrawnQuestions, Split, fill_splits
from hornbook.synthetic.reasoning.task import Entry, Task

TRIES = 20  # entries sampled per wanted question, before giving up on a task with few distinct ones


def draw_questions(
    task: Task,
    config: dict[str, Any],
    wanted: dict[Split, int],
    seed: int,
    *,
    instruction: str = "",
    oracle: str = "reasoning-gym",
) -> DrawnQuestions:
    """Distinct questions with their verified solutions, up to `wanted` per split, in the order of sampling.

    Raises HornbookError without reasoning-gym, and for generator settings that it refuses.
    """

    def prompt_of(entry: Entry) -> str:
        return f"{task.shorten(entry)} {instruction}".rstrip()

    entries = _entries(task, config, TRIES * sum(wanted.values()), seed)
    return fill_splits(task.name, entries, prompt_of, partial(_question, task, oracle), wanted)


def _entries(task: Task, config: dict[str, Any], limit: int, seed: int) -> Iterator[Entry]:
    try:
        import reasoning_gym  # seconds to import
    except ImportError:
        raise missing_package("reasoning", "reasoning-gym") from None

    try:
        options = {**task.config, **config}
        dataset = reasoning_gym.create_dataset(
            task.name, size=max(1, limit), seed=derive(seed, task.name) % 2**31, **options
        )
    except (TypeError, ValueError, AssertionError) as error:
        raise HornbookError(f"tasks.{task.name}.config: the generator refuses it ({one_line(error)})") from None
    for index in range(limit):
        yield dataset[index]


def _question(task: Task, oracle: str, entry: Entry, prompt: str) -> Question:
    """A question with its worked solution. Raises ValueError if the oracle rejects the solution."""
    question = Question(
        id=make_id("question", task.name, prompt),
        task=task.name,
        prompt=prompt,
        answer=str(entry["answer"]),
        oracle=oracle,
        entry=msgspec.json.encode(entry, enc_hook=str).decode(),
        solution=task.solve(entry),
    )
    judged = judge_question(question, question.solution)
    if not judged.right:
        raise ValueError(f"unverified: {judged.reason}")
    return question
