"""datatrove's side of `benchmarks/data_decontaminate.py`: its n-gram decontamination, one process, default settings but
that the 12-grams of questions are in the index too.

    python data_decontaminate_peer.py FOLDER

Reads items.jsonl (query, text) and, for each NAME.jsonl of texts (text) besides, writes NAME.json: {"found": a list of
booleans, "seconds": processor time without reading}.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer

ITEMS = "items.jsonl"


def main(folder: Path) -> None:
    config = NGramsDecontConfig(find_query_ngrams=True)
    (folder / "index").mkdir(exist_ok=True)
    indexer = object.__new__(NGramsDecontIndexer)  # without its check for lighteval, which would download the items
    indexer.__init__(str(folder / "index"), config=config)
    hashes = {value for row in rows(folder / ITEMS) for value in indexer.compute_hashes(row["text"], row["query"])}
    np.array(list(hashes), dtype=config.hash_config.np_descr).tofile(folder / "index" / "items.index.hashes")
    searched = NGramsDecontFilter(str(folder / "index"), config=config)
    searched.load_index_hashes()
    for file in sorted(folder.glob("*.jsonl")):
        if file.name != ITEMS:
            texts = [row["text"] for row in rows(file)]
            start = time.process_time()
            found = [searched.filter(Document(text=text, id="")) is not True for text in texts]
            result = {"found": found, "seconds": time.process_time() - start}
            file.with_suffix(".json").write_text(json.dumps(result))


def rows(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
