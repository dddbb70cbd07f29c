"""The command that makes the shell complete commands, options and choices: completion."""

import click

VARIABLE = "_HORNBOOK_COMPLETE"  # set by the shell's script when it asks


@click.command(short_help="Print the script that lets a shell complete commands and options.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options and choices.

    \b
    Example:
      hornbook completion bash >> ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "hornbook", VARIABLE).source())
