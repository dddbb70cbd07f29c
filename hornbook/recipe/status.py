"""The status of a recipe's stages: done, started or waiting, and why a stage will run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hornbook.recipe.artifacts import ArtifactStore, refuse_earlier
from hornbook.recipe.recipe import Recipe, Stage


@dataclass(frozen=True)
class StageStatus:
    """The state of a stage: `done`, `started` (killed or running) or `waiting`; `why` it will run, if it will."""

    stage: Stage
    state: str
    why: str
    seconds: float


def stage_statuses(recipe: Recipe, run: Path) -> list[StageStatus]:
    """The status of each stage of a recipe in a run folder (which need not exist yet)."""
    refuse_earlier(run)
    store = ArtifactStore(run)
    timings = store.timings()
    return [_standing(stage, store, recipe, timings) for stage in recipe.stages]


def _standing(stage: Stage, store: ArtifactStore, recipe: Recipe, timings: dict[str, dict[str, Any]]) -> StageStatus:
    seconds = float(timings.get(stage.key, {}).get("seconds", 0.0))
    if store.is_done(stage):
        return StageStatus(stage, "done", "", seconds)
    started = store.work_folder(stage).exists()
    return StageStatus(stage, "started" if started else "waiting", _why(stage, store, recipe), seconds)


def _why(stage: Stage, store: ArtifactStore, recipe: Recipe) -> str:
    """Why a stage will run: the differences from the newest finished stage of its name."""
    earlier = store.earlier(stage)
    if not earlier:
        return "not run yet"
    before, now = earlier[0], stage.identity()
    reasons = []
    for fact in ("kind", "version", "seed"):
        if before.get(fact) != now[fact]:
            reasons.append(f"{fact} {before.get(fact)} → {now[fact]}")
    reasons += _changes(before.get("settings", {}), now["settings"])
    for name, keys in now["inputs"].items():
        if before.get("inputs", {}).get(name) != keys:
            reasons.append(f"{name} from {', '.join(stage.inputs[name]) or 'nothing'} changed")
    return "; ".join(reasons) or "its output is missing"


def _changes(before: Any, now: Any, path: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        names = sorted(before.keys() | now.keys())
        return [line for n in names for line in _changes(before.get(n), now.get(n), f"{path}.{n}".lstrip("."))]
    return [] if before == now else [f"{path} {_brief(before)} → {_brief(now)}"]


def _brief(value: Any) -> str:
    text = "unset" if value is None else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
