"""A command for every kind of stage: its settings become flags, its inputs arguments and options."""

import shutil
from pathlib import Path
from typing import Any

import click
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json
from hornbook.base.lock import LOCK, locked
from hornbook.base.progress import answers, console
from hornbook.base.rng import derive
from hornbook.base.stage import Input, StageType
from hornbook.base.workspace import FAILED_CALLS, is_first_process
from hornbook.recipe.recipe import Stage

LONGEST_DEFAULT = 300  # characters of a default that help shows; a longer one is described in words
LEDGER = "teacher"  # folder of a stage's output with the answered calls
NOTHING_MADE = {LEDGER, LOCK, ".key", "book.json", "rejects.jsonl"}  # what an attempt that failed may leave
SEPARATOR = "."  # --teacher.url sets `url` below `teacher`


class StageCommand(click.Command):
    """A command whose flags are made from the settings class only when they are needed: starting stays quick."""

    def __init__(self, kind: StageType) -> None:
        super().__init__(
            name=kind.command.split()[-1],
            help=f"{kind.does} (report {_sections(kind.report)})\n\n\b\nExample:\n  {kind.example}",
            short_help=kind.does,
        )
        self.kind = kind
        self.callback = self._run

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        if not self.params:
            self.params = [*_inputs(self.kind), *_common(), *_list(self.kind), *_flags(self.kind.settings)]
        return super().get_params(ctx)

    def make_parser(self, ctx: click.Context) -> Any:
        self.get_params(ctx)
        return super().make_parser(ctx)

    def _run(self, out: Path, seed: int, again: bool, **given: Any) -> None:
        inputs = {name: given.pop(name) for name in self.kind.inputs}
        values = _nest({name: value for name, value in given.items() if value is not None and value != ()})
        settings = self.kind.settings.parse(values, "")
        run_alone(self.kind, settings, inputs, out, seed, again)


def stage_command(kind: StageType) -> click.Command:
    """The command that runs one kind of stage by itself."""
    return StageCommand(kind)


def run_alone(kind: StageType, settings: Any, inputs: dict[str, Any], out: Path, seed: int, again: bool) -> None:
    """Run one stage on the user's files, into `out`; a second call with the same arguments continues or is done.

    Raises HornbookError when `out` holds something else.
    """
    from hornbook.recipe.inputs import external_key

    sources = {name: _as_list(value) for name, value in inputs.items()}
    keys = {name: [external_key(_located(source)) for source in values] for name, values in sources.items()}
    stage = Stage(kind.name, kind, settings, sources, keys, derive(seed, kind.name))
    paths = {
        name: [Path(source) for source in values] if kind.inputs[name].many else Path(values[0])
        for name, values in sources.items()
        if values or kind.inputs[name].many
    }
    if not is_first_process():
        if kind.together:
            _run_stage(stage, paths, out, again)
        return
    _check(out, stage.key, again)
    with locked(out):
        if again or _key_in(out) != stage.key:
            _clear(out)
        (out / ".key").write_text(stage.key)
        _run_stage(stage, paths, out, again)


def _run_stage(stage: Stage, paths: dict[str, Any], out: Path, again: bool) -> None:
    """Run the stage, unless it is done, and say what came of it."""
    from hornbook.recipe.execute import execute

    if not again and (out / "stage.json").exists():
        failed = read_json(out / "stage.json").get("counts", {}).get(FAILED_CALLS, 0)
        if not failed:
            _show(stage.kind, out)
            console.print(f"{out}: done before (--again makes it anew)")
            return
        console.print(f"{out}: done before but for {failed:,} calls that failed; asking again")
    work = execute(stage, paths, out, out / LEDGER)
    if not is_first_process():
        return
    for name, amount in sorted(work.counts.items()):
        console.print(f"  {name.replace('_', ' ')}: {amount:,}")
    for reason, amount in sorted(work.rejected.items()):
        console.print(f"  set aside: {amount:,} {reason}")
    _show(stage.kind, out)
    console.print(f"Written to {out}")
    if work.conclusion:
        console.print(work.conclusion)


def _show(kind: StageType, out: Path) -> None:
    """Print what was asked for, where it is figures."""
    if is_first_process():
        for table in kind.tables(out) if kind.tables else ():
            answers.print(table)


def _check(out: Path, key: str, again: bool) -> None:
    """Whether `out` may be ours: it is new, empty, or begun with the very same settings and inputs, or to be made anew.

    An attempt that failed before it made anything claims nothing. Raises HornbookError where `out` holds something
    else.
    """
    begun = _key_in(out)
    made = out.exists() and any(entry.name not in NOTHING_MADE for entry in out.iterdir())
    if made and begun != key and not (again and begun):
        raise HornbookError(
            f"{out}: holds something else (other settings, inputs or files); choose another --out, or pass --again"
        )


def _clear(out: Path) -> None:
    """Remove everything in `out` but the ledger: its answers are paid for, and made anew they would be the same."""
    for entry in out.iterdir():
        if entry.name in (LEDGER, LOCK):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _key_in(out: Path) -> str:
    if (out / ".key").exists():
        return (out / ".key").read_text()
    return str(read_json(out / "stage.json").get("key")) if (out / "stage.json").exists() else ""


