"""Signatures and other figures by which the documents of all shards are compared."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hornbook.base.files import atomic
from hornbook.base.records import Document
from hornbook.data.curation.duplicates import Copies
from hornbook.data.curation.shard import ShardFiles
from hornbook.data.filters.duplicates import hash_words_only, signatures, words_only


def sign_documents(files: ShardFiles, documents: list[Document]) -> list[bytes]:
    """Write what tells the copies among the documents of a shard from others; returns their exact keys."""
    words = [words_only(document.text) for document in documents]
    keys = [hash_words_only(text) for text in words]
    bands_NB, any_shingle_N = signatures([document.text for document in documents])
    with atomic(files.signatures) as temporary, temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(bands_NB.T))  # a band of all documents is read at a time
    with atomic(files.figures) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            keys=np.frombuffer(b"".join(keys), np.uint64).reshape(-1, 2),
            any_shingle=any_shingle_N,
            quality=np.array([document.quality for document in documents], np.float64),
            length=np.array([len(text) for text in words], np.int64),
        )
    return keys


def load_copies(shards: Sequence[ShardFiles]) -> tuple[Copies, list[int], Callable[[int], NDArray[np.uint64]]]:
    """The figures of all documents, the number of the first of each shard (and of all), and a function that reads the
    value of a band in all of them."""
    loaded = [load_arrays(shard.figures, "keys", "any_shingle", "quality", "length") for shard in shards]
    copies = Copies(*(np.concatenate([arrays[name] for arrays in loaded]) for name in loaded[0]))
    starts = [0, *accumulate(len(arrays["length"]) for arrays in loaded)]

    def band(number: int) -> NDArray[np.uint64]:
        return np.concatenate([np.load(shard.signatures, mmap_mode="r")[number] for shard in shards])

    return copies, starts, band


def load_arrays(path: Any, *names: str) -> dict[str, NDArray[Any]]:
    with np.load(path) as stored:
        return {name: stored[name] for name in names}
