"""What the parts of `benchmarks/data.py` share."""

from pathlib import Path

import msgspec

PEER = Path(".venv-peers-data/bin/python")


class Bench(msgspec.Struct):
    """`documents` of the corpus for memory; `folder` is for corpora and outputs."""

    quick: bool
    documents: int
    folder: Path
