"""Settings of the procedural reasoning stage."""

from typing import Any, Literal

from pydantic import field_validator

from hornbook.base.settings import Settings, nearest, setting
from hornbook.synthetic.reasoning.catalogue import TASKS


class TaskSettings(Settings):
    """One task of the mix."""

    samples: int = setting(2000, "worked solutions to train on (0: the task is only asked, never taught)", ge=0)
    config: dict[str, Any] = setting(
        default_factory=dict, help="generator settings that replace the pocket-size ones, e.g. max_terms: 6"
    )


class QuestionSetSettings(Settings):
    """How many questions of each task go to which set, and what they must not contain."""

    search: int = setting(100, "questions per task for pivotal token search and judging; never trained on", ge=0)
    heldout: int = setting(100, "questions per task to choose settings by; never trained on nor searched", ge=0)
    test: int = setting(0, "questions per task for the final evaluation, on which nothing was chosen", ge=0)
    against: list[str] = setting([], "benchmarks (or files) whose questions must not be among them; empty: no check")
    instruction: str = setting("", "text after each question, on the form of the answer")

    def identity(self) -> dict[str, Any]:
        """Also which sets `all` is, and the content of files. Without any, as before the setting was renamed: the
        questions are the same."""
        from hornbook.data.benchmark_sets import sets_identity

        found = super().identity()
        against = found.pop("against")
        return found | ({"against": sets_identity(against)} if against else {"benchmarks": []})


class ReasoningSettings(QuestionSetSettings):
    """Procedural reasoning tasks with worked solutions."""

    tasks: dict[str, TaskSettings] = setting(
        default_factory=lambda: {name: TaskSettings() for name in TASKS},
        help="reasoning-gym tasks by name, each with its number of samples and generator settings",
        min_length=1,
    )
    oracle: Literal["reasoning-gym", "number"] = setting(
        "reasoning-gym",
        "what judges replies: the task's own scorer, which wants the bare answer after words such as Answer:; or, for "
        "answers that are numbers, the oracle that finds a number in a sentence too",
    )

    @field_validator("tasks")
    @classmethod
    def _known(cls, tasks: dict[str, TaskSettings]) -> dict[str, TaskSettings]:
        for name in tasks:
            if name not in TASKS:
                raise ValueError(f"unknown task '{name}'{nearest(name, sorted(TASKS))}")
        return tasks
