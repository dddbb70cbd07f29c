"""Decontamination on planted benchmark items and on clean text, beside datatrove's (report B).

Parts of `python -m benchmarks.data`:

- planted: items of every installed benchmark, as benchmarks/data_plants.py writes them; the share called contaminated.
  Items of less than seven words are counted apart. GPQA and AIME are among them; nothing of their text is written, so
  datatrove, which reads files, gets the report's others. Its index has the planted items alone, and it gets no embedded
  ones, for both would take it hours;
- clean: Wikipedia introductions and the docstrings and source of installed packages; the share called contaminated;
- common: 40 questions of GSM8K, each in 21 documents of a corpus of 840, all of which must be found;
- speed: megabytes of Wikipedia introductions in a second of processor time, against all benchmarks at once.
"""

import json
import subprocess
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from random import Random

from benchmarks.data_bench import PEER, Bench
from benchmarks.data_plants import PLANTS, long_enough
from benchmarks.harness import Claim, number, show
from hornbook.base.errors import HornbookError
from hornbook.data.benchmark_sets import installed_sets, load_sets
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.decontaminate import open_decontaminator
from hornbook.data.decontaminator import CONTAMINATED, PARTIAL, Decontaminator
from hornbook.data.settings import APPENDIX_B, DecontaminateSettings
from hornbook.data.sources.packages import PackageLimits, package_documents
from hornbook.data.sources.wikipedia import wikipedia_documents

PACKAGES = ("stdlib", "numpy", "pyarrow", "pydantic", "click", "jinja2")
FALSE_ALARMS, FAST = 0.001, 30.0  # share of clean texts; megabytes a CPU-second
COPIES = 21  # documents for each common question
PEER_CLEAN = 1000  # clean texts for datatrove
REPORT, GROUPS = {*APPENDIX_B, "gpqa"}, ("the report's benchmarks", "other benchmarks")
FIRST, SPEED = next(iter(PLANTS)), "speed"
ROUNDS = 5  # of which the fastest counts


def measure_decontaminate(bench: Bench) -> list[Claim]:
    """All parts, in one run of the peer."""
    folder = bench.folder / "decontaminate"
    folder.mkdir(parents=True, exist_ok=True)
    planted = plant(30 if bench.quick else 200)
    clean = {"wikipedia": wikipedia(), "code and docs": code()}
    peer = run_peer(folder, planted)
    return [*planted_claims(planted, peer), *clean_claims(clean), common_claim(), speed_claim(peer)]


Planted = dict[tuple[str, str], tuple[list[BenchmarkItem], list[str]]]  # (benchmark, kind) → items, texts


def plant(most: int) -> Planted:
    """`most` items of each benchmark, in all kinds."""
    draw, planted = Random(7), Planted()
    for name in installed_sets():
        items = [item for item in load_sets(name) if long_enough(item)]
        items = draw.sample(items, min(most, len(items)))
        for kind, (write, _) in PLANTS.items():
            planted[name, kind] = items, [write(item, draw, wikipedia()) for item in items]
    return planted


def planted_claims(planted: Planted, peer: dict[str, list[bool]]) -> list[Claim]:
    made = against_all()
    shares: dict[tuple[str, str], float] = {}
    totals: dict[tuple[str, str], list[bool]] = {}
    for (name, kind), (_, texts) in planted.items():
        found = [verdict.label == CONTAMINATED for verdict in made.verdicts(texts)]
        shares[name, kind] = sum(found) / len(found)
        group = GROUPS[name not in REPORT]
        totals[group, kind] = totals.get((group, kind), []) + found
    names = sorted({name for name, _ in planted})
    rows = [
        [name, str(made.too_short.get(name, 0)), *(number(shares[name, kind]) for kind in PLANTS)] for name in names
    ]
    show("Share of planted items found", ["", "too short", *PLANTS], rows)
    claims = []
    for (group, kind), found in sorted(totals.items()):
        theirs = peer.get(kind) if group == GROUPS[0] else None
        share = sum(theirs) / len(theirs) if theirs else None
        claims.append(claim(f"{group}, {kind}", sum(found) / len(found), share, PLANTS[kind][1]))
    return claims


