"""The command that hands records over: push."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.command(short_help="Upload a stage's records to a hub, with a card.")
@click.argument("folder", type=PATH)
@click.argument("name", metavar="OWNER/NAME")
@click.option("--public", is_flag=True, help="Let everybody see a new data set.  [default: private]")
@click.option("--license", "licence", default="", help="Licence that the card names, e.g. apache-2.0.")
@click.option("--dry-run", is_flag=True, help="Show the files and the card, and upload nothing.")
def push(folder: Path, name: str, public: bool, licence: str, dry_run: bool) -> None:
    """Upload the records in FOLDER (pivots, pairs, samples and so on, as a stage left them) as a data set of a hub.

    \b
    Example:
      hornbook push pivots/ my-name/my-pivots --license apache-2.0
    """
    from hornbook.base.progress import answers
    from hornbook.report import push as hub

    if not dry_run:
        answers.print(hub.push_dataset(folder, name, public=public, licence=licence), soft_wrap=True)
        return
    files, card = hub.files_and_card(folder, name, licence)
    click.echo("\n".join([*(f"{path.name}  {path.stat().st_size:,} bytes" for path in files), "", card]))
