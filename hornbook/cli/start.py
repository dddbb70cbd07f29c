"""Commands for getting started: init, schema, completion."""

from pathlib import Path

import click

VARIABLE = "_HORNBOOK_COMPLETE"  # set by the shell when it asks for completions


@click.command(short_help="Write a recipe to start from.")
@click.argument("name", type=click.Choice(["pocket", "sft", "synth", "pts"]), default="pocket")
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: NAME.yaml]")
def init(name: str, out: Path | None) -> None:
    """Write the recipe NAME to start from: pocket (the whole recipe at pocket size; the default), or fine-tuning (sft),
    synthetic data (synth) or pivotal tokens (pts) with your files.

    \b
    Example:
      hornbook init sft --out my-recipe.yaml
    """
    from hornbook.base.progress import console
    from hornbook.recipe.shipped import write_starter

    out = out or Path(f"{name}.yaml")
    write_starter(name, out)
    console.print(f"Written to {out}. `hornbook plan {out}` shows what it would do, `hornbook run {out}` runs it")


@click.command(short_help="Print the JSON schema of recipes, for editors.")
def schema() -> None:
    """Print the JSON schema of recipes, for completion and checks in an editor.

    \b
    Example:
      hornbook schema > hornbook.schema.json
    """
    import json

    from hornbook.recipe.schema import recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=1))


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
