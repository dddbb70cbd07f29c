"""datatrove's side of `benchmarks/data_duplicates.py`: its four steps of MinHash, one process, its default settings.

    python data_duplicates_peer.py FOLDER BUCKETS HASHES OUT

FOLDER/corpus.parquet is read; OUT gets the ids that are kept.
"""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers.parquet import ParquetWriter
from datatrove.utils.hashing import HashConfig


def main(folder: Path, buckets: int, hashes: int, out: Path) -> None:
    config = MinhashConfig(num_buckets=buckets, hashes_per_bucket=hashes, hash_config=HashConfig(precision=64))
    work = folder / "datatrove"
    reader = ParquetReader(str(folder), glob_pattern="corpus.parquet")
    steps = [
        [reader, MinhashDedupSignature(str(work / "signatures"), config)],
        [MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"), config=config)],
        [MinhashDedupCluster(str(work / "buckets"), str(work / "removed"), config=config)],
        [reader, MinhashDedupFilter(str(work / "removed")), ParquetWriter(str(work / "kept"))],
    ]
    for number, pipeline in enumerate(steps):
        tasks = buckets if number == 1 else 1
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(work / f"logs{number}")).run()
    ids = [name for file in sorted((work / "kept").glob("*.parquet")) for name in pq.read_table(file)["id"].to_pylist()]
    out.write_text(json.dumps(ids))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
