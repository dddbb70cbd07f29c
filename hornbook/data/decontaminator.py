"""Find benchmark items in texts by the hybrid n-gram rule of the report (appendix B, algorithm 1)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from hornbook.base.files import write_json
from hornbook.data.benchmark_forms import LONG, SHORT
from hornbook.data.benchmarks import BenchmarkItem
from hornbook.data.common_grams import CommonGrams
from hornbook.data.form_grams import covered_grams, form_grams
from hornbook.data.ngram_index import NgramIndex
from hornbook.data.ngrams import (
    Grams,
    Hashes,
    Indices,
    batches,
    hash_ngrams,
    hash_words,
    pair_keys,
    unique_per_text,
    windows,
    windows_at,
    within_text,
    word_ranges,
)

CLEAN, PARTIAL, CONTAMINATED = "clean", "partial", "contaminated"


class ContaminationVerdict(msgspec.Struct, frozen=True):
    """The label of a text, and the benchmark item that decided it (none for a clean text).

    `rule` is "13-gram" or "7-gram"; `ratio` is the largest share of 7-grams in common with any item; `spans` are the
    ranges of characters of the text, (start, end), that the item has too.
    """

    label: str
    benchmark: str = ""
    item: str = ""
    ratio: float = 0.0
    rule: str = ""
    spans: list[tuple[int, int]] = []

    def reason(self) -> str:
        """Why a record is set aside."""
        return f"{self.label}: {self.item} by {self.rule}, ratio {self.ratio:.2f}"


class _State(msgspec.Struct):
    """What a saved decontaminator is besides its tables; `names` are the items' ids and benchmarks."""

    names: list[tuple[str, str]]
    too_short: dict[str, int]
    info: float
    contamination: float


