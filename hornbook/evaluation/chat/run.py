"""Load chat tasks, ask a model, judge its replies, and keep what was asked and answered as lm-eval does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import xxhash

from hornbook.base.confidence_intervals import Estimate, Z, estimate
from hornbook.base.errors import HornbookError
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.data.harness_data import given_rows
from hornbook.data.readers.fields import Row
from hornbook.evaluation.chat.ask import Asker, Prompt
from hornbook.evaluation.chat.items import ChatItem, ChatTask, Judged
from hornbook.evaluation.chat.tasks import chat_tasks
from hornbook.evaluation.harness.load import LoadedTask
from hornbook.evaluation.harness.records import AnsweredTask
from hornbook.evaluation.judges import NO_JUDGE, Agreement, Gold, Judges, check_judge, read_gold
from hornbook.evaluation.metrics import BENCHMARK
from hornbook.evaluation.settings import EvaluationSettings


class LoadedChat(NamedTuple):
    """A task with the questions to ask, by their number in its data."""

    task: ChatTask
    items: dict[int, ChatItem]
    notes: list[str]
    gold: Gold | None  # verdicts against which its judge is checked


class AnsweredChat(NamedTuple):
    """A task with its replies as records of lm-eval, its figures that are no means, and how far its judge agrees with
    gold verdicts (None: not measured)."""

    answered: AnsweredTask
    figures: dict[str, Estimate]
    checked: Agreement | None


def load_chat_tasks(names: list[str], settings: EvaluationSettings, work: Workspace) -> list[LoadedChat]:
    """The tasks of these names and groups. One whose data is not here is set aside with a warning.

    Raises HornbookError for an unknown name, also one in `data`, and gold verdicts that cannot be read.
    """
    tasks = chat_tasks(names)
    chat_tasks(list(settings.data))
    loaded = []
    for task in tasks:
        try:
            loaded.append(_load(task, settings, work.reject))
        except HornbookError as error:
            work.reject(task.name, str(error))
            work.warn(str(error))
    return loaded


def _load(task: ChatTask, settings: EvaluationSettings, reject: Callable[[str, str], None]) -> LoadedChat:
    if task.needs_model and not settings.oracles.teacher:
        raise HornbookError(f"task '{task.name}' needs a judge model: give it (--oracles.teacher.url ...)")
    if task.name in settings.data:
        rows, notes = _file_rows(task, Path(settings.data[task.name]), reject), []
    elif task.local:
        found = task.local()
        rows, notes = found.rows, [found.note] * bool(found.note)
    else:
        columns = ", ".join(task.columns)
        raise HornbookError(f"task '{task.name}': its data is not on this machine; give it: --data {task.name}=FILE "
                            f"(columns {columns})")  # fmt: skip
    items = {}
    for number, item in enumerate(task.items(rows, settings.questions_seed)):
        if isinstance(item, ChatItem):
            items[number] = item
        else:
            reject(f"{task.name}/{number}", item)
    if not items:
        raise HornbookError(f"task '{task.name}': no question in its data")
    file = settings.gold.get(task.name)
    gold = read_gold(Path(file), task.gold_verdicts) if file else None
    return LoadedChat(task, _sample(items, settings, task.name), notes, gold)


def _sample(items: dict[int, ChatItem], settings: EvaluationSettings, name: str) -> dict[int, ChatItem]:
    """At most `settings.limit` questions, drawn by the seed: the first ones of MMLU would all be of one subject."""
    if not settings.limit or settings.limit >= len(items):
        return items
    numbers = list(items)
    drawn = rng(settings.questions_seed, "limit", name).permutation(len(numbers))[: settings.limit]
    return {numbers[place]: items[numbers[place]] for place in sorted(drawn.tolist())}


def _file_rows(task: ChatTask, file: Path, reject: Callable[[str, str], None]) -> list[Row]:
    """The rows of the file that have the task's columns; others are set aside.

    Raises HornbookError for a missing file, and one of which no row has them.
    """
    rows = []
    for located in given_rows(file, reject):
        missing = [column for column in task.columns if located.row.get(column) is None]
        if missing:
            reject(located.where, f"no column '{missing[0]}'")
        else:
            rows.append(located.row)
    if not rows:
        raise HornbookError(f"task '{task.name}': {file}: no row with the columns {', '.join(task.columns)}")
    return rows


def answer_chat_tasks(
    loaded: list[LoadedChat], asker: Asker, judges: Judges, settings: EvaluationSettings, work: Workspace
) -> list[AnsweredChat]:
    """Each question asked `settings.samples` times. A task whose judge agrees too seldom with gold verdicts gets no
    scores, but its replies are kept.

    Raises HornbookError for a judge that cannot be used.
    """
    return [_answer(one, asker, judges, settings, work) for one in loaded]


def _answer(
    loaded: LoadedChat, asker: Asker, judges: Judges, settings: EvaluationSettings, work: Workspace
) -> AnsweredChat:
    task = loaded.task
    wanted = [(number, sample) for number in loaded.items for sample in range(settings.samples)]
    prompts = [Prompt(f"{task.name}/{number}", loaded.items[number].prompt, sample) for number, sample in wanted]
    replies = asker.ask(prompts, task.name, sealed=task.sealed)
    there = [(place, reply) for place, reply in zip(wanted, replies, strict=True) if reply is not None]
    checked = _checked(loaded, judges, work)
    items, texts = [loaded.items[number] for (number, _), _ in there], [reply for _, reply in there]
    judged = [
        Judged(number, sample, item, reply, verdict)
        for ((number, sample), reply), item, verdict in zip(
            there, items, task.judge(items, texts, judges) if items else [], strict=True
        )
    ]
    for one in judged:
        if not one.verdict.values:
            work.reject(f"{task.name}/{one.number}", "no verdict from the judge")
    usable = checked is None or checked.usable
    asked = LoadedTask(task.name, {}, {}, {}, loaded.notes, task.sealed)
    found = _as_lm_eval(task, judged, asker.limit, settings, usable)
    figures = task.figures(judged) if task.figures and usable and judged else {}
    return AnsweredChat(AnsweredTask(asked, found), figures, checked)


def _checked(loaded: LoadedChat, judges: Judges, work: Workspace) -> Agreement | None:
    """The agreement of the task's judge with gold verdicts, if there are any."""
    task = loaded.task
    judge = task.judge_of(judges) if task.judge_of else None
    if judge and loaded.gold:
        return check_judge(judge, loaded.gold, task.name, work)
    if judge and judge.by_model:
        unknown = f"how far its judge ({judge.name}) can be believed is not known"
        work.warn(f"task '{task.name}': {unknown}; give gold verdicts: --gold {task.name}=FILE")
    return None


