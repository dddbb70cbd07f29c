"""Which model is meant: that of a run's last stage or of another one, of a folder, or of a hub name; and the pivotal
token search of it that a run may hold."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from hornbook.base import hub
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json
from hornbook.base.settings import nearest

BASE = ("pretrain", "midtrain")  # kinds of stages after which a model goes on with texts, and knows no chats


class ChosenModel(NamedTuple):
    """A model to talk to. `path` is what `load_model` takes, `name` what people call it, `id` what programs do.

    `search` is the folder of a pivotal token search and `searched` the name of the model that it was made with, which
    may be an earlier one of the same run; both are empty where there is none. `base`: a stage of ours made it that
    teaches no chats.
    """

    path: str
    name: str
    id: str
    search: Path | None = None
    searched: str = ""
    base: bool = False


class _Done(NamedTuple):
    """A finished stage of a run: its folder, and what stage.json says."""

    folder: Path
    info: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.info["name"])

    @property
    def has_model(self) -> bool:
        return (self.folder / "model" / "config.json").is_file()


def choose_model(given: str, stage: str = "", pivots: Path | None = None) -> ChosenModel:
    """The model that `given` stands for: a run folder (its last model, or that of `stage`), a stage's folder, a model's
    folder, or a name on the hub. A search is found in the run; `pivots` is the folder of another one.

    Raises HornbookError for a run without a model (yet), for a stage that is not there or makes none, for `stage`
    without a run, and for `pivots` without a search in it.
    """
    folder = Path(given)
    if pivots and not (pivots / "solutions.parquet").is_file():
        raise HornbookError(f"{pivots}: no search here; expected the output folder of `hornbook pts`")
    if not (folder / "recipe.yaml").is_file():
        if stage:
            raise HornbookError(
                f"--stage {stage}: {given} is no run folder (it holds no recipe.yaml), so it has no stages"
            )
        if not folder.exists() and not hub.is_name(given):
            raise HornbookError(f"{given}: no such model; expected a run, a model's folder or a name on the hub")
        info = read_json(folder / "stage.json") if (folder / "stage.json").is_file() else {}
        return ChosenModel(given, given, folder.resolve().name, pivots, base=info.get("kind") in BASE)
    done = _finished(folder)
    chosen = _chosen_stage(folder, done, stage)
    search, searched = (pivots, "") if pivots else _search_of(chosen, done)
    id = f"{folder.resolve().name}-{chosen.name}"
    return ChosenModel(
        str(chosen.folder), f"{chosen.name} of {folder}", id, search, searched, chosen.info["kind"] in BASE
    )


def _finished(run: Path) -> list[_Done]:
    """The newest finished output of each stage, in the order of the recipe."""
    order = _stage_names(run / "recipe.yaml")
    newest: dict[str, tuple[float, _Done]] = {}
    for file in (run / "artifacts").glob("*/stage.json"):
        done, time = _Done(file.parent, read_json(file)), file.stat().st_mtime
        if done.name in order and time >= newest.get(done.name, (0.0, None))[0]:
            newest[done.name] = time, done
    return [newest[name][1] for name in order if name in newest]


def _stage_names(recipe: Path) -> list[str]:
    """Read without checking: a run is talked to also where its documents are no more."""
    try:
        stages = yaml.safe_load(recipe.read_text(encoding="utf-8"))["stages"]
        return [str(name) for name in stages]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError):
        raise HornbookError(f"{recipe}: not a recipe; expected a mapping with the key stages") from None


def _chosen_stage(run: Path, done: list[_Done], name: str) -> _Done:
    models = [stage for stage in done if stage.has_model]
    names = [stage.name for stage in models]
    if not name:
        if not models:
            raise HornbookError(f"{run}: no model in it yet; `hornbook status {run}` shows how far it is")
        return models[-1]
    for stage in models:
        if stage.name == name:
            return stage
    if name in _stage_names(run / "recipe.yaml"):
        raise HornbookError(f"--stage {name}: {run} holds no model of it (models: {', '.join(names) or 'none yet'})")
    raise HornbookError(f"--stage {name}: no such stage in {run}{nearest(name, names)}")


def _search_of(chosen: _Done, done: list[_Done]) -> tuple[Path | None, str]:
    """The search of this very model, else of the nearest one that it was trained from, and the name of that model."""
    made_by = {stage.info["key"]: stage for stage in done}
    searches = {key: stage for stage in done if stage.info["kind"] == "pts" for key in stage.info["inputs"]["model"]}
    model: _Done | None = chosen
    while model:
        key = model.info["key"]
        if key in searches:
            return searches[key].folder, model.name
        model = next((made_by[before] for before in model.info["inputs"].get("model", []) if before in made_by), None)
    return None, ""
