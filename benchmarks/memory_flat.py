"""A corpus of tokens ten times the memory allowed: mixed, packed and read, all of it, under a hard limit.

    python -m benchmarks.memory_flat [--gigabytes 2] [--megabytes 200] --json FILE

Random tokens in documents of log-normal length (mean about 500 tokens) are written in chunks. A process that may not
take more than so many megabytes beyond what its imports took (RLIMIT_DATA, which the kernel enforces) then plans an
epoch of them and reads every row. What it held is sampled all the while (RssAnon: what cannot be given back to files).
"""

import argparse
import multiprocessing
import resource
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Claim, show, show_claims, write_claims
from hornbook.base.files import write_json
from hornbook.base.rng import rng
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows
from hornbook.mixture.settings import MixtureSettings
from hornbook.mixture.stage import write_rows
from hornbook.mixture.tokenize import token_file

VOCABULARY, CONTEXT, BATCH = 50_000, 4096, 16
SHARES = {"web": 0.4, "synthetic": 0.4, "code": 0.2}
DOCUMENTS_AT_ONCE = 4096
MB = 10**6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--mean", type=int, default=500, help="tokens a document")
    parser.add_argument("--quick", action="store_true", help="a tenth of the corpus")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    size = options.gigabytes / (10 if options.quick else 1)
    found = [measure(size * share, options.megabytes, options.mean) for share in (0.1, 1.0)]
    columns = ["corpus", "documents", "packing", "reading", "held: packing", "reading", "padding", "tokens/s read"]
    show("Memory beyond the imports, under a limit", columns, [_row(figures) for figures in found])
    small, large = (max(figures["packing_mb"], figures["reading_mb"]) for figures in found)
    ratio = found[1]["corpus_mb"] / large
    goal = "a corpus 10 times the memory held"
    claims = [Claim("memory held", large, small, "MB", ratio, None, None, goal, ratio >= 10)]
    show_claims(claims)
    write_claims(options.json, claims)


def measure(gigabytes: float, megabytes: int, mean: int) -> dict[str, Any]:
    """Write a corpus, use it in a process of its own under the limit, and say what that took.

    Raises RuntimeError when the process fails, as it does where it would need more.
    """
    folder = Path(tempfile.mkdtemp(prefix="memory-flat-"))
    try:
        documents = write_corpus(folder / "tokens", int(gigabytes * 1e9 / 2), mean)
        context = multiprocessing.get_context("spawn")
        receive, send = context.Pipe(duplex=False)
        process = context.Process(target=use, args=(folder, int(gigabytes * 1e9 / 2), megabytes, send))
        process.start()
        send.close()
        try:
            figures = receive.recv()
        except EOFError:
            raise RuntimeError(f"{gigabytes:g} GB of tokens cannot be used within {megabytes} MB") from None
        process.join()
        return {"corpus_mb": gigabytes * 1e9 / MB, "documents": documents, **figures}
    finally:
        shutil.rmtree(folder)


def write_corpus(folder: Path, tokens: int, mean: int) -> int:
    """Write the token files of each source; returns the number of documents."""
    documents = 0
    for source, share in SHARES.items():
        random, left = rng(0, "memory flat", source), int(tokens * share)
        with token_file(folder, source) as file:
            while left > 0:
                lengths = np.maximum(2, random.lognormal(np.log(mean) - 0.5, 1.0, DOCUMENTS_AT_ONCE)).astype(np.int64)
                made = random.integers(0, VOCABULARY, lengths.sum(), np.uint16)
                ids = [f"{source}-{documents + number}" for number in range(len(lengths))]
                file.add(ids, np.split(made, np.cumsum(lengths)[:-1]))
                documents += len(lengths)
                left -= len(made)
    return documents


def use(folder: Path, tokens: int, megabytes: int, send: Any) -> None:
    """Mix and read the corpus, taking at most so much more memory than now; send what it took."""
    start_mb = held_mb()
    limit = int(_status("VmData") * 1024 + megabytes * MB)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    settings = MixtureSettings(tokens=tokens, context=CONTEXT, shares=SHARES, validation_share=0.001)
    with Sampled() as packing:
        rows, filled, table = write_rows(settings, sorted(SHARES), Workspace(folder, seed=1))
    about = {"context": CONTEXT, "vocab_size": VOCABULARY, "pad_id": 0, "dtype": "<u2", "token_files": sorted(SHARES)}
    write_json(folder / "mixture.json", {**about, "sources": table})
    reader, seen = Rows.open(folder), 0
    with Sampled() as reading:
        for start in range(0, rows, BATCH):
            seen += int((reader.batch(range(start, min(start + BATCH, rows))).documents_BT >= 0).sum())
    assert seen == filled
    send.send(
        {
            "packing_seconds": packing.seconds,
            "reading_seconds": reading.seconds,
            "packing_mb": packing.most - start_mb,
            "reading_mb": reading.most - start_mb,
            "padding": 1 - filled / (rows * CONTEXT),
            "tokens_per_second": seen / reading.seconds,
        }
    )


class Sampled:
    """Watches this process for the time of a block: `most` megabytes held, `seconds` taken."""

    def __enter__(self) -> "Sampled":
        self.most, self._done, self._start = held_mb(), threading.Event(), time.perf_counter()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.most = max(self.most, held_mb())


def held_mb() -> float:
    """Anonymous memory of this process."""
    return _status("RssAnon") * 1024 / MB


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _row(figures: dict[str, Any]) -> list[str]:
    return [
        f"{figures['corpus_mb']:,.0f} MB",
        f"{figures['documents']:,}",
        f"{figures['packing_seconds']:.1f} s",
        f"{figures['reading_seconds']:.1f} s",
        f"{figures['packing_mb']:.0f} MB",
        f"{figures['reading_mb']:.0f} MB",
        f"{figures['padding']:.2%}",
        f"{figures['tokens_per_second']:,.0f}",
    ]


if __name__ == "__main__":
    main()