def _located(source: str) -> str:
    """A path as it is; the name of a hub model, where no such path exists, marked as one."""
    from hornbook.recipe.inputs import is_there

    return source if is_there(source) else f"hf:{source}"


def _as_list(value: Any) -> list[str]:
    values = value if isinstance(value, tuple | list) else [] if value is None else [value]
    return [str(item) for item in values]


def _inputs(kind: StageType) -> list[click.Parameter]:
    parameters: list[click.Parameter] = []
    for name, taken in kind.inputs.items():
        path = click.STRING if taken.holds == "model" else INPUT
        if name == kind.argument:
            metavar = name.upper()
            count = -1 if taken.many else 1
            parameters.append(
                click.Argument([name], type=path, nargs=count, required=not taken.optional, metavar=metavar)
            )
        else:
            parameters.append(_input_option(name, taken, path))
    return parameters


class _Input(click.ParamType):
    """Files, folders, patterns, and data sets of a hub."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from hornbook.recipe.inputs import is_there

        if not is_there(str(value)):
            self.fail(f"{value}: no such file or folder; expected one, a pattern such as 'data/*.jsonl', or hub:NAME")
        return str(value)


INPUT = _Input()


def _input_option(name: str, taken: Input, path: click.ParamType) -> click.Option:
    several = "; may be given several times" if taken.many else ""
    return click.Option(
        [f"--{name}"],
        type=path,
        multiple=taken.many,
        required=not taken.optional,
        help=f"Folder of a stage that makes {taken.holds}, or a file of yours{several}.",
    )


def _common() -> list[click.Parameter]:
    return [
        click.Option(["--out"], type=click.Path(path_type=Path), required=True, help="Folder for the output."),
        click.Option(["--seed"], type=int, default=0, show_default=True, help="Seed of all randomness."),
        click.Option(["--again"], is_flag=True, help="Start anew, with the teacher's answers in OUT."),
    ]


def _list(kind: StageType) -> list[click.Parameter]:
    def show(ctx: click.Context, param: click.Parameter, given: str | None) -> None:
        if given is not None:
            for line in kind.listing(given) if kind.listing else ():
                indent = " " * (len(line) - len(line.lstrip()))
                click.echo(click.wrap_text(line.strip(), 110, indent, f"{indent}  ") + "\n" * line.endswith("\n"))
            ctx.exit()

    if not kind.listing:
        return []
    about = "Show what there is to choose from, all or some of it by name, and end."
    return [
        click.Option(
            ["--list"],
            is_flag=False,
            flag_value="",
            metavar="[NAME]",
            is_eager=True,
            expose_value=False,
            callback=show,
            help=about,
        )
    ]


def _flags(settings: type[BaseModel], prefix: str = "") -> list[click.Parameter]:
    flags: list[click.Parameter] = []
    for name, info in settings.model_fields.items():
        path = f"{prefix}{name}"
        nested = _settings_class(info)
        flags += _flags(nested, f"{path}{SEPARATOR}") if nested else [_flag(path, info)]
    return flags


def _flag(path: str, info: FieldInfo) -> click.Option:
    # the value is read as YAML, so that numbers, lists and mappings look as they do in a recipe
    default = info.get_default(call_default_factory=True)
    required = default is PydanticUndefined
    shown = "required" if required else f"default: {default!r}"
    shown = "" if len(shown) > LONGEST_DEFAULT else f"[{shown}]"
    listed = str(info.annotation).startswith("list[")
    help_text = f"{info.description or ''}  {shown}".strip()
    flag = "--" + path.replace("_", "-")
    return click.Option([flag, _variable(path)], type=YAML, multiple=listed, help=help_text, metavar=_metavar(info))


class _Yaml(click.ParamType):
    name = "value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
            return value


YAML = _Yaml()


def _variable(path: str) -> str:
    return path.replace(SEPARATOR, "__dot__")


def _nest(flat: dict[str, Any]) -> dict[str, Any]:
    """{"teacher__dot__url": x} as {"teacher": {"url": x}}; repeated flags of a list come as one list."""
    nested: dict[str, Any] = {}
    for variable, value in flat.items():
        *above, last = variable.split("__dot__")
        place = nested
        for part in above:
            place = place.setdefault(part, {})
        place[last] = _flatten(value) if isinstance(value, tuple) else value
    return nested


def _flatten(values: tuple[Any, ...]) -> list[Any]:
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _metavar(info: FieldInfo) -> str:
    kind = info.annotation
    names = {int: "N", float: "X", str: "TEXT", bool: "true|false"}
    return names.get(kind, "VALUE") if isinstance(kind, type) else "VALUE"


def _settings_class(info: FieldInfo) -> type[BaseModel] | None:
    kind = info.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    choices = [c for c in getattr(kind, "__args__", ()) if isinstance(c, type) and issubclass(c, BaseModel)]
    return choices[0] if len(choices) == 1 and type(None) in kind.__args__ else None  # type: ignore[union-attr]


def _sections(report: str) -> str:
    return ", ".join(f"§{part}" if part[0].isdigit() else f"appendix {part}" for part in report.split(", "))
