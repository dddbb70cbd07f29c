"""Find benchmark items in texts by the hybrid n-gram rule of the report (appendix B, algorithm 1)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.data.benchmarks import BenchmarkItem, load_benchmark
from hornbook.data.ngram_index import NgramIndex
from hornbook.data.ngrams import Grams, Hashes, Indices, batches, hash_ngrams, hash_words, unique_per_text
from hornbook.data.record_files import find_record_files, read_record_file, write_kept
from hornbook.data.settings import DecontaminateSettings

LONG, SHORT = 13, 7
CLEAN, PARTIAL, CONTAMINATED = "clean", "partial", "contaminated"


class ContaminationVerdict(msgspec.Struct, frozen=True):
    """The label of a text, and the benchmark item that decided it (none for a clean text).

    `rule` is "13-gram" or "7-gram"; `ratio` is the largest share of 7-grams in common with any item.
    """

    label: str
    benchmark: str = ""
    item: str = ""
    ratio: float = 0.0
    rule: str = ""

    def reason(self) -> str:
        """Why a record is set aside."""
        return f"{self.label}: {self.item} by {self.rule}, ratio {self.ratio:.2f}"


class Decontaminator:
    """Compares texts with the n-grams of benchmark items.

    A text that shares a 13-gram with an item (except allow-listed ones) is contaminated. Otherwise the largest ratio
    over all items, 7-grams in common ÷ the smaller number of 7-grams of the two, decides: clean up to `info`,
    contaminated from `contamination`, partial in between. The report gives no thresholds; the defaults are ours.
    """

    def __init__(
        self,
        items: Sequence[BenchmarkItem],
        *,
        info: float = 0.2,
        contamination: float = 0.5,
        boilerplate: int = 50,
    ) -> None:
        """`boilerplate`: a 13-gram in at least so many items is part of the benchmark's form, and allowed; 0: off."""
        self.items = list(items)
        self.thresholds = info, contamination
        texts = [item.text for item in self.items]
        self._long = NgramIndex(_all_grams(texts, LONG), len(texts))
        self._short = NgramIndex(_all_grams(texts, SHORT), len(texts))
        if boilerplate:
            self._long.remove(self._long.common(boilerplate))

    @classmethod
    def from_benchmarks(
        cls,
        names: Sequence[str],
        *,
        info: float = 0.2,
        contamination: float = 0.5,
        boilerplate: int = 50,
        allow: Path | None = None,
    ) -> "Decontaminator":
        """Built from the named benchmarks; the 13-grams of the text file `allow` are put on the allow-list.

        Raises HornbookError for an unknown benchmark, a missing package or a missing file.
        """
        items = [item for name in names for item in load_benchmark(name)]
        made = cls(items, info=info, contamination=contamination, boilerplate=boilerplate)
        if allow:
            made.allow([_read_allowed(allow)])
        return made

    def allow(self, texts: Sequence[str]) -> None:
        """Put every 13-gram of the texts on the allow-list."""
        self._long.remove(_all_grams(texts, LONG).hashes)

    def allow_common(self, parts: Iterable[Sequence[str]], documents: int) -> int:
        """Put 13-grams that occur in at least `documents` texts on the allow-list; returns their number."""
        found: list[Hashes] = []
        for texts in parts:
            for start, end in batches(texts):
                grams = hash_ngrams(hash_words(texts[start:end]), LONG)
                known = self._long.known(grams.hashes)
                found.append(unique_per_text(Grams(grams.hashes[known], grams.texts[known])).hashes)
        hashes, counts = np.unique(np.concatenate(found or [np.empty(0, np.uint64)]), return_counts=True)
        common = hashes[counts >= documents]
        self._long.remove(common)
        return len(common)

    def verdict(self, text: str) -> ContaminationVerdict:
        return self.verdicts([text])[0]

    def verdicts(self, texts: Sequence[str]) -> list[ContaminationVerdict]:
        """One verdict per text; it does not depend on the other texts."""
        return [v for start, end in batches(texts) for v in self._batch(texts[start:end])]

    def _batch(self, texts: Sequence[str]) -> list[ContaminationVerdict]:
        found = hash_words(texts)
        long_item = self._first_long_match(hash_ngrams(found, LONG))
        best = self._best_short_match(hash_ngrams(found, SHORT))
        info, contamination = self.thresholds
        verdicts = []
        for number in range(len(texts)):
            ratio, item = best.get(number, (0.0, -1))
            if number in long_item:
                verdicts.append(self._verdict(CONTAMINATED, long_item[number], ratio, "13-gram"))
            elif ratio <= info:
                verdicts.append(ContaminationVerdict(CLEAN, ratio=ratio))
            else:
                label = CONTAMINATED if ratio >= contamination else PARTIAL
                verdicts.append(self._verdict(label, item, ratio, "7-gram"))
        return verdicts

    def _verdict(self, label: str, item: int, ratio: float, rule: str) -> ContaminationVerdict:
        return ContaminationVerdict(label, self.items[item].benchmark, self.items[item].id, ratio, rule)

    def _first_long_match(self, grams: Grams) -> dict[int, int]:
        """Text → the first item that contains the text's first known 13-gram."""
        known = self._long.known(grams.hashes)
        texts, first = np.unique(grams.texts[known], return_index=True)
        places, items = self._long.items(grams.hashes[known[first]])
        _, lowest = np.unique(places, return_index=True)
        return dict(zip(texts.tolist(), items[lowest].tolist(), strict=True))

    def _best_short_match(self, grams: Grams) -> dict[int, tuple[float, int]]:
        """Text → its largest ratio, and the first item that has it."""
        known = self._short.known(grams.hashes)
        shared = unique_per_text(Grams(grams.hashes[known], grams.texts[known]))
        places, items = self._short.items(shared.hashes)
        pairs, counts = np.unique(shared.texts[places] * len(self.items) + items, return_counts=True)
        texts_P, items_P = np.divmod(pairs, max(1, len(self.items)))
        smaller_P = np.minimum(_sizes(grams, texts_P), self._short.sizes_I[items_P])
        ratios_P = counts / smaller_P
        order = np.lexsort((items_P, -ratios_P, texts_P))
        texts, first = np.unique(texts_P[order], return_index=True)
        best = order[first]
        return dict(zip(texts.tolist(), zip(ratios_P[best].tolist(), items_P[best].tolist(), strict=True), strict=True))