class Decontaminator:
    """Compares texts with the n-grams of benchmark items, each in all the forms in which it is written.

    A text that shares a 13-gram with an item (except allow-listed ones) is contaminated. Otherwise the largest ratio
    decides: clean up to `info`, contaminated from `contamination`, partial in between. The ratio of a text and a form
    is 7-grams in common ÷ the smaller number of 7-grams of the two; an item's is that of its best form. A form of less
    than 13 words must be there whole to contaminate: half of it may be "is the capital of the state of". The report
    gives no thresholds; the defaults are ours.

    Attributes:
        too_short: benchmark → number of its items of less than seven words, which nothing can match.
    """

    def __init__(
        self,
        items: Sequence[BenchmarkItem],
        *,
        info: float = 0.2,
        contamination: float = 0.5,
        boilerplate: int = 50,
    ) -> None:
        """`boilerplate`: an n-gram in at least so many items is part of the benchmark's form, not of its content, and
        allowed; 0: none is."""
        self.items = list(items)
        self._info, self._contamination = info, contamination
        self._item_F, self._size_F, short, long = form_grams(self.items)
        self._short = NgramIndex(short)
        del short  # one index is large enough
        self._long = NgramIndex(long)
        size_I = np.bincount(self._item_F, weights=self._size_F, minlength=len(self.items))
        too_short = Counter(self.items[number].benchmark for number in np.flatnonzero(size_I == 0).tolist())
        self.too_short = dict(sorted(too_short.items()))
        if boilerplate:
            self.allow(self._long.common(boilerplate))
            self._forget_boilerplate(boilerplate)

    def save(self, folder: Path) -> None:
        """Write what `load` needs in other processes; making it takes many seconds."""
        self._short.save(folder / "short")
        self._long.save(folder / "long")
        np.savez(folder / "forms.npz", item_F=self._item_F, size_F=self._size_F)
        names = [(item.id, item.benchmark) for item in self.items]
        write_json(folder / "state.json", _State(names, self.too_short, self._info, self._contamination))

    @classmethod
    def load(cls, folder: Path) -> "Decontaminator":
        """One that was saved, for verdicts and counts. Its items have no text, so nothing more can be allowed."""
        state = msgspec.json.decode((folder / "state.json").read_bytes(), type=_State)
        made = cls.__new__(cls)
        made.items = [BenchmarkItem(id=name, benchmark=of, split="", question="") for name, of in state.names]
        made.too_short, made._info, made._contamination = state.too_short, state.info, state.contamination
        with np.load(folder / "forms.npz") as forms:
            made._item_F, made._size_F = forms["item_F"], forms["size_F"]
        made._short, made._long = NgramIndex.load(folder / "short"), NgramIndex.load(folder / "long")
        return made

    def allow(self, hashes: Hashes) -> None:
        """Put these 13-grams on the allow-list (`CommonGrams.common` gives those of a corpus).

        An item keeps them where they would cover all of one of its forms: however often its question stands in a
        corpus, it is still found.
        """
        _, allowed = self._long.pairs(np.unique(hashes))
        pairs = Grams(self._long.hashes_P[allowed], self._long.owners_P[allowed].astype(np.int64))
        touched = np.unique(pairs.texts)
        covered = covered_grams([self.items[number] for number in touched.tolist()], hashes)
        kept = pair_keys(Grams(covered.hashes, touched[covered.texts]))
        self._long.remove(allowed[~np.isin(pair_keys(pairs), kept)])

    def allow_texts(self, texts: Sequence[str]) -> None:
        """Put every 13-gram of the texts on the allow-list."""
        for start, end in batches(texts):
            self.allow(hash_ngrams(hash_words(texts[start:end]), LONG).hashes)

    def count_common(self, texts: Sequence[str]) -> CommonGrams:
        """In how many of these documents each 13-gram of the benchmarks is found; parts of a corpus can be merged."""
        counts = CommonGrams()
        for start, end in batches(texts):
            grams = hash_ngrams(hash_words(texts[start:end]), LONG)
            known = self._long.known(grams.hashes)
            counts.add(unique_per_text(Grams(grams.hashes[known], grams.texts[known])).hashes, end - start)
        return counts

    def verdict(self, text: str) -> ContaminationVerdict:
        return self.verdicts([text])[0]

    def verdicts(self, texts: Sequence[str]) -> list[ContaminationVerdict]:
        """One verdict per text; it does not depend on the other texts."""
        return [v for start, end in batches(texts) for v in self._batch(texts[start:end])]

    def _batch(self, texts: Sequence[str]) -> list[ContaminationVerdict]:
        words = hash_words(texts)
        short = windows(words.hashes, SHORT)
        places = within_text(words, self._short.known(short), SHORT)
        long_item = self._most_shared_item(words, places)
        best = self._best_ratio(words, Grams(short[places], words.texts[places]))
        verdicts = []
        for number, text in enumerate(texts):
            ratio, item, enough = best.get(number, (0.0, -1, False))
            if number in long_item:
                verdicts.append(self._verdict(CONTAMINATED, text, long_item[number], ratio, "13-gram"))
            elif enough:
                verdicts.append(self._verdict(CONTAMINATED, text, item, ratio, "7-gram"))
            elif ratio > self._info:
                verdicts.append(self._verdict(PARTIAL, text, item, ratio, "7-gram"))
            else:
                verdicts.append(ContaminationVerdict(CLEAN, ratio=ratio))
        return verdicts

    def _verdict(self, label: str, text: str, number: int, ratio: float, rule: str) -> ContaminationVerdict:
        item = self.items[number]
        return ContaminationVerdict(label, item.benchmark, item.id, ratio, rule, self._spans(text, number))

    def _spans(self, text: str, item: int) -> list[tuple[int, int]]:
        """The ranges of characters that the item's 7-grams cover."""
        hashes = windows(hash_words([text]).hashes, SHORT)
        known = self._short.known(hashes)
        queries, forms = self._short.owners(hashes[known])
        return _covered(text, np.unique(known[queries[self._item_F[forms] == item]]))

    def _most_shared_item(self, words: Grams, places: Indices) -> dict[int, int]:
        """Text → the item with which it shares most 13-grams. `places` are those of known 7-grams: a known 13-gram
        starts with one and ends with one."""
        starts = within_text(words, places[np.isin(places + LONG - SHORT, places)], LONG)
        hashes = windows_at(words.hashes, starts, LONG)
        known = self._long.known(hashes)
        shared = unique_per_text(Grams(hashes[known], words.texts[starts[known]]))
        texts_P, items_P, counts_P = self._shared(self._long, shared)
        first = _first_of_each(texts_P, np.lexsort((items_P, -counts_P, texts_P)))
        return dict(zip(texts_P[first].tolist(), items_P[first].tolist(), strict=True))

    def _best_ratio(self, words: Grams, grams: Grams) -> dict[int, tuple[float, int, bool]]:
        """Text → its largest ratio, the first item that has it, and whether it is enough for contamination."""
        texts_P, forms_P, counts_P = self._shared(self._short, unique_per_text(grams))
        sizes_P = self._size_F[forms_P]
        ratios_P = counts_P / np.minimum(_sizes(words, texts_P), np.maximum(1, sizes_P))
        ratios_P = np.minimum(1.0, ratios_P)  # above 1: the text has the item in several forms
        enough_P = (ratios_P >= self._contamination) & ((sizes_P > LONG - SHORT) | (ratios_P == 1))
        best = _first_of_each(texts_P, np.lexsort((forms_P, -ratios_P, ~enough_P, texts_P)))
        found = zip(ratios_P[best].tolist(), self._item_F[forms_P[best]].tolist(), enough_P[best].tolist(), strict=True)
        return dict(zip(texts_P[best].tolist(), found, strict=True))

    def _forget_boilerplate(self, items: int) -> None:
        """Remove the forms of which every 7-gram is in at least so many items ("Which of the following is true?")."""
        _, pairs = self._short.pairs(self._short.common(items))
        hashes, forms = self._short.hashes_P[pairs], self._short.owners_P[pairs]
        of_items = unique_per_text(Grams(hashes, self._item_F[forms]))
        common, counts = np.unique(of_items.hashes, return_counts=True)
        forms = forms[np.isin(hashes, common[counts >= items])]
        pairs_F = np.bincount(self._short.owners_P, minlength=len(self._item_F))
        all_common_F = np.bincount(forms, minlength=len(self._item_F)) == pairs_F
        self._short.remove(np.flatnonzero(all_common_F[self._short.owners_P]))

    @staticmethod
    def _shared(index: NgramIndex, shared: Grams) -> tuple[Indices, Indices, Indices]:
        """For each text and each owner of n-grams in it: text, owner, number of n-grams in common."""
        queries, owners = index.owners(shared.hashes)
        pairs, counts = np.unique((shared.texts[queries] << 32) | owners, return_counts=True)
        return pairs >> 32, pairs & 0xFFFFFFFF, counts


