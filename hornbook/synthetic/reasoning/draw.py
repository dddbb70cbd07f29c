"""Sample questions of one task until every split has enough.

The split of a prompt depends only on its hash. So whatever the seeds, numbers and settings of two stages, a prompt that
one of them holds out is never trained on by the other.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec
import xxhash

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.packages import missing_package
from hornbook.base.records import Question, make_id
from hornbook.base.rng import derive
from hornbook.oracles.score import judge_question
from hornbook.synthetic.reasoning.task import Entry, Task

Split = Literal["train", "search", "heldout", "test"]
SPLITS: tuple[Split, ...] = ("train", "search", "heldout", "test")
BUCKETS: tuple[Split, ...] = ("heldout", "search", "test")  # of ten; the others are for training
TRIES = 20  # entries sampled per wanted question, before giving up on a task with few distinct ones


class DrawnQuestions(NamedTuple):
    questions: dict[Split, list[Question]]  # each with its verified solution
    aside: list[tuple[str, str]]  # (which entry, why it was set aside)
    tries: int


def split_of(prompt: str) -> Split:
    """Of ten prompts, seven are for training, one for search, one is held out and one is for the final test."""
    bucket = xxhash.xxh3_64_intdigest(" ".join(prompt.split()).casefold().encode()) % 10
    return BUCKETS[bucket] if bucket < len(BUCKETS) else "train"


def draw_questions(task: Task, config: dict[str, Any], wanted: dict[Split, int], seed: int) -> DrawnQuestions:
    """Distinct questions, up to `wanted` per split, in the order in which they were sampled.

    Raises HornbookError without reasoning-gym, and for generator settings that it refuses.
    """
    drawn = DrawnQuestions({split: [] for split in SPLITS}, [], 0)
    seen: set[str] = set()
    tries = 0
    for tries, entry in enumerate(_entries(task, config, TRIES * sum(wanted.values()), seed), 1):
        try:
            prompt = task.shorten(entry)
            split = split_of(prompt)
            if prompt not in seen and len(drawn.questions[split]) < wanted[split]:
                seen.add(prompt)
                drawn.questions[split].append(_question(task, entry, prompt))
        except ValueError as error:
            drawn.aside.append((f"{task.name} #{tries}", str(error)))
        if all(len(drawn.questions[split]) >= wanted[split] for split in SPLITS):
            break
    return drawn._replace(tries=tries)


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


def _question(task: Task, entry: Entry, prompt: str) -> Question:
    """A question with its worked solution. Raises ValueError if the task's scorer rejects the solution."""
    question = Question(
        id=make_id("question", task.name, prompt),
        task=task.name,
        prompt=prompt,
        answer=str(entry["answer"]),
        oracle="reasoning-gym",
        entry=msgspec.json.encode(entry, enc_hook=str).decode(),
        solution=task.solve(entry),
    )
    judged = judge_question(question, question.solution)
    if not judged.right:
        raise ValueError(f"unverified: {judged.reason}")
    return question