def _sizes(grams: Grams, texts_P: Indices) -> Indices:
    """The number of distinct n-grams of each requested text (only those are sorted)."""
    asked = np.unique(texts_P)
    mine = np.isin(grams.texts, asked)
    sizes = np.bincount(unique_per_text(Grams(grams.hashes[mine], grams.texts[mine])).texts, minlength=1)
    return sizes[texts_P]


def _all_grams(texts: Sequence[str], n: int) -> Grams:
    parts = [(start, hash_ngrams(hash_words(texts[start:end]), n)) for start, end in batches(texts)]
    return Grams(
        np.concatenate([np.empty(0, np.uint64), *(part.hashes for _, part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.texts + start for start, part in parts)]),
    )


def _read_allowed(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise HornbookError(f"{path}: not a readable UTF-8 text file (allow-list)") from None


def open_decontaminator(settings: DecontaminateSettings, parts: Iterable[Sequence[str]]) -> Decontaminator:
    """A Decontaminator by the settings, with an allow-list of what is common in the corpus itself, given in parts."""
    made = Decontaminator.from_benchmarks(
        settings.benchmarks,
        info=settings.info_threshold,
        contamination=settings.contamination_threshold,
        boilerplate=settings.boilerplate,
        allow=Path(settings.allow_file) if settings.allow_file else None,
    )
    if settings.allow_common:
        made.allow_common(parts, settings.allow_common)
    return made


def count_verdicts(verdicts: Iterable[ContaminationVerdict]) -> dict[str, dict[str, int]]:
    """Benchmark → numbers of contaminated and of partial texts, for the report."""
    table: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        if verdict.benchmark:
            row = table.setdefault(verdict.benchmark, {CONTAMINATED: 0, PARTIAL: 0})
            row[verdict.label] += 1
    return dict(sorted(table.items()))


def decontaminate(settings: DecontaminateSettings, work: Workspace, *, records: Sequence[Path]) -> None:
    """Write each file of records (documents, samples, questions, or any JSONL with text) without contaminated ones.

    The files keep their names and formats. Each dropped record is set aside with the benchmark item that it matches.
    Raises HornbookError for missing or unreadable files and unknown benchmarks.
    """
    if not settings.benchmarks:
        raise HornbookError("decontaminate: no benchmarks are named to compare with")
    files = [read_record_file(path, work.reject) for path in find_record_files(records)]
    texts = [text for file in files for text in file.texts]
    if not texts:
        raise HornbookError(f"decontaminate: nothing to compare in the files given{work.first_set_aside()}")
    names = [name for file in files for name in file.names]
    with work.progress("comparing with benchmarks", 2) as bar:
        decontaminator = open_decontaminator(settings, [texts])
        bar.advance()
        verdicts = decontaminator.verdicts(texts)
        bar.advance()
    unwanted = unwanted_labels(settings)
    for name, verdict in zip(names, verdicts, strict=True):
        if verdict.label in unwanted:
            work.reject(name, verdict.reason())
    keep = [verdict.label not in unwanted for verdict in verdicts]
    start = 0
    for file in files:
        write_kept(file, keep[start : start + len(file.texts)], work.path)
        start += len(file.texts)
    work.count(records_in=len(texts) + sum(work.rejected.values()) - keep.count(False), records_out=keep.count(True))
    work.note("contamination", count_verdicts(verdicts))


def unwanted_labels(settings: DecontaminateSettings) -> set[str]:
    return {CONTAMINATED, PARTIAL} if settings.drop_partial else {CONTAMINATED}
