"""summary.json: stages, costs and scores of a run, from which the report and the README's table are made."""

import os
import platform
from importlib import metadata
from typing import Any

from hornbook import __version__
from hornbook.base.files import read_json
from hornbook.recipe.artifacts import ArtifactStore
from hornbook.recipe.recipe import Recipe, Stage


def summarise(recipe: Recipe, store: ArtifactStore) -> dict[str, Any]:
    """The summary of a run's finished stages, in the recipe's order.

    Keys: recipe, about, seed, hornbook, machine, seconds (sum over stages), stages (a list: name, kind, key, path,
    seconds, tokens, records_in, records_out, teacher_calls, counts, rejected, warnings, notes, settings, inputs),
    complete, waiting (names of the other stages), evaluations (a list: name, model, before, scores as name, mean,
    low, high, n, and comparisons with `before`).
    """
    done = [stage for stage in recipe.stages if store.is_done(stage)]
    timings = store.timings()
    stages = [_stage_entry(stage, store, timings.get(stage.key, {})) for stage in done]
    return {
        "recipe": recipe.name,
        "about": recipe.about,
        "seed": recipe.seed,
        "hornbook": __version__,
        "machine": _machine(),
        "seconds": round(sum(entry["seconds"] for entry in stages), 1),
        "complete": len(done) == len(recipe.stages),
        "waiting": [stage.name for stage in recipe.stages if stage not in done],
        "stages": stages,
        "evaluations": [_evaluation_entry(s, store) for s in done if "scores" in s.kind.makes],
    }


def _stage_entry(stage: Stage, store: ArtifactStore, timing: dict[str, Any]) -> dict[str, Any]:
    content = store.read(stage)
    counts = content["counts"]
    return {
        "name": stage.name,
        "kind": stage.kind.name,
        "key": stage.key,
        "path": str(store.folder(stage).relative_to(store.run)),
        "seconds": timing.get("seconds", 0.0),
        "tokens": counts.get("tokens", 0),
        "records_in": counts.get("records_in", 0),
        "records_out": counts.get("records_out", 0),
        "teacher_calls": counts.get("teacher_calls", 0),
        "teacher_calls_asked": timing.get("calls_asked", 0),
        "counts": counts,
        "rejected": content["rejected"],
        "warnings": content["warnings"],
        "notes": content["notes"],
        "settings": content["settings"],
        "inputs": {name: list(sources) for name, sources in stage.inputs.items()},
    }


def _evaluation_entry(stage: Stage, store: ArtifactStore) -> dict[str, Any]:
    scores = read_json(store.folder(stage) / "scores.json")
    before = [*stage.inputs.get("before", []), None]
    return {
        "name": stage.name,
        "model": stage.inputs["model"][0],
        "before": before[0],
        "scores": scores["scores"],
        "comparisons": scores.get("comparisons", []),
    }


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "platform": platform.machine(),
        "torch": metadata.version("torch"),
        "transformers": metadata.version("transformers"),
    }
