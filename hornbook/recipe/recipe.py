"""Read and check a recipe: YAML → stages, or one line that says what is wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive
from hornbook.base.settings import Settings, digest, nearest
from hornbook.base.stage import Input, StageType
from hornbook.recipe.inputs import external_key, is_external, is_there
from hornbook.recipe.shipped import shipped
from hornbook.recipe.stage_registry import STAGE_TYPES

EXPECTED = ["tokens", "teacher_calls", "prompt_tokens_per_call", "answer_tokens_per_call", "kept"]
SHARED = ["teacher", "engine"]  # settings that a recipe may give once for all stages that have them
RENAMED = {"judge": "judged-pairs"}  # kinds of stages by their names in earlier versions
TOP_KEYS = ["name", "about", "seed", *SHARED, "stages"]


@dataclass(frozen=True)
class Stage:
    """A checked stage of a recipe: its kind, settings and the sources of each input.

    `inputs` has for each input the names of stages above, or the user's paths. `key` identifies the output: a hash of
    the kind's version, the settings that affect the output, the seed and the inputs' keys. `expect` is only for
    `hornbook plan`: amounts that are not in the settings (EXPECTED lists its keys).
    """

    name: str
    kind: StageType
    settings: Settings
    inputs: Mapping[str, list[str]]
    input_keys: Mapping[str, list[str]]
    seed: int
    expect: Mapping[str, float] = field(default_factory=dict)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", digest(self.identity()))

    def identity(self) -> dict[str, Any]:
        """Everything that determines the output, as stored in stage.json and compared by `hornbook plan`."""
        return {
            "kind": self.kind.name,
            "version": self.kind.version,
            "seed": self.seed,
            "settings": self.settings.identity(),
            "inputs": dict(self.input_keys),
        }


@dataclass(frozen=True)
class Recipe:
    """A checked recipe. Stages are in the order of the file; each takes its inputs from stages above it."""

    path: Path
    text: str  # of the file, with the seed that is used
    name: str
    about: str
    seed: int
    stages: list[Stage]

    def stage(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise HornbookError(f"{self.path}: no stage named '{name}'{nearest(name, [s.name for s in self.stages])}")

    def check_files(self) -> None:
        """Raise HornbookError for the first of the user's inputs that is missing (a plan does not need them)."""
        names = {stage.name for stage in self.stages}
        for stage in self.stages:
            for name, sources in stage.inputs.items():
                for source in sources:
                    if source not in names and not is_there(source):
                        raise HornbookError(
                            f"{self.path}: stages.{stage.name}.{name}: {source}: no such file or folder"
                        )

    @property
    def run_folder(self) -> Path:
        """The default run folder."""
        return Path("runs") / self.name


