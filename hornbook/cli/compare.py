"""The command compare."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command(short_help="Compare two evaluations, question by question.")
@click.argument("before", type=PATH)
@click.argument("now", type=PATH)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("compare.html"), show_default=True, help="The page."
)
def compare(before: Path, now: Path, out: Path) -> None:
    """Compare the evaluation in the folder NOW with that in BEFORE, both made by `hornbook eval`.

    Prints differences with paired intervals, on the questions of both; p is corrected for the number of scores. The
    page shows the questions whose verdict changed, with the answers side by side.

    \b
    Example:
      hornbook compare scores-base/ scores-sft/ --out changes.html
    """
    from hornbook.base.progress import answers, console
    from hornbook.evaluation.table import comparison_table
    from hornbook.report.compare import compare_evaluations, write_page

    found = compare_evaluations(before, now)
    answers.print(comparison_table(found.rows, f"{found.models[1]} against {found.models[0]}, in points"))
    kept = write_page(found, out)
    console.print(f"Written to {out}: {kept:,} of {len(found.changed):,} verdicts that changed")
