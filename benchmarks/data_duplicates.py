"""Part `duplicates` of `benchmarks/data.py`: near-duplicates beside datatrove, on the same file, one process each.

Both read a Parquet file and write one without copies. Planted copies have a known Jaccard similarity over word 5-grams.
Recall is the share of copies of at least 0.85 that are removed; precision is the share of these in what is removed,
copies between 0.7 and 0.85 apart. datatrove runs with its default bands (14 of 8, which suits 0.72), in a
full run also with ours (32 of 4), and does not verify candidates.
"""

import json
import shutil
import sys
from pathlib import Path

from benchmarks.data_bench import PEER, Bench
from benchmarks.data_corpus import LEVELS, Planted, write_corpus
from benchmarks.harness import Claim, number, show
from benchmarks.watched_process import Used, run_watched
from hornbook.base.errors import HornbookError
from hornbook.base.files import read_records
from hornbook.base.records import Document

FASTER = 20.0
THRESHOLD = 0.8
BANDS = {"datatrove 14×8": (14, 8), "datatrove 32×4": (32, 4)}
SURE_COPY, NO_COPY = 0.85, 0.7


def measure_duplicates(bench: Bench) -> list[Claim]:
    if not PEER.exists():
        raise HornbookError(f"no {PEER}: run `make peers`")
    folder = bench.folder / "duplicates"
    shutil.rmtree(folder, ignore_errors=True)
    documents = 6_000 if bench.quick else 40_000
    planted = write_corpus(folder, documents, 40 if bench.quick else 250)
    sides = {"ours": [sys.executable, "-m", "benchmarks.data_duplicates_ours", str(folder), str(THRESHOLD)]}
    for name, (buckets, hashes) in list(BANDS.items())[: 1 if bench.quick else 2]:
        script = Path(__file__).with_name("data_duplicates_peer.py")
        sides[name] = [str(PEER), str(script), str(folder), str(buckets), str(hashes)]
    megabytes = text_megabytes(folder)
    used: dict[str, Used] = {}
    kept: dict[str, set[int]] = {}
    for name, command in sides.items():
        out = folder / "kept.json"
        used[name] = run_watched([*command, str(out)], name)
        kept[name] = {int(one) for one in json.loads(out.read_text())}
        shutil.rmtree(folder / "datatrove", ignore_errors=True)
    show_levels(planted, kept)
    rows = [
        [name, number(megabytes / u.cpu), number(u.megabytes), *map(number, quality(planted, kept[name], documents))]
        for name, u in used.items()
    ]
    title = f"near-duplicates, {documents:,} documents, {megabytes:.0f} MB"
    show(title, ["", "MB a CPU-second", "MB held", "recall", "precision"], rows)
    return claims(megabytes, used, {name: quality(planted, some, documents) for name, some in kept.items()})


def claims(megabytes: float, used: dict[str, Used], qualities: dict[str, tuple[float, float]]) -> list[Claim]:
    peer = next(name for name in used if name != "ours")
    ours, theirs = megabytes / used["ours"].cpu, megabytes / used[peer].cpu
    speed = f"{FASTER:g} times {peer}"
    found = [
        Claim("near-duplicates", ours, theirs, "MB/CPU-s", ours / theirs, None, None, speed, ours >= FASTER * theirs)
    ]
    for place, name in enumerate(("recall", "precision")):
        one, other = qualities["ours"][place], qualities[peer][place]
        goal = f"no less than {peer}"
        found.append(Claim(f"{name} of copies", one, other, "", one / other, None, None, goal, one >= other))
    return found


def quality(planted: list[Planted], kept: set[int], documents: int) -> tuple[float, float]:
    """Recall of sure copies, and their share of what is removed, without those in between."""
    copies = [pair for pair in planted if pair.similarity >= SURE_COPY]
    found = sum(removed(pair, kept) for pair in copies)
    others = [pair for pair in planted if pair.similarity <= NO_COPY]
    apart = {pair.copy for pair in planted} | {pair.original for pair in planted}
    wrong = sum(removed(pair, kept) for pair in others)
    wrong += sum(one not in kept for one in range(documents) if one not in apart)
    return found / len(copies), found / max(1, found + wrong)


def removed(pair: Planted, kept: set[int]) -> bool:
    """Whether one of the two is gone."""
    return pair.copy not in kept or pair.original not in kept


def show_levels(planted: list[Planted], kept: dict[str, set[int]]) -> None:
    rows = []
    for level in LEVELS:
        pairs = [pair for pair in planted if abs(pair.similarity - level) < 0.02]
        shares = [sum(removed(pair, some) for pair in pairs) / max(1, len(pairs)) for some in kept.values()]
        rows.append([f"{level:g}", str(len(pairs)), *map(number, shares)])
    show("share of planted pairs of which one is removed", ["similarity", "pairs", *kept], rows)


def text_megabytes(folder: Path) -> float:
    return sum(len(document.text.encode()) for document in read_records(folder / "corpus.parquet", Document)) / 1e6