def load_recipe(path: Path, seed: int | None = None) -> Recipe:
    """Read and check a recipe file. A `seed` replaces that of the file.

    Raises HornbookError for a missing file, invalid YAML, an unknown key or kind (naming the nearest), a value of the
    wrong type, and inputs that do not match.
    """
    raw = _read_yaml(path)
    for key in raw:
        if key not in TOP_KEYS:
            raise HornbookError(f"{path}: {key}: unknown key{nearest(str(key), TOP_KEYS)}")
    name, text = raw.get("name", path.stem), path.read_text(encoding="utf-8")
    if seed is not None:
        text, found = re.subn(r"(?m)^seed:.*$", f"seed: {seed}", text)
        text = text if found else f"{text.rstrip()}\nseed: {seed}\n"
    seed = raw.get("seed", 0) if seed is None else seed
    if not isinstance(seed, int):
        raise HornbookError(f"{path}: seed: expected a whole number, got {seed!r}")
    if not isinstance(raw.get("stages"), dict) or not raw["stages"]:
        raise HornbookError(f"{path}: stages: expected a mapping of at least one stage")
    shared = {key: raw[key] for key in SHARED if raw.get(key) is not None}
    stages: dict[str, Stage] = {}
    for stage_name, values in raw["stages"].items():
        where = f"{path}: stages.{stage_name}"
        if not isinstance(values, dict):
            raise HornbookError(f"{where}: expected a mapping with at least `kind`, got {values!r}")
        stages[stage_name] = _read_stage(stage_name, dict(values), shared, seed, stages, where)
    return Recipe(path, text, str(name), str(raw.get("about", "")).strip(), seed, list(stages.values()))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        names = ", ".join(shipped())
        raise HornbookError(
            f"{path}: no such recipe; expected a file, or one that comes with Hornbook: {names}"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise HornbookError(f"{place}: not valid YAML ({getattr(error, 'problem', None) or error})") from None
    except OSError as error:
        raise HornbookError(f"{path}: cannot be read ({error.strerror})") from None
    if not isinstance(raw, dict):
        raise HornbookError(f"{path}: expected a mapping with the keys {', '.join(TOP_KEYS)}")
    return raw


def _read_stage(
    name: str, values: dict[str, Any], shared: dict[str, Any], seed: int, above: dict[str, Stage], where: str
) -> Stage:
    kind_name = str(values.pop("kind", name))
    kind = STAGE_TYPES.get(kind_name)
    if kind is None:
        if kind_name in RENAMED:
            raise HornbookError(f"{where}.kind: '{kind_name}' is called '{RENAMED[kind_name]}' now")
        raise HornbookError(f"{where}.kind: unknown kind '{kind_name}'{nearest(kind_name, list(STAGE_TYPES))}")
    inputs = {
        input_name: _read_input(values.pop(input_name, None), taken, f"{where}.{input_name}")
        for input_name, taken in kind.inputs.items()
    }
    for input_name, sources in inputs.items():
        for source in sources:
            _check_join(source, kind.inputs[input_name], above, f"{where}.{input_name}")
    expect = _read_expectations(values.pop("expect", {}), f"{where}.expect")
    own_seed = values.pop("seed", None)  # the same in runs with other seeds, and as on the command line
    if own_seed is not None and not isinstance(own_seed, int):
        raise HornbookError(f"{where}.seed: expected a whole number, got {own_seed!r}")
    settings_class = kind.settings
    for key, value in shared.items():
        if key in settings_class.model_fields and not {key, f"{key}s"} & values.keys():  # `teachers` replaces `teacher`
            values[key] = value
    unknown = [key for key in values if key not in settings_class.model_fields]
    if unknown:
        known = [*settings_class.model_fields, *kind.inputs, "kind", "seed", "expect"]
        raise HornbookError(f"{where}.{unknown[0]}: unknown key{nearest(str(unknown[0]), known)}")
    settings = settings_class.parse(values, where)
    keys = {
        input_name: [above[source].key if source in above else external_key(source) for source in sources]
        for input_name, sources in inputs.items()
    }
    stage_seed = derive(seed, name) if own_seed is None else derive(own_seed, kind.name)
    return Stage(name, kind, settings, inputs, keys, stage_seed, expect)


def _read_expectations(value: Any, where: str) -> dict[str, float]:
    if not isinstance(value, dict):
        raise HornbookError(f"{where}: expected a mapping with some of {', '.join(EXPECTED)}; got {value!r}")
    for key, number in value.items():
        if key not in EXPECTED:
            raise HornbookError(f"{where}.{key}: unknown key{nearest(str(key), EXPECTED)}")
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise HornbookError(f"{where}.{key}: expected a number, got {number!r}")
    return dict(value)


def _read_input(value: Any, taken: Input, where: str) -> list[str]:
    sources = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        raise HornbookError(f"{where}: expected the name of a stage above, or a path; got {value!r}")
    if not sources and not taken.optional:
        raise HornbookError(f"{where}: missing; expected a stage above that makes {taken.holds}, or a path")
    if len(sources) > 1 and not taken.many:
        raise HornbookError(f"{where}: takes one input, got {len(sources)}")
    return sources


def _check_join(source: str, taken: Input, above: dict[str, Stage], where: str) -> None:
    fitting = [stage.name for stage in above.values() if taken.holds in stage.kind.makes]
    expected = f"stages above that make {taken.holds}: {', '.join(fitting) or 'none'}"
    if source in above:
        if taken.holds not in above[source].kind.makes:
            makes = " and ".join(above[source].kind.makes)
            raise HornbookError(f"{where}: stage '{source}' makes {makes}, not {taken.holds}; {expected}")
    elif not is_external(source):
        raise HornbookError(f"{where}: no stage '{source}' above this one; {expected} (a path starts with ./ or /)")
