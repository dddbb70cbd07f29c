"""Our side of `benchmarks/data_duplicates.py`: the steps of `curate` that concern copies, one process.

    python -m benchmarks.data_duplicates_ours FOLDER THRESHOLD OUT

FOLDER/corpus.parquet is read; OUT gets the ids that are kept.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from hornbook.base.files import read_records, write_batches
from hornbook.base.progress import progress
from hornbook.base.records import Document
from hornbook.data.curation.duplicates import find_twins
from hornbook.data.curation.read_shards import read_shards
from hornbook.data.curation.shard import shard_files
from hornbook.data.curation.sign_documents import load_copies, sign_documents
from hornbook.data.filters.duplicates import BANDS
from hornbook.data.settings import CurateSettings


def main(folder: Path, threshold: float, out: Path) -> None:
    shards = folder / "ours"
    files = []
    for number in read_shards(shards, CurateSettings(), 0, [folder / "corpus.parquet"]):
        files.append(shard_files(shards, number))
        sign_documents(files[-1], read_records(files[-1].input, Document))
    copies, starts, band = load_copies(files)
    with progress("comparing documents", BANDS, "bands") as bar:
        removed = {*find_twins(copies, band, threshold, bar).copies.tolist()}
    ids: list[str] = []

    def kept() -> Iterator[list[Document]]:
        for shard, start in zip(files, starts, strict=False):
            documents = enumerate(read_records(shard.input, Document), start)
            good = [document for number, document in documents if number not in removed]
            ids.extend(document.id for document in good)
            yield good

    write_batches(folder / "ours.parquet", Document, kept(), set())
    out.write_text(json.dumps(ids))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
