"""Commands for recipes and runs: run, plan, status, lineage, report."""

from pathlib import Path
from typing import Any

import click

from hornbook.base.errors import HornbookError

PATH = click.Path(path_type=Path)
RECIPE = click.argument("recipe", type=PATH)
RUN_OPTION = click.option("--run", "run_folder", type=PATH, help="Run folder.  [default: runs/NAME-OF-RECIPE]")


@click.command()
@RECIPE
@RUN_OPTION
@click.option("--seed", type=int, help="Seed instead of the recipe's; the run folder is then runs/NAME-SEED.")
@click.option("--watch", is_flag=True, help="Serve the page on this machine while the run goes on.")
@click.option("--port", default=8745, show_default=True, type=click.IntRange(0, 65535), help="Port of --watch.")
def run(recipe: Path, run_folder: Path | None, seed: int | None, watch: bool, port: int) -> None:
    """Run all stages of a recipe that are not done yet. After an interruption, run it again to continue.

    RECIPE is a file, or the name of a recipe that comes with Hornbook: pocket, minutes, smollm2, phi-4, diversity,
    context, pivotal or kinds.

    \b
    Example:
      hornbook run pocket
      hornbook run pocket --watch
      hornbook run pocket --seed 1
    """
    from hornbook.recipe.recipe import load_recipe
    from hornbook.recipe.run import run_recipe
    from hornbook.recipe.shipped import find_recipe

    loaded = load_recipe(find_recipe(recipe), seed)
    default = loaded.run_folder if seed is None else loaded.run_folder.with_name(f"{loaded.name}-{seed}")
    run_recipe(loaded, run_folder or default, port if watch else None)


@click.command()
@RECIPE
@RUN_OPTION
@click.option("--hardware", default="cpu:2", show_default=True, help="NAME or NAME:COUNT, e.g. h100:1920.")
def plan(recipe: Path, run_folder: Path | None, hardware: str) -> None:
    """Show what a recipe would do and cost, and which stages would run and why, without running anything.

    RECIPE is a file, or the name of a recipe that comes with Hornbook.

    \b
    Example:
      hornbook plan phi-4 --hardware h100:1920
    """
    from hornbook.recipe.plan import print_plan
    from hornbook.recipe.recipe import load_recipe
    from hornbook.recipe.shipped import find_recipe

    loaded = load_recipe(find_recipe(recipe))
    print_plan(loaded, run_folder or loaded.run_folder, hardware)


@click.command()
@click.argument("run_folder", metavar="RUN", type=PATH)
def status(run_folder: Path) -> None:
    """Show which stages of a run are done, started and waiting.

    \b
    Example:
      hornbook status runs/pocket
    """
    from rich.table import Table

    from hornbook.base.progress import answers
    from hornbook.recipe.artifacts import ArtifactStore, refuse_earlier
    from hornbook.recipe.recipe import load_recipe
    from hornbook.recipe.status import stage_statuses

    if not (run_folder / "recipe.yaml").exists():
        raise HornbookError(f"{run_folder}: not a run folder (no recipe.yaml in it)")
    refuse_earlier(run_folder)
    store = ArtifactStore(run_folder)
    table = Table("stage", "state", "seconds", "tokens", "records", "why it will run", box=None)
    for stage_status in stage_statuses(load_recipe(run_folder / "recipe.yaml"), run_folder):
        done = stage_status.state == "done"
        counts: dict[str, Any] = store.read(stage_status.stage)["counts"] if done else {}
        table.add_row(
            stage_status.stage.name,
            stage_status.state,
            f"{stage_status.seconds:.0f}" if done else "",
            f"{counts['tokens']:,}" if counts.get("tokens") else "",
            f"{counts['records_out']:,}" if counts.get("records_out") else "",
            stage_status.why,
        )
    answers.print(table)


@click.command()
@click.argument("folders", metavar="RUN...", type=PATH, nargs=-1, required=True)
@click.argument("record")
def lineage(folders: tuple[Path, ...], record: str) -> None:
    """Show what a training record or a pivot was made from. RECORD is its id or the first characters of it.

    RUN is a run folder, or the output folders of the stage that made the record and of the stages whose output it read.

    \b
    Example:
      hornbook lineage runs/pocket sample-3f2a
      hornbook lineage synthetic/ clean/ sample-3f2a
    """
    from hornbook.recipe.artifacts import refuse_earlier
    from hornbook.report.lineage import lineage_lines

    for folder in folders:
        refuse_earlier(folder)
    for line in lineage_lines(folders, record):
        click.echo(line)


@click.command()
@click.argument("runs", metavar="RUN...", type=PATH, nargs=-1, required=True)
@click.option("--markdown", is_flag=True, help="Print the table in Markdown, for a README.")
def report(runs: tuple[Path, ...], markdown: bool) -> None:
    """Write RUN/report.html again from the run's files, and print its table.

    With several runs (of one recipe, with other seeds) print what each stage changed in every run and in all together,
    in Markdown.

    \b
    Example:
      hornbook report runs/pocket
      hornbook report runs/pocket runs/pocket-1 runs/pocket-2
    """
    from hornbook.base.files import read_json
    from hornbook.base.progress import answers
    from hornbook.recipe.artifacts import refuse_earlier
    from hornbook.report.page import write_report
    from hornbook.report.pooled import pooled_markdown
    from hornbook.report.table import markdown_table, results_table

    for folder in runs:
        if not (folder / "summary.json").exists():
            raise HornbookError(f"{folder}: no summary.json in it; `hornbook run` writes it when all stages are done")
        refuse_earlier(folder)
    if len(runs) > 1:
        click.echo(pooled_markdown(list(runs)))
        return
    page = write_report(runs[0])
    summary = read_json(runs[0] / "summary.json")
    if markdown:
        click.echo(markdown_table(summary))
        return
    answers.print(results_table(summary))
    answers.print(f"Report: {page}")


RECIPE_COMMANDS: list[click.Command] = [run, plan, status, lineage, report]
