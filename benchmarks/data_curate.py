"""Part `curate` of `benchmarks/data.py`: the whole stage on English text, its parts, and its memory.

`--documents` documents of 5 kB go through `hornbook curate` with its default settings; memory is that of all its
processes together. The parts are timed one after the other, each on the same texts in one process.
"""

import shutil
import sys
import time
from collections.abc import Callable

from benchmarks.data_bench import Bench
from benchmarks.data_corpus import write_corpus
from benchmarks.harness import Claim, number, show
from benchmarks.watched_process import run_watched
from hornbook.base.files import read_records, write_records
from hornbook.base.records import Document
from hornbook.data.curation.repeated_lines import line_hashes
from hornbook.data.decontaminate import make_decontaminator
from hornbook.data.document_filters import DocumentFilters
from hornbook.data.filters.clean import clean_text
from hornbook.data.filters.duplicates import exact_key, signatures
from hornbook.data.filters.language import set_languages
from hornbook.data.filters.outliers import Outliers, sample_documents
from hornbook.data.filters.quality import quality
from hornbook.data.settings import CurateSettings

GOAL = 10.0  # MB a CPU-second
LIMIT = 2147.5  # MB: 2 GiB
TIMED = 2_000  # documents


def measure_curate(bench: Bench) -> list[Claim]:
    folder = bench.folder / "curate"
    shutil.rmtree(folder, ignore_errors=True)
    write_corpus(folder, bench.documents, max(1, bench.documents // 2000))
    megabytes = show_parts(bench, read_first(bench)) * bench.documents / TIMED
    out = folder / "out"
    command = [sys.executable, "-m", "hornbook", "curate", str(folder / "corpus.parquet"), "--out", str(out)]
    used = run_watched(command, "curate")
    speed = megabytes / used.cpu
    rows = [[f"{bench.documents:,}", number(megabytes), number(used.cpu), number(used.wall), number(used.megabytes)]]
    show("curate", ["documents", "MB", "CPU seconds", "seconds", "MB held"], rows)
    name = f"memory of curate, {bench.documents:,} documents"
    return [
        Claim("curate", speed, None, "MB/CPU-s", None, None, None, f"{GOAL:g}", speed >= GOAL),
        Claim(name, used.megabytes, None, "MB", None, None, None, "2 GiB", used.megabytes <= LIMIT),
    ]


def read_first(bench: Bench) -> list[Document]:
    """The documents that the parts are timed with."""
    folder = bench.folder / "parts"
    write_corpus(folder, TIMED, 1)
    return read_records(folder / "corpus.parquet", Document)


def show_parts(bench: Bench, documents: list[Document]) -> float:
    """Time the parts and print a table; returns the megabytes of the texts."""
    texts = [document.text for document in documents]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    settings = CurateSettings()
    filters, decontaminator = DocumentFilters(settings), make_decontaminator(settings)
    filters.judge(documents[:10])  # loads its models
    keys = [exact_key(text).hex() for text in texts]
    outliers = Outliers(sample_documents(documents, keys))
    file = bench.folder / "parts" / "again.parquet"
    parts: dict[str, Callable[[], object]] = {
        "write and read Parquet": lambda: (write_records(file, Document, documents), read_records(file, Document)),
        "clean text": lambda: [clean_text(text) for text in texts],
        "all filters of single documents": lambda: filters.judge(documents),
        "of these: language": lambda: set_languages(documents),
        "of these: quality": lambda: [quality(document) for document in documents],
        "exact keys": lambda: [exact_key(text) for text in texts],
        "signatures": lambda: signatures(texts),
        "hashes of lines": lambda: [line_hashes(document) for document in documents],
        "outliers": lambda: [outliers.reason(document) for document in documents],
        "comparison with benchmarks": lambda: decontaminator.verdicts(texts),
    }
    rows = []
    for name, part in parts.items():
        start = time.process_time()
        part()
        seconds = time.process_time() - start
        rows.append([name, number(1000 * seconds / megabytes), number(megabytes / max(seconds, 1e-9))])
    show("parts of curate", ["", "CPU ms a MB", "MB a CPU-second"], rows)
    return megabytes
