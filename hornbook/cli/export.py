"""Commands that export models and upload records: export, push."""

from pathlib import Path
from typing import Literal

import click

from hornbook.base.errors import HornbookError

PATH = click.Path(path_type=Path)


@click.command(short_help="Write a model as a GGUF file or a Hugging Face folder.")
@click.argument("model")
@click.option("--format", "form", type=click.Choice(["gguf", "hf"]), required=True, help="What to write.")
@click.option("--out", type=PATH, required=True, help="File (gguf) or folder (hf) to write.")
@click.option("--type", "dtype", type=click.Choice(["f32", "f16", "bf16"]), help="Weights.  [default: as they are]")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def export(
    model: str, form: Literal["gguf", "hf"], out: Path, dtype: Literal["f32", "f16", "bf16"] | None, overwrite: bool
) -> None:
    """Write MODEL (a Hugging Face folder, a stage's folder, a hub name, or a GGUF file) for other programs to load.

    \b
    Example:
      hornbook export sft/ --format gguf --type f16 --out my-model.gguf
    """
    from hornbook.base.progress import console
    from hornbook.model.export import export_model

    if out.exists() and not overwrite:
        raise HornbookError(f"{out}: exists already; choose another --out, or pass --overwrite")
    if out.exists() and form == "hf" and not (out / "config.json").is_file():
        raise HornbookError(f"{out}: not a model, so --overwrite does not replace it; choose another --out")
    if out.is_dir() and form == "gguf":
        raise HornbookError(f"{out}: a folder; --format gguf writes a file")
    if out.exists() and Path(model).exists() and out.samefile(model):
        raise HornbookError(f"{out}: the model itself; choose another --out")
    for difference in export_model(model, out, form, dtype):
        console.print(f"  note: {difference}")
    console.print(f"Written to {out}")


@click.command(short_help="Upload a stage's records to a hub, with a card.")
@click.argument("folder", type=PATH)
@click.argument("name", metavar="OWNER/NAME")
@click.option("--public", is_flag=True, help="Make a new data set public.  [default: private]")
@click.option("--license", "licence", default="", help="Licence that the card names, e.g. apache-2.0.")
@click.option("--seeds-license", "seeds_licence", default="", help="Licence of the documents behind synthetic records.")
@click.option("--dry-run", is_flag=True, help="Show the files and the card, and upload nothing.")
def push(folder: Path, name: str, public: bool, licence: str, seeds_licence: str, dry_run: bool) -> None:
    """Upload the records in FOLDER, a stage's output (pivots, pairs, samples and so on), as a data set on a hub.

    \b
    Example:
      hornbook push pivots/ my-name/my-pivots --license apache-2.0
    """
    from hornbook.base.progress import answers
    from hornbook.report import push as hub

    if not dry_run:
        pushed = hub.push_dataset(folder, name, public=public, licence=licence, seeds_licence=seeds_licence)
        answers.print(pushed, soft_wrap=True)
        return
    files, card = hub.files_and_card(folder, name, licence, seeds_licence)
    click.echo("\n".join([*(f"{path.name}  {path.stat().st_size:,} bytes" for path in files), "", card]))
