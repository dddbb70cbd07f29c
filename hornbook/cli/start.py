"""Commands that help to write a recipe: init, schema."""

from pathlib import Path

import click


@click.command(short_help="Write a recipe to start from.")
@click.argument("name", type=click.Choice(["pocket", "sft", "synth", "pts"]), default="pocket")
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: NAME.yaml]")
def init(name: str, out: Path | None) -> None:
    """Write the recipe NAME to start from: the whole recipe at pocket size (which is what you get without NAME), or
    fine-tuning (sft), synthetic data (synth), or pivotal tokens (pts) with files of yours.

    \b
    Example:
      hornbook init sft --out my-recipe.yaml
    """
    from hornbook.base.progress import console
    from hornbook.recipe.shipped import write_starter

    out = out or Path(f"{name}.yaml")
    write_starter(name, out)
    console.print(f"Written to {out}. `hornbook plan {out}` says what it would do, `hornbook run {out}` runs it")


@click.command(short_help="Print the JSON schema of recipes, for editors.")
def schema() -> None:
    """Print the JSON schema of recipes, with which an editor completes and checks them.

    \b
    Example:
      hornbook schema > hornbook.schema.json
    """
    import json

    from hornbook.recipe.schema import recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=1))
