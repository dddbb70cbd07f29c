"""Load tasks of lm-evaluation-harness, with their data from this machine where a package ships it."""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.hub import unreachable_reason
from hornbook.base.packages import missing_package
from hornbook.base.settings import nearest
from hornbook.data.harness_data import SEALED, harness_rows
from hornbook.evaluation.harness.code_eval import CodeEval

if TYPE_CHECKING:
    from lm_eval.tasks import TaskManager

FILE_FORMATS = ("json", "csv", "parquet", "arrow", "text")  # `dataset_path` of a task that brings its own files
SPLITS = ("training_split", "validation_split", "test_split", "fewshot_split")
SEED = 1234  # lm-eval's own for few-shot examples


class LoadedTask(NamedTuple):
    """What was asked for by one name: a task, or a group of them."""

    name: str
    tasks: dict[str, Any]  # name → lm_eval's Task
    groups: dict[str, Any]
    group_map: dict[str, list[str]]
    notes: list[str]  # how the data differ from those of the task's definition
    sealed: bool  # whether the text of its questions must not be kept

    def questions(self, limit: int) -> int:
        """How many are asked, at most `limit` (0: all) of each task."""
        counts = [len(task.eval_docs) for task in self.tasks.values()]
        return sum(min(limit, count) if limit else count for count in counts)


def task_manager(names: list[str]) -> "TaskManager":
    """The index of all tasks, which takes a while to read, or of none if all `names` are files.

    Raises HornbookError if lm-eval is not installed.
    """
    try:
        from lm_eval.tasks import TaskManager
    except ImportError:
        raise missing_package("evaluation: --tasks", "lm_eval") from None
    from datasets import disable_progress_bars

    disable_progress_bars()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)  # what it warns of, such as defaults, is in its results
    return TaskManager(include_defaults=not all(Path(name).is_file() for name in names))


def check_names(names: list[str], index: "TaskManager") -> None:
    """Raises HornbookError for a name that is neither known to lm-eval nor a file."""
    for name in names:
        if name not in index.task_index and not Path(name).is_file():
            raise HornbookError(f"task '{name}': unknown{nearest(name, index.all_tasks, listed=False)}")


def load_task(name: str, index: "TaskManager", num_fewshot: int | None) -> LoadedTask:
    """The task, the group or the tag of this name, or the task in this YAML file.

    With `num_fewshot` its prompts have so many solved examples; a task that fixes 0 keeps it, as in lm-eval.
    Raises HornbookError for data that is not here, and for whatever the task itself fails with.
    """
    notes: list[str] = []
    random.seed(0)  # lm-eval's own; some tasks shuffle choices while they are loaded
    try:
        with _local_data(num_fewshot, notes), patch("evaluate.load", _load_metric):
            found = index.load([name])
    except HornbookError as error:
        raise HornbookError(f"task '{name}': {error}") from None
    except Exception as error:  # a task's own code may raise anything
        raise HornbookError(f"task '{name}': cannot be loaded ({one_line(error)})") from None
    for task in found["tasks"].values():
        task.set_config(key="num_fewshot", value=_shots(task.config, num_fewshot))
        task.set_fewshot_seed(seed=SEED)
    name = next(iter(found["tasks"])) if Path(name).is_file() else name
    sealed = any(str(task.config.dataset_path) in SEALED for task in found["tasks"].values())
    return LoadedTask(name, found["tasks"], found.get("groups", {}), found.get("group_map", {}), notes, sealed)


def _shots(config: Any, num_fewshot: int | None) -> int:
    given = config.num_fewshot
    return given or 0 if num_fewshot is None or given == 0 else num_fewshot


@contextmanager
def _local_data(num_fewshot: int | None, notes: list[str]) -> Iterator[None]:
    """Tasks that are loaded within the `with` block take their data from here."""
    from lm_eval.api.task import ConfigurableTask

    download = ConfigurableTask.download

    def take_local(task: Any, *given: Any, **named: Any) -> None:
        path, name = str(task.config.dataset_path), str(task.config.dataset_name or "")
        rows = {} if task.config.custom_dataset else harness_rows(path, name)
        if rows:
            task.dataset = _as_dataset(rows)
            notes.extend(note for note in _adapt(task.config, rows, num_fewshot) if note not in notes)
            if task.config.process_docs:
                task.config.process_docs = _once(task.config.process_docs)
            return
        if not (task.config.custom_dataset or path in FILE_FORMATS or Path(path).exists()) and unreachable_reason():
            raise HornbookError(f"its data ({path}{f', {name}' if name else ''}) is not on this machine")
        download(task, *given, **named)

    with patch.object(ConfigurableTask, "download", take_local):
        yield


def _as_dataset(rows: dict[str, list[dict[str, Any]]]) -> Any:
    from datasets import Dataset, DatasetDict

    return DatasetDict({split: Dataset.from_list(part) for split, part in rows.items()})


def _once(process_docs: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same function, called once for each split: lm-eval asks for the questions again and again, and some tasks
    shuffle choices each time."""
    made: dict[int, tuple[Any, Any]] = {}

    @wraps(process_docs)
    def processed(split: Any) -> Any:
        if id(split) not in made:
            made[id(split)] = split, process_docs(split)
        return made[id(split)][1]

    return processed


def _adapt(config: Any, rows: dict[str, Any], num_fewshot: int | None) -> list[str]:
    """Take splits that are not here out of the task's configuration; returns what that changes.

    Raises HornbookError if no split is left to be asked.
    """
    meant = config.test_split or config.validation_split
    examples = config.fewshot_split or config.training_split
    for key in SPLITS:
        if getattr(config, key) not in rows:
            setattr(config, key, None)
    if config.fewshot_config.split not in rows:
        config.fewshot_config.split = None
    asked = config.test_split or config.validation_split
    if not asked:
        raise HornbookError(f"its data ({config.dataset_path}) is on this machine only as {', '.join(rows)}")
    notes = [f"asked are the questions of split {asked}, because {meant} is not on this machine"] * (asked != meant)
    if _shots(config, num_fewshot) and examples not in rows and not config.fewshot_config.samples:
        others = f"split {config.validation_split or asked}, because {examples} is not on this machine"
        notes.append(f"solved examples are other questions of {others}")
    return notes


def _load_metric(name: str, *given: Any, **named: Any) -> Any:
    """In place of `evaluate.load`, which fetches a metric's code from the hub: programs run in our sandbox."""
    if name == "code_eval":
        return CodeEval()
    raise HornbookError(f"its metric '{name}' is not on this machine")
