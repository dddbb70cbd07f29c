"""A user's paths → the files to read: files, folders, patterns such as `data/*.jsonl`, data sets of a hub."""

import glob
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hornbook.base.errors import HornbookError
from hornbook.base.files import FILE_NAMES
from hornbook.data.readers.formats import COMPRESSED_SUFFIXES, inner_suffix, looks_readable, shown

HUB = "hub:"
RECORD_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".arrow")
# files of a data set or a stage that contain no records
NO_RECORDS = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "stage.json", "book.json"}
NO_RECORDS |= {
    "rejects.jsonl",
    "verdicts.jsonl",
    "contaminated.jsonl",
    "config.json",
    "summary.json",
    "timings.jsonl",
    "journal.jsonl",
    "croissant.json",
}


class Source(NamedTuple):
    """A file, and its name in records: its path below the folder that the user named; or `hub:...`.

    `root` is that folder; for a file that is named itself, the folder that it is in.
    """

    path: Path
    name: str
    root: Path = Path()

    @property
    def hub(self) -> str:
        """The data set's name with config and split if the source is on a hub; else ""."""
        text = str(self.path)
        return text.removeprefix(HUB) if text.startswith(HUB) else ""


def find_sources(
    paths: Sequence[Path | str], record: str, suffixes: Collection[str] | None = RECORD_SUFFIXES
) -> list[Source]:
    """The files to read, in the order of the paths; files of folders and patterns are sorted.

    `record` is the name of the record type (Document, Sample, Question, Pair): of a stage's output folder, only the
    file of these is read. `suffixes` are those of the files to take from a folder; None: all but hidden ones. Raises
    HornbookError for a path that does not exist, and for a folder or pattern without files.
    """
    return [source for path in paths for source in _sources(path, record, suffixes)]


def _sources(given: Path | str, record: str, suffixes: Collection[str] | None) -> list[Source]:
    if str(given).startswith(HUB):
        return [Source(Path(given), str(given))]
    path = Path(given).expanduser()
    if path.is_file():
        if suffixes is not None and inner_suffix(path) not in suffixes and not looks_readable(path):
            raise HornbookError(f"{shown(path)}: cannot be read; expected {_expected(suffixes)}")
        return [Source(path, shown(path.name), path.parent)]
    if path.is_dir():
        return _in_folder(path, record, suffixes)
    found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))] if glob.has_magic(str(path)) else []
    if found:
        return [Source(name, shown(name), name.parent) for name in found if name.is_file()]
    raise HornbookError(f"{shown(path)}: no such file or folder; expected {_expected(suffixes)}, or {HUB}NAME")


def _in_folder(folder: Path, record: str, suffixes: Collection[str] | None) -> list[Source]:
    own = folder / FILE_NAMES[record]
    if own.exists():
        return [Source(own, own.name)]
    if (folder / "stage.json").exists():
        made = [name for name in FILE_NAMES.values() if (folder / name).exists()]
        raise HornbookError(
            f"{shown(own)}: no such file; the stage that wrote this folder made {', '.join(made) or '-'}"
        )
    files = sorted(file for file in _files_below(folder) if _is_wanted(file, suffixes))
    if not files:
        raise HornbookError(f"{shown(folder)}: no files to read in this folder; expected {_expected(suffixes)}")
    return [Source(file, shown(Path(folder.name) / file.relative_to(folder)), folder) for file in files]


def _files_below(folder: Path) -> Iterator[Path]:
    """All that is not a folder, without what is hidden, compiled Python, and the unfinished output of a stage.

    Links to folders are given, and not followed: they may lead in a circle.
    """
    for here, folders, names in os.walk(folder):
        if ".key" in names and "stage.json" not in names:  # the stage that is just reading may write into this folder
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]
        yield from (Path(here, name) for name in (*names, *links) if not name.startswith("."))


def _is_wanted(file: Path, suffixes: Collection[str] | None) -> bool:
    if file.name in NO_RECORDS:
        return False
    return suffixes is None or (inner_suffix(file) in suffixes and file.is_file())


def _expected(suffixes: Collection[str] | None) -> str:
    if suffixes is None:
        return "documents, source code, archives or records"
    return f"{', '.join(sorted(suffixes))} (also {', '.join(sorted(COMPRESSED_SUFFIXES))})"