def _as_lm_eval(
    task: ChatTask, judged: list[Judged], limit: int, settings: EvaluationSettings, usable: bool
) -> dict[str, Any]:
    """What `lm_eval.evaluate` returns for a task, as far as `harness.records` uses it."""
    options = {"temperature": settings.temperature, "max_gen_toks": limit, "seed": settings.questions_seed}
    records: list[dict[str, Any]] = [
        {
            "doc_id": one.number,
            "doc": {"passage": one.item.passage, "question": one.item.question},
            "doc_hash": xxhash.xxh3_64_hexdigest(one.item.prompt.encode()),
            "target": one.item.target,
            "arguments": [(one.item.prompt, options | {"sample": one.sample})],
            "resps": [[one.reply]],
            "filtered_resps": [one.verdict.extracted],
            "filter": "none",
            "sample": one.sample,
            "metrics": list(one.verdict.values) if usable else [],
            **(one.verdict.values if usable else {}),
        }
        for one in judged
    ]
    results: dict[str, Any] = {"alias": task.name}
    for metric in dict.fromkeys(name for record in records for name in record["metrics"]):
        groups: dict[str, list[float]] = {}
        for one, record in zip(judged, records, strict=True):
            if metric in record:
                groups.setdefault(one.item.passage or str(one.number), []).append(record[metric])
        found = estimate(list(groups.values()))
        results |= {f"{metric},none": found.mean, f"{metric}_stderr,none": (found.high - found.low) / (2 * Z)}
    if not usable:
        results["judge"] = NO_JUDGE
    asked = len({one.number for one in judged})
    return {
        "samples": {task.name: records},
        "results": {task.name: results},
        "configs": {task.name: {"task": task.name, "generation_kwargs": options, "repeats": settings.samples}},
        "versions": {task.name: 1},
        "n-shot": {task.name: 0},
        "higher_is_better": {},
        "n-samples": {task.name: {"original": asked, "effective": asked}},
    }


def figure_scores(answered: list[AnsweredChat]) -> dict[str, Estimate]:
    """The figures that are no means over questions, by the name of their score."""
    return {
        f"{BENCHMARK}:{one.answered.asked.name} {name}": found
        for one in answered
        for name, found in one.figures.items()
    }
