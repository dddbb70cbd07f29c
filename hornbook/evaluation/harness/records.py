"""What is kept of answered tasks: a row for each question and metric, and files as lm-eval writes them.

Of sealed tasks (`harness_data.SEALED`) only ids and verdicts are kept.
"""

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import xxhash

from hornbook.base.files import write_json, write_text
from hornbook.base.workspace import Workspace
from hornbook.evaluation.harness.inspect_log import inspect_log
from hornbook.evaluation.harness.load import SEED, LoadedTask
from hornbook.evaluation.metrics import BENCHMARK, ScoredReply
from hornbook.evaluation.settings import EvaluationSettings

PASSAGES = ("passage", "support", "story", "article", "context")  # columns with a text that questions may share
SEALED_FIELDS = (
    "doc_id",
    "doc_hash",
    "sample",
    "filter",
    "metrics",
)  # kept of a sealed task's records, besides its metrics
MERGED = ("results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples")


class AnsweredTask(NamedTuple):
    """A task, and what `lm_eval.evaluate` returned for it."""

    asked: LoadedTask
    found: dict[str, Any]

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(task, record) of every question and filter."""
        for name, records in self.found["samples"].items():
            for record in records:
                yield name, record


def scored_replies(task: AnsweredTask) -> Iterator[ScoredReply]:
    """A row for each question, filter and metric whose values are numbers between 0 and 1.

    The questions of a group such as MMLU have the group's score, and those of one of its tasks (a subject) count
    together. Ids are "task/number of the question".
    """
    shares = _shares(task)
    groups = {name for name, group in task.asked.groups.items() if group.has_aggregation}
    for name, record in task.records():
        label = task.asked.name if task.asked.name in groups else name
        for metric in record["metrics"]:
            if (name, metric) not in shares:
                continue
            suffix = "" if record["filter"] == "none" else f",{record['filter']}"
            yield ScoredReply(
                question=f"{name}/{record['doc_id']}",
                score=f"{BENCHMARK}:{label} {metric}{suffix}",
                sample=record.get("sample", 0),
                value=float(record[metric]),
                completion="" if task.asked.sealed else chosen_text(record, metric),
                passage=_passage(record["doc"]) or (name if label != name else ""),
            )


def _shares(task: AnsweredTask) -> set[tuple[str, str]]:
    """The metrics (with their tasks) of which every value is a number between 0 and 1."""
    found: dict[tuple[str, str], bool] = {}
    for name, record in task.records():
        for metric in record["metrics"]:
            value = record[metric]
            within = not isinstance(value, list | tuple | dict | str) and 0 <= float(value) <= 1
            found[name, metric] = found.get((name, metric), True) and within
    return {key for key, within in found.items() if within}


def chosen_text(record: dict[str, Any], metric: str = "acc") -> str:
    """The reply, or of several choices the one that this metric takes: acc_norm the likeliest by its characters."""
    replies = [of_request[0] for of_request in record["resps"]]
    if isinstance(replies[0], str):
        return replies[0]
    texts = [str(arguments[1]) for arguments in record["arguments"] if len(arguments) > 1]
    if len(texts) < 2:
        return ""
    lengths = [len(text.lstrip()) or 1 if metric == "acc_norm" else 1 for text in texts]
    values = [reply[0] / length for reply, length in zip(replies, lengths, strict=True)]
    return texts[values.index(max(values))].strip()


def _passage(doc: dict[str, Any]) -> str:
    """The digest of the text that the question is about, if there is one."""
    text = next((doc[column] for column in PASSAGES if isinstance(doc.get(column), str) and doc[column]), "")
    return xxhash.xxh3_64_hexdigest(text.encode()) if text else ""


def write_records(answered: list[AnsweredTask], settings: EvaluationSettings, work: Workspace) -> None:
    """Write results.json (as lm-eval's own, without dates), results.md, samples_TASK.jsonl (every prompt, reply and
    likelihood, as lm-eval's `--log_samples`) and inspect/TASK.json (a log of inspect)."""
    results: dict[str, Any] = {key: {} for key in MERGED}
    for task in answered:
        for key in MERGED:
            results[key] |= task.found.get(key, {})
    results["config"] = {
        "model": work.name,
        "model_args": {"dtype": settings.engine.dtype},
        "limit": settings.limit or None,
        "random_seed": 0,
        "numpy_seed": SEED,
        "fewshot_seed": SEED,
        "sampling_seed": settings.questions_seed,
    }
    results["notes"] = {task.asked.name: task.asked.notes for task in answered if task.asked.notes}
    write_text(work.path / "results.json", _json(results, indent=2) + "\n")
    write_text(work.path / "results.md", markdown(results))
    for task in answered:
        lines: dict[str, list[str]] = {}
        for name, record in task.records():
            lines.setdefault(name, []).append(_json(_sealed(record) if task.asked.sealed else _line(record)))
        for name, of_task in lines.items():
            write_text(work.path / f"samples_{name}.jsonl", "".join(f"{line}\n" for line in of_task))
        if not task.asked.sealed:
            log = inspect_log(task.asked.name, list(task.records()), results["config"])
            write_json(work.path / "inspect" / f"{task.asked.name}.json", log)


def _line(record: dict[str, Any]) -> dict[str, Any]:
    """A record as lm-eval writes it."""
    from lm_eval.utils import sanitize_list

    arguments = {
        f"gen_args_{number}": {f"arg_{place}": value for place, value in enumerate(given)}
        for number, given in enumerate(record["arguments"])
    }
    replies = {name: sanitize_list(record[name]) for name in ("resps", "filtered_resps")}
    return record | replies | {"arguments": arguments, "target": str(record["target"])}


def _sealed(record: dict[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in (*SEALED_FIELDS, *record["metrics"]) if name in record}


def _json(value: Any, indent: int | None = None) -> str:
    from lm_eval.utils import handle_non_serializable

    return json.dumps(value, default=handle_non_serializable, ensure_ascii=False, indent=indent)


def markdown(results: dict[str, Any]) -> str:
    """A table of all metrics with lm-eval's standard errors."""
    rows = [
        "| task | version | n-shot | n | metric | value | ± stderr |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in results["results"].items():
        asked = results["n-samples"].get(name, {}).get("effective", found.get("sample_len", ""))
        about = [name, results["versions"].get(name, ""), results["n-shot"].get(name, ""), asked]
        for key, value in found.items():
            metric, comma, filtered = key.partition(",")
            if not comma or metric.endswith("_stderr") or not isinstance(value, int | float):
                continue
            error = found.get(f"{metric}_stderr,{filtered}")
            shown = metric if filtered == "none" else f"{metric}, {filtered}"
            rows.append("| " + " | ".join(map(str, [*about, shown, _number(value), _number(error)])) + " |")
    return "\n".join(rows) + "\n"


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) and math.isfinite(value) else ""
