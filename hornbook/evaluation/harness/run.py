"""Ask a model the questions of lm-evaluation-harness's tasks, and keep all that was asked and answered."""

import random
from contextlib import redirect_stdout
from io import StringIO
from typing import Any
from unittest.mock import patch

import numpy as np
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.workspace import Workspace
from hornbook.evaluation.harness.journal import Journal
from hornbook.evaluation.harness.load import SEED, LoadedTask, check_names, load_task, task_manager
from hornbook.evaluation.harness.records import AnsweredTask
from hornbook.evaluation.settings import EvaluationSettings
from hornbook.inference.rollouts import ScoringEngine

RESAMPLES = 1000  # behind lm-eval's standard errors of metrics that are no means


def load_tasks(names: list[str], settings: EvaluationSettings, work: Workspace) -> list[LoadedTask]:
    """The tasks of these names. One that cannot be loaded is set aside with a warning.

    Raises HornbookError for an unknown name, and without lm-eval.
    """
    index = task_manager(names)
    check_names(names, index)
    loaded = []
    for name in names:
        try:
            loaded.append(load_task(name, index, settings.num_fewshot))
        except HornbookError as error:
            work.reject(name, str(error))
            work.warn(str(error))
            continue
        for note in loaded[-1].notes:
            work.warn(f"task '{name}': {note}")
    return loaded


def answer_tasks(
    loaded: list[LoadedTask],
    engine: ScoringEngine,
    tokenizer: PreTrainedTokenizerBase,
    settings: EvaluationSettings,
    work: Workspace,
    journal: Journal,
) -> list[AnsweredTask]:
    """The model's answers. A killed run continues from the journal.

    Raises HornbookError where a task fails.
    """
    from hornbook.evaluation.harness.model import EngineModel  # needs lm-eval, an extra

    answered = []
    for asked in loaded:
        model = EngineModel(
            engine,
            tokenizer,
            journal,
            work,
            max_new_tokens=settings.max_new_tokens if "max_new_tokens" in settings.model_fields_set else None,
            sealed=asked.sealed,
        )
        answered.append(AnsweredTask(asked, _evaluated(asked, model, settings.limit)))
    return answered


def _evaluated(asked: LoadedTask, model: Any, limit: int) -> dict[str, Any]:
    """What `lm_eval.evaluate` returns, with every question's record. Raises HornbookError where it fails."""
    from lm_eval.evaluator import evaluate

    random.seed(0)  # as lm-eval's command line does
    np.random.seed(SEED)
    try:
        with redirect_stdout(StringIO()), patch("lm_eval.api.task.tqdm", lambda items, **_: items):  # we say how far
            found = evaluate(
                lm=model,
                task_dict={"tasks": asked.tasks, "groups": asked.groups, "group_map": asked.group_map},
                limit=limit or None,
                bootstrap_iters=RESAMPLES,
                confirm_run_unsafe_code=True,  # programs run in our sandbox, see `code_eval`
            )
    except HornbookError as error:
        raise HornbookError(f"task '{asked.name}': {error}") from error
    except Exception as error:  # a task's own code may raise anything
        raise HornbookError(f"task '{asked.name}': fails ({one_line(error)})") from error
    assert found is not None  # None is for processes of other ranks
    return dict(found)