def shared_ranges(text: str, other: str) -> list[tuple[int, int]]:
    """The ranges of characters of `text` that its 7-grams in common with `other` cover."""
    mine, others = (windows(hash_words([each]).hashes, SHORT) for each in (text, other))
    return _covered(text, np.flatnonzero(np.isin(mine, others)))


def _covered(text: str, places: Indices) -> list[tuple[int, int]]:
    """The ranges of characters of the 7-grams that begin at these words, joined where they touch."""
    ranges_W2 = word_ranges(text)
    spans: list[tuple[int, int]] = []
    last_word = -2
    for place in places.tolist():
        start, end = int(ranges_W2[place, 0]), int(ranges_W2[place + SHORT - 1, 1])
        if place <= last_word + 1:
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
        last_word = place + SHORT - 1
    return spans


def _first_of_each(texts_P: Indices, order: Indices) -> Indices:
    """Of pairs in this order, which begins with a text's best, the first of each text."""
    _, first = np.unique(texts_P[order], return_index=True)
    return order[first]


def _sizes(words: Grams, texts_P: Indices) -> Indices:
    """The number of distinct 7-grams of each requested text (only those are sorted)."""
    asked = np.zeros(int(words.texts[-1]) + 1 if len(words.texts) else 1, bool)
    asked[texts_P] = True
    mine = asked[words.texts]
    grams = hash_ngrams(Grams(words.hashes[mine], words.texts[mine]), SHORT)
    # text and hash in one number: sorting one array of numbers is much the fastest
    keys = np.unique((grams.texts.astype(np.uint64) << np.uint64(44)) | (grams.hashes >> np.uint64(20)))
    return np.bincount((keys >> np.uint64(44)).astype(np.int64), minlength=len(asked))[texts_P]


def count_verdicts(verdicts: Iterable[ContaminationVerdict]) -> dict[str, dict[str, int]]:
    """Benchmark → numbers of contaminated and of partial texts, for the report."""
    table: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        if verdict.benchmark:
            row = table.setdefault(verdict.benchmark, {CONTAMINATED: 0, PARTIAL: 0})
            row[verdict.label] += 1
    return dict(sorted(table.items()))
