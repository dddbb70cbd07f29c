"""A log in the format of inspect (version 2, JSON), so that `inspect view` shows every question and answer."""

from typing import Any

import xxhash

EPOCH = "1970-01-01T00:00:00+00:00"  # times would make the bytes of a log differ from run to run


def inspect_log(name: str, records: list[tuple[str, dict[str, Any]]], config: dict[str, Any]) -> dict[str, Any]:
    """The log of one task or group, from (task, lm-eval's record) of each question and filter."""
    model = f"hornbook/{config['model']}"
    samples = [_sample(task, record, model) for task, record in records]
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": _digest(name, config),
            "run_id": _digest(config),
            "task_id": _digest(name),
            "created": EPOCH,
            "task": name,
            "task_version": 0,
            "task_args": {},
            "dataset": {"name": name, "samples": len(samples), "sample_ids": [sample["id"] for sample in samples]},
            "model": model,
            "model_generate_config": {},
            "model_args": {},
            "config": {"limit": config["limit"]},
            "packages": {},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": len(samples),
            "completed_samples": len(samples),
            "scores": [_score(metric, samples) for metric in _metrics(samples)],
        },
        "stats": {"started_at": EPOCH, "completed_at": EPOCH, "model_usage": {}},
        "samples": samples,
    }


def _sample(task: str, record: dict[str, Any], model: str) -> dict[str, Any]:
    from hornbook.evaluation.harness.records import chosen_text

    prompt, answer = str(record["arguments"][0][0]), chosen_text(record)
    filtered = "" if record["filter"] == "none" else f"/{record['filter']}"
    scores = {
        metric: {"value": float(record[metric]), "answer": chosen_text(record, metric)}
        for metric in record["metrics"]
        if isinstance(record[metric], int | float) and 0 <= record[metric] <= 1  # others have no mean over questions
    }
    return {
        "id": f"{task}/{record['doc_id']}{filtered}",
        "epoch": record.get("sample", 0) + 1,
        "input": prompt,
        "target": str(record["target"]),
        "messages": [
            {"role": "user", "content": prompt},
            {"role": "assistant", "content": answer, "source": "generate", "model": model},
        ],
        "output": {
            "model": model,
            "choices": [{"message": {"role": "assistant", "content": answer}, "stop_reason": "stop"}],
        },
        "scores": scores,
        "metadata": {"resps": record["resps"]},
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
    }


def _metrics(samples: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(metric for sample in samples for metric in sample["scores"]))


def _score(metric: str, samples: list[dict[str, Any]]) -> dict[str, Any]:
    values = [sample["scores"][metric]["value"] for sample in samples if metric in sample["scores"]]
    mean = {"name": "mean", "value": sum(values) / len(values), "params": {}}
    return {"name": metric, "scorer": metric, "params": {}, "metrics": {"mean": mean}}


def _digest(*what: Any) -> str:
    return xxhash.xxh3_128_hexdigest(repr(what).encode())
