"""Settings of an evaluation."""

from typing import Any, Literal

from pydantic import field_validator, model_validator

from hornbook.base.settings import setting
from hornbook.data.readers.columns import ColumnSettings
from hornbook.inference.settings import BackendSettings
from hornbook.oracles.settings import OracleSettings
from hornbook.teacher.settings import TeacherSettings

CHAT = "chat_"
GROUPS = {  # of chat tasks
    "simple_evals": [f"{CHAT}{name}" for name in ("mmlu", "gpqa", "math", "humaneval", "mgsm", "simpleqa", "drop")]
}


def is_chat(name: str) -> bool:
    """Whether this is the name of a chat task or of a group of them."""
    return name.startswith(CHAT) or name in GROUPS


class EvaluationSettings(ColumnSettings):
    """Report §5-6 and §8 of our summary: chat models at temperature 0.5, base models also by log-likelihood."""

    style: Literal["plain", "chat"] = setting(
        "chat", "how the model is asked: plain (a base model) or chat (a fine-tuned one)"
    )
    split: Literal["heldout", "test"] = setting(
        "heldout", "which questions of a stage's folder: those to choose settings by, or those of the final evaluation"
    )
    samples: int = setting(1, "replies sampled per question", ge=1)
    temperature: float = setting(0.5, "sampling temperature; 0 takes the likeliest token", ge=0)
    max_new_tokens: int = setting(
        256,
        "longest reply, in tokens; one that is cut off counts as it stands; given, it holds for tasks too",
        ge=1,
    )
    max_questions: int = setting(400, "reasoning questions used, evenly over the tasks", ge=0)
    max_trivia: int = setting(200, "trivia questions used, bogus ones among them", ge=0)
    oracles: OracleSettings = setting(
        help="limits of the oracles, and the model that judges", default_factory=OracleSettings
    )
    tasks: list[str] = setting(
        [],
        "tasks of lm-evaluation-harness, as it prompts and scores them, e.g. mmlu, hellaswag, or a task's YAML file; "
        "chat tasks, e.g. chat_mmlu, or all of simple_evals; with tasks, benchmarks are scored only if named",
    )
    data: dict[str, str] = setting(
        {}, "files with the data of chat tasks that no package here ships: NAME=FILE, several separated by commas"
    )
    gold: dict[str, str] = setting(
        {},
        "gold verdicts (question, reference, reply, verdict) for the judge of a chat task, or for an oracle of the "
        "questions (trivia, math, judge ...): NAME=FILE; a judge that agrees with fewer than 70 % of them is not used",
    )
    endpoint: TeacherSettings | None = setting(
        None, "the model to evaluate, if it is behind an OpenAI-compatible endpoint: url, model ...; chat tasks only"
    )
    num_fewshot: int | None = setting(None, "solved examples in each prompt of a task; empty: as the task says", ge=0)
    limit: int = setting(
        0, "questions used of each task, its first ones (of a chat task, some drawn by the seed); 0 uses all", ge=0
    )
    benchmarks: list[str] = setting(
        ["arc_easy", "sciq", "piqa"],
        "multiple-choice benchmarks, scored by the log-likelihood of their choices; also gsm8k, math and math_500, "
        "scored by sampled replies",
    )
    max_items: int = setting(1000, "items used of each benchmark; 1,000 show a difference of about 5 points", ge=1)
    normalise: Literal["character", "token", "none"] = setting(
        "character", "what the log-likelihood of a choice is divided by: its characters, its tokens or nothing"
    )
    resamples: int = setting(4000, "resamples behind a comparison with an earlier model", ge=100)
    questions_seed: int = setting(
        0, "decides which questions are used and how replies are drawn; equal seeds make fair comparisons"
    )
    engine: BackendSettings = setting(help="what computes the model, and where", default_factory=BackendSettings)

    @model_validator(mode="before")
    @classmethod
    def _tasks_alone(cls, values: Any) -> Any:
        return {"benchmarks": [], **values} if isinstance(values, dict) and values.get("tasks") else values

    @model_validator(mode="after")
    def _check(self) -> "EvaluationSettings":
        if self.harness_tasks and (self.engine.backend != "torch" or self.endpoint):
            raise ValueError("tasks go with backend torch, which says what greedy decoding gives; chat tasks with any")
        if self.endpoint and (self.benchmarks or not self.tasks):
            raise ValueError("an endpoint answers chat tasks only, e.g. tasks: [simple_evals]")
        return self

    @field_validator("data", "gold", mode="before")
    @classmethod
    def _named_files(cls, given: Any) -> Any:
        """Also as "NAME=FILE,NAME=FILE"."""
        if not isinstance(given, str):
            return given
        pairs = [part.partition("=") for part in given.split(",")]
        if not all(equals and file for _, equals, file in pairs):
            raise ValueError("expected NAME=FILE, several separated by commas")
        return {name.strip(): file.strip() for name, _, file in pairs}

    @property
    def single_tasks(self) -> list[str]:
        """Tasks, with the members of groups of chat tasks instead of these."""
        return list(dict.fromkeys(one for name in self.tasks for one in GROUPS.get(name, [name])))

    @property
    def chat_tasks(self) -> list[str]:
        return [name for name in self.tasks if is_chat(name)]

    @property
    def harness_tasks(self) -> list[str]:
        return [name for name in self.tasks if not is_chat(name)]