def clean_claims(clean: dict[str, list[str]]) -> list[Claim]:
    made, claims = against_all(), []
    for name, texts in clean.items():
        labels = [verdict.label for verdict in made.verdicts(texts)]
        ours = labels.count(CONTAMINATED) / len(texts)
        show(f"Clean: {name}", ["texts", "partial"], [[str(len(texts)), str(labels.count(PARTIAL))]])
        text = f"at most {FALSE_ALARMS:.1%}"
        claims.append(Claim(f"false alarms: {name}", ours, None, "share", None, None, None, text, ours < FALSE_ALARMS))
    return claims


def common_claim() -> Claim:
    """Documents that a share of the corpus must not allow."""
    draw = Random(1)
    questions = [item.question for item in draw.sample(load_sets("gsm8k"), 40)]
    texts = [f"{draw.choice(wikipedia())}\n\n{question}" for question in questions for _ in range(COPIES)]
    made = open_decontaminator(DecontaminateSettings(against=["gsm8k"]), [texts])
    found = sum(verdict.label == CONTAMINATED for verdict in made.verdicts(texts))
    return claim(f"common questions: {len(texts)} documents", found / len(texts), None, 1.0)


def speed_claim(peer: dict[str, list[bool]]) -> Claim:
    made, texts = against_all(), wikipedia()
    rates = []
    for _ in range(ROUNDS):
        start = time.process_time()
        made.verdicts(texts)
        rates.append(megabytes(texts) / (time.process_time() - start))
    theirs = peer.get(SPEED)
    rate = megabytes(texts[:PEER_CLEAN]) / float(theirs[0]) if theirs else None
    ours = max(rates)
    ratio = ours / rate if rate else None
    return Claim("speed", ours, rate, "MB/CPU-s", ratio, min(rates), ours, f"at least {FAST:.0f}", ours >= FAST)


def claim(name: str, ours: float, peer: float | None, goal: float) -> Claim:
    ratio = ours / peer if peer else None
    return Claim(name, ours, peer, "share", ratio, None, None, f"at least {goal:.0%}", ours >= goal)


@lru_cache(maxsize=1)
def against_all() -> Decontaminator:
    start = time.process_time()
    made = Decontaminator(load_sets("all"))
    seconds = time.process_time() - start
    show("Index of all benchmarks", ["items", "CPU-seconds"], [[str(len(made.items)), number(seconds)]])
    return made


@lru_cache(maxsize=1)
def wikipedia() -> list[str]:
    return [document.text for document in wikipedia_documents("en")]


def code() -> list[str]:
    limits = PackageLimits(2_000_000, 200, 200_000, 4_000)
    return [document.text for package in PACKAGES for document in package_documents(package, limits, 0)]


def megabytes(texts: Sequence[str]) -> float:
    return sum(len(text.encode()) for text in texts) / 1e6


def run_peer(folder: Path, planted: Planted) -> dict[str, list[bool]]:
    """What datatrove found of each kind; under SPEED its seconds for clean texts. Empty if it is not installed."""
    if not PEER.exists():
        return {}
    items = [
        item for (name, kind), (drawn, _) in planted.items() if name in APPENDIX_B and kind == FIRST for item in drawn
    ]
    write(folder / "items.jsonl", [{"query": item.question, "text": right_answer(item)} for item in items])
    texts = {SPEED: wikipedia()[:PEER_CLEAN]}
    for (name, kind), (_, written) in planted.items():
        if name in APPENDIX_B and not kind.endswith("embedded"):
            texts[kind] = texts.get(kind, []) + written
    for name, these in texts.items():
        write(folder / f"{name}.jsonl", [{"text": text} for text in these])
    done = subprocess.run(
        [str(PEER), str(Path(__file__).with_name("data_decontaminate_peer.py")), str(folder)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise HornbookError(f"datatrove: {' '.join(done.stderr[-300:].split())}")
    results = {name: json.loads((folder / f"{name}.json").read_text()) for name in texts}
    return {name: result["found"] for name, result in results.items()} | {SPEED: [results[SPEED]["seconds"]]}


def right_answer(item: BenchmarkItem) -> str:
    return item.choices[item.answer_index] if item.choices else item.answer


def write(file: Path, rows: Sequence[dict[str, str]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
