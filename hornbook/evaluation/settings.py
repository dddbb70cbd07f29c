"""Settings of an evaluation."""

from typing import Any, Literal

from pydantic import model_validator

from hornbook.base.settings import setting
from hornbook.data.readers.columns import ColumnSettings
from hornbook.inference.settings import BackendSettings
from hornbook.oracles.settings import OracleSettings


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
        "with them, benchmarks are scored only if named",
    )
    num_fewshot: int | None = setting(None, "solved examples in each prompt of a task; empty: as the task says", ge=0)
    limit: int = setting(0, "questions used of each task, its first ones; 0 uses all", ge=0)
    benchmarks: list[str] = setting(
        ["arc_easy", "sciq", "piqa"],
        "multiple-choice benchmarks, scored by the log-likelihood of their choices; also gsm8k, math and math_500, "
        "scored by sampled replies",
    )
    max_items: int = setting(200, "items used of each benchmark", ge=1)
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
        if self.tasks and self.engine.backend != "torch":
            raise ValueError("tasks go with backend torch, which says what greedy decoding would give")
        return self
