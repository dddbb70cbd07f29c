"""The `hornbook` command. Stage commands are generated from declarations, so options and recipe keys agree."""

import difflib
import io
import os
import sys

import click

from hornbook import __version__
from hornbook.base.errors import HornbookError
from hornbook.cli.chat import CHAT_COMMANDS
from hornbook.cli.compare import compare
from hornbook.cli.export import export, push
from hornbook.cli.os_errors import explain_os_error, output_closed
from hornbook.cli.recipes import RECIPE_COMMANDS
from hornbook.cli.stages import StageCommand
from hornbook.cli.start import VARIABLE, completion, init, schema
from hornbook.recipe.stage_registry import STAGE_TYPES

EXAMPLES = """\b
hornbook run pocket                 the whole recipe, at pocket size
hornbook plan phi-4                 what the full size would take
hornbook init sft                   a recipe to start from
hornbook train sft --help           options and an example of a command"""


class CommandGroup(click.Group):
    """Lists its commands in the order of a recipe, and suggests the nearest to a misspelt one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            close = difflib.get_close_matches(name, list(self.commands), n=1, cutoff=0.5)
            hint = f"did you mean '{close[0]}'?" if close else f"{ctx.command_path} --help lists them"
            raise click.UsageError(f"No such command '{name}' ({hint})")
        return super().resolve_command(ctx, args)


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXAMPLES)
@click.version_option(__version__, prog_name="hornbook")
def hornbook() -> None:
    """The phi-4 recipe, from raw documents and a teacher to a small language model that reasons."""
    from hornbook.base.device import resolve_device
    from hornbook.base.precision import resolve_precision
    from hornbook.base.progress import answers, console
    from hornbook.base.workspace import is_first_process

    if not is_first_process():
        console.quiet = answers.quiet = True  # under torchrun only the process of rank 0 prints
    resolve_precision("auto")  # report a wrong HORNBOOK_DTYPE now, not when a model is loaded hours later
    resolve_device("auto")  # the same for HORNBOOK_DEVICE


@click.group(cls=CommandGroup)
def train() -> None:
    """Train a model: pretrain, midtrain, sft or dpo.

    \b
    Example:
      hornbook train sft base/ --samples chats.jsonl --epochs 2 --out sft
    """


def _assemble() -> None:
    for command in (init, *RECIPE_COMMANDS):
        hornbook.add_command(command)
    for kind in STAGE_TYPES.values():
        group, _, name = kind.command.rpartition(" ")
        (train if group == "train" else hornbook).add_command(StageCommand(kind), name)
        if group == "train" and "train" not in hornbook.commands:
            hornbook.add_command(train)
    for command in (*CHAT_COMMANDS, compare, export, push, schema, completion):
        hornbook.add_command(command)


_assemble()


def main() -> None:
    """Entry point. Exit codes: 0 done, 2 an error that the user can fix (one line says what), 75 answers awaited
    (a teacher by files that does not wait), 130 interrupted."""
    # With the default, threads that spin while they wait for a preempted one made training ten times slower on a busy
    # machine. PyTorch reads this when it is first imported; a value of the user is kept.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    for stream in (sys.stdout, sys.stderr):  # characters that the terminal cannot show must not raise an error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if VARIABLE in os.environ:
        hornbook.main(prog_name="hornbook", complete_var=VARIABLE)  # the shell asks for completions
    try:
        # not click's main, which treats every broken pipe and end of file as an abort by the user
        with hornbook.make_context("hornbook", sys.argv[1:]) as context:
            hornbook.invoke(context)
        if sys.stdout:
            sys.stdout.flush()
    except HornbookError as error:
        _stop(str(error), error.exit_code)
    except click.exceptions.Abort:
        print("hornbook: interrupted; run the same command again to continue", file=sys.stderr)
        sys.exit(130)
    except KeyboardInterrupt:
        print("hornbook: interrupted; run the same command again to continue", file=sys.stderr)
        sys.exit(130)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _stop(error.format_message())
    except Exception as error:
        if isinstance(error, BrokenPipeError) and output_closed():
            os._exit(0)
        explanation = explain_os_error(error)
        if explanation is None:
            raise
        _stop(explanation)


def _stop(message: str, exit_code: int = 2) -> None:
    print(f"hornbook: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(exit_code)
