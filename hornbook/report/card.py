"""The data set card of a folder of records, for the Hugging Face hub."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from hornbook import __version__
from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import read_json
from hornbook.pts.export import FILES
from hornbook.report.synthetic_card import about_corpus

HOLDS = {  # file, without its ending → what a row of it is
    "pivots": "a token, or sentence, that moves p(success), with the interval of the move; token ids",
    "pairs": "a preference: prompt, chosen and rejected as token ids",
    "samples": "a conversation",
    "passages": "a seed: a passage of a document, with what is known about it",
    "tasks": "a seed that a program drew",
    "questions": "a question with what its oracle needs",
    "documents": "a document",
    "solutions": "a searched solution with p(success) along it; token ids",
    "rollouts": "a rollout with its verdict; token ids",
    "difficulty": "how hard a question is for the model",
    "answers": "an answer of an evaluated model, and its grade",
    "trl": "a preference in TRL's columns of token ids, with the text beside them",
    "trl-text": "a preference as text; `ends`: whether the sides are complete replies",
    "advantages": "a solution with the advantage of each of its tokens, and its interval",
    "sentences": "a sentence of a solution: p(success) with it, and with another in its place",
}
PRIVATE = ("url", "headers")  # settings of teachers: an address inside a network, a key
DEFAULT = ("pairs", "pivots", "samples")  # the first of these that exists is the card's default table


def data_files(folder: Path) -> list[Path]:
    """Files of records in `folder`: a stage's Parquet files and the exports of a search, not journals or the ledger."""
    return sorted([*folder.glob("*.parquet"), *(folder / name for name in FILES.values() if (folder / name).is_file())])


def make_card(folder: Path, name: str, licence: str = "", seeds_licence: str = "") -> str:
    """The text of README.md: tables and tags for the hub, then rows, settings and counts for readers. Of a synthetic
    corpus also its kinds, teachers and yields, the licence of its seeds and its contamination.

    Raises HornbookError for a file of records that cannot be read.
    """
    tables = _tables(data_files(folder))
    first = next((table for table in DEFAULT if table in tables), next(iter(tables)))
    configs = [
        {"config_name": table, "data_files": path.name} | ({"default": True} if table == first else {})
        for table, path in tables.items()
    ]
    head: dict[str, Any] = {"license": licence} if licence else {}
    head |= {"tags": ["hornbook", *(["pivotal-token-search"] if "pivots" in tables else [])], "configs": configs}
    rows = [f"| `{table}` | {_rows(path):,} | {_holds(path)} |" for table, path in tables.items()]
    parts = [
        f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---",
        f"# {name.split('/')[-1]}",
        f"Made by Hornbook {__version__}, an open implementation of the phi-4 recipe.{_stage(folder)}",
        "\n".join(["| table | rows | a row is |", "| --- | --- | --- |", *rows]),
    ]
    return "\n\n".join([*parts, *_how(folder, seeds_licence)]) + "\n"


def _tables(files: list[Path]) -> dict[str, Path]:
    """Table → file; JSON lines with the name of a Parquet file get another name."""
    stems = [path.stem for path in files if path.suffix == ".parquet"]
    return {
        path.stem if path.suffix == ".parquet" or path.stem not in stems else f"{path.stem}-json": path
        for path in files
    }


def _rows(path: Path) -> int:
    if path.suffix != ".parquet":
        return path.read_bytes().count(b"\n")
    try:
        return int(pq.read_metadata(path).num_rows)
    except Exception as error:  # of several types, depending on the damage
        raise HornbookError(f"{path}: not a readable Parquet file ({one_line(error)})") from None


def _holds(path: Path) -> str:
    return HOLDS.get(path.stem, "a record")


def _stage(folder: Path) -> str:
    stage = _stage_json(folder)
    return f" Stage `{stage['kind']}`, version {stage['version']}, seed {stage['seed']}." if stage else ""


def _how(folder: Path, seeds_licence: str) -> list[str]:
    """Settings, counts and warnings of the stage that made the folder, if known."""
    stage = _stage_json(folder)
    if not stage:
        return []
    settings = yaml.safe_dump(_without_folders(stage["settings"]), sort_keys=False, allow_unicode=True)
    counts = {name.replace("_", " "): amount for name, amount in stage.get("counts", {}).items()}
    counts |= {f"set aside: {reason}": amount for reason, amount in stage.get("rejected", {}).items()}
    lines = [f"- {name}: {amount:,}" for name, amount in counts.items()]
    lines += [f"- warning: {warning}" for warning in stage.get("warnings", [])]
    corpus = about_corpus(stage, seeds_licence)
    return [*corpus, "## Settings", f"```yaml\n{settings}```", *(["## Counts", "\n".join(lines)] if lines else [])]


def _stage_json(folder: Path) -> dict[str, Any]:
    path = folder / "stage.json"
    found: dict[str, Any] = read_json(path) if path.is_file() else {}
    return found if {"kind", "version", "seed", "settings"} <= found.keys() else {}


def _without_folders(value: Any) -> Any:
    """Settings without addresses and headers, and with the names of files but not their folders."""
    if isinstance(value, dict):
        return {key: _without_folders(item) for key, item in value.items() if key not in PRIVATE}
    if isinstance(value, list):
        return [_without_folders(item) for item in value]
    return Path(value).name if isinstance(value, str) and value.startswith(("/", "~")) else value
