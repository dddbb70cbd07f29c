"""A command for every stage: inputs become arguments and options, settings become options."""

from pathlib import Path
from typing import Any

import click

from hornbook.base.stage import Input, StageType


class StageCommand(click.Command):
    """The command that runs one stage alone. Its options are made when needed, so that the program starts fast."""

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
            from hornbook.cli.options import setting_options

            looking = [*_list(self.kind), *_show(self.kind), *_preview(self.kind)]
            self.params = [*_inputs(self.kind), *_common(), *looking, *setting_options(self.kind.settings)]
        return super().get_params(ctx)

    def make_parser(self, ctx: click.Context) -> Any:
        self.get_params(ctx)
        return super().make_parser(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from hornbook.base.settings import RENAMED
        from hornbook.cli.options import repeat_flags

        flags = {flag for option in self.get_params(ctx) if _takes_several(option) for flag in option.opts}
        words, joined = repeat_flags(args, flags)
        try:
            rest = super().parse_args(ctx, words)
        except click.MissingParameter as error:
            if joined and error.param and error.param.name == self.kind.argument:
                raise click.UsageError(_misplaced(self.kind.argument, *joined[-1])) from None
            raise
        except click.NoSuchOption as error:
            now = RENAMED.get(error.option_name.lstrip("-").replace("-", "_"), "").replace("_", "-")
            if f"--{now}" in {flag for option in self.get_params(ctx) for flag in option.opts}:
                raise click.UsageError(f"{error.option_name} is called --{now} now") from None
            raise
        if joined and self.kind.argument and not ctx.params.get(self.kind.argument) and _is_path(joined[-1][1]):
            raise click.UsageError(_misplaced(self.kind.argument, *joined[-1]))
        return rest

    def settings_from(self, given: dict[str, Any]) -> Any:
        """The settings of a command line with the parsed parameters `given`. Raises HornbookError."""
        from hornbook.cli.options import given_settings

        return self.kind.settings.parse(given_settings(self.params, given), "")

    def _run(self, out: Path, seed: int, overwrite: bool, preview: int | None = None, **given: Any) -> None:
        from hornbook.recipe.run_stage import preview_alone, run_alone

        inputs = {name: given[name] for name in self.kind.inputs}
        if preview:
            preview_alone(self.kind, self.settings_from(given), inputs, out, seed, preview)
            return
        run_alone(self.kind, self.settings_from(given), inputs, out, seed, overwrite)


def _misplaced(argument: str, flag: str, value: str) -> str:
    return (
        f"'{value}' was read as a value of {flag}, which takes all up to the next option; put {argument.upper()} first"
    )


def _takes_several(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and parameter.multiple


def _inputs(kind: StageType) -> list[click.Parameter]:
    parameters: list[click.Parameter] = []
    for name, taken in kind.inputs.items():
        path = click.STRING if taken.holds == "model" else INPUT
        if name == kind.argument:
            count = -1 if taken.many else 1
            parameters.append(
                click.Argument([name], type=path, nargs=count, required=not taken.optional, metavar=name.upper())
            )
        else:
            parameters.append(_input_option(name, taken, path))
    return parameters


class _Input(click.ParamType):
    """Files, folders, patterns, and data sets on a hub."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _is_path(str(value)):
            self.fail(f"{value}: no such file or folder; expected one, a pattern such as 'data/*.jsonl', or hub:NAME")
        return str(value)


INPUT = _Input()


def _is_path(text: str) -> bool:
    from hornbook.recipe.inputs import is_there

    return is_there(text)


def _input_option(name: str, taken: Input, path: click.ParamType) -> click.Option:
    several = "; several may be given" if taken.many else ""
    return click.Option(
        [f"--{name}"],
        type=path,
        multiple=taken.many,
        metavar="PATH..." if taken.many else "PATH",
        required=not taken.optional,
        help=f"Output folder of a stage that makes {taken.holds}, or your own file{several}.",
    )


def _common() -> list[click.Parameter]:
    overwrite = "Delete OUT and start again; cached teacher answers in OUT are kept."
    return [
        click.Option(["--out"], type=click.Path(path_type=Path), required=True, help="Folder for the output."),
        click.Option(["--seed"], type=int, default=0, show_default=True, help="Seed of all randomness."),
        click.Option(["--overwrite"], is_flag=True, help=overwrite),
    ]


def _list(kind: StageType) -> list[click.Parameter]:
    def show(ctx: click.Context, param: click.Parameter, given: str | None) -> None:
        if given is not None and kind.listing:
            for line in kind.listing(given):
                indent = " " * (len(line) - len(line.lstrip()))
                click.echo(click.wrap_text(line.strip(), 110, indent, f"{indent}  ") + "\n" * line.endswith("\n"))
            ctx.exit()

    if not kind.listing:
        return []
    about = "Show what there is to choose from, all or by name, and exit."
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


def _show(kind: StageType) -> list[click.Parameter]:
    def show(ctx: click.Context, param: click.Parameter, given: str | None) -> None:
        if given is not None and kind.shows:
            for line in kind.shows(given):
                click.echo(line)
            ctx.exit()

    if not kind.shows:
        return []
    about = "Show one of them whole, and exit."
    return [click.Option(["--show"], metavar="NAME", is_eager=True, expose_value=False, callback=show, help=about)]


def _preview(kind: StageType) -> list[click.Parameter]:
    if not kind.previews:
        return []
    about = "Make this many records of each kind and show them on a page in OUT with all calls and checks, no more."
    return [click.Option(["--preview"], type=click.IntRange(1), metavar="N", help=about)]


def _sections(report: str) -> str:
    return ", ".join(f"§{part}" if part[0].isdigit() else f"appendix {part}" for part in report.split(", "))
