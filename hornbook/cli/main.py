"""The `hornbook` command. Commands of stages are made from their declarations, so options and recipe keys agree."""

import io
import os
import sys

import click

from hornbook import __version__
from hornbook.base.errors import HornbookError
from hornbook.cli.chat import CHAT_COMMANDS
from hornbook.cli.completion import VARIABLE, completion
from hornbook.cli.export import export
from hornbook.cli.failures import in_words, reader_has_gone
from hornbook.cli.group import Group
from hornbook.cli.push import push
from hornbook.cli.recipes import RECIPE_COMMANDS
from hornbook.cli.stages import StageCommand
from hornbook.cli.start import init, schema
from hornbook.recipe.stage_types import STAGE_TYPES

EXAMPLES = """\b
hornbook run pocket                 the whole recipe, at pocket size
hornbook plan phi-4                 what the full size would take
hornbook init sft                   a recipe to start from
hornbook train sft --help           options and an example of a command"""


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXAMPLES)
@click.version_option(__version__, prog_name="hornbook")
def hornbook() -> None:
    """The phi-4 recipe, from raw documents and a teacher to a small language model that reasons."""
    from hornbook.base.device import settled_device
    from hornbook.base.precision import settled
    from hornbook.base.progress import answers, console
    from hornbook.base.workspace import is_first_process

    if not is_first_process():
        console.quiet = answers.quiet = True  # of the processes that torchrun starts, one speaks
    settled("auto")  # a wrong HORNBOOK_DTYPE is told now, not when the first model is loaded hours later
    settled_device("auto")  # and so is a wrong HORNBOOK_DEVICE


@click.group(cls=Group)
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
    for command in (*CHAT_COMMANDS, export, push, schema, completion):
        hornbook.add_command(command)


_assemble()


def main() -> None:
    """Entry point. Exit codes: 0 done, 2 something the user can mend (one line says what), 130 interrupted."""
    # Threads that spin while they wait for one that another program has displaced made training ten times slower on a
    # busy machine. PyTorch reads this when it is first imported; what the user has set stays.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    for stream in (sys.stdout, sys.stderr):  # a name or a sign that the terminal cannot show is no reason to stop
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if VARIABLE in os.environ:
        hornbook.main(prog_name="hornbook", complete_var=VARIABLE)  # the shell asks for completions
    try:
        # not click's own main, to which any broken pipe and any end of a file means that the user has gone
        with hornbook.make_context("hornbook", sys.argv[1:]) as context:
            hornbook.invoke(context)
        if sys.stdout:
            sys.stdout.flush()
    except HornbookError as error:
        _stop(str(error))
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
        if isinstance(error, BrokenPipeError) and reader_has_gone():
            os._exit(0)  # there is nobody to tell
        said = in_words(error)
        if said is None:
            raise
        _stop(said)


def _stop(message: str) -> None:
    print(f"hornbook: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)
