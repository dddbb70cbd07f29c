"""Texts → one file of token ids per source, with the place and the id of every record in it."""

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.tokenizer.chat import END_OF_TEXT
from hornbook.tokenizer.texts import Text

TEXTS_AT_ONCE = 512
IDS = pa.schema([("id", pa.string())])


class TokenFile:
    """The tokens of one source on their way to disk: `SOURCE.bin`, `SOURCE.offsets.npy`, `SOURCE.ids.parquet`."""

    def __init__(self, folder: Path, source: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.source = folder, source
        self.offsets = array("q", [0])
        self.tokens = (folder / f"{source}.bin").open("wb")
        self.ids = pq.ParquetWriter(folder / f"{source}.ids.parquet", IDS, compression="zstd")

    def add(self, ids: list[str], documents: list[np.ndarray]) -> None:
        for tokens in documents:
            tokens.tofile(self.tokens)
            self.offsets.append(self.offsets[-1] + len(tokens))
        self.ids.write_table(pa.table({"id": ids}, schema=IDS))

    def close(self) -> None:
        self.tokens.close()
        self.ids.close()
        np.save(self.folder / f"{self.source}.offsets.npy", np.frombuffer(self.offsets, np.int64))


def write_tokens(
    texts: Iterable[Text], sources: list[str], tokenizer: PreTrainedTokenizerBase, work: Workspace
) -> tuple[dict[str, int], dict[str, int]]:
    """Tokenise `texts` on all cores into `tokens/`, each record followed by the end-of-text id.

    What a text spells out is never a special token. Returns the records of each of `sources`, and of other sources,
    which are read past.
    """
    encode = ordinary_text(tokenizer)
    end, dtype = end_id(tokenizer), token_dtype(len(tokenizer))
    files = {source: TokenFile(work.path / "tokens", source) for source in sources}
    others: dict[str, int] = {}
    try:
        for batch in _batches(iter(texts), TEXTS_AT_ONCE):
            for text in batch:
                if text.source not in files:
                    others[text.source] = others.get(text.source, 0) + 1
            wanted = [text for text in batch if text.source in files]
            encodings = encode.encode_batch_fast([text.text for text in wanted], add_special_tokens=False)
            for source, file in files.items():
                ours = [index for index, text in enumerate(wanted) if text.source == source]
                if ours:
                    tokens = [np.array([*encodings[index].ids, end], dtype) for index in ours]
                    file.add([wanted[index].id for index in ours], tokens)
    finally:
        for file in files.values():
            file.close()
    return {source: len(file.offsets) - 1 for source, file in files.items()}, others


def ordinary_text(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """The tokenizer underneath, as a copy that reads special tokens in a text as ordinary characters."""
    if not tokenizer.is_fast:
        raise HornbookError(f"{tokenizer.name_or_path}: a mixture needs a tokenizer with a tokenizer.json")
    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.encode_special_tokens = True
    copy.no_truncation()
    copy.no_padding()
    return copy


def end_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that ends every document, and fills rows: `<|endoftext|>` where there is one, else the tokenizer's `eos`."""
    found = tokenizer.get_vocab().get(END_OF_TEXT, tokenizer.eos_token_id)
    if found is None:
        raise HornbookError(f"{tokenizer.name_or_path}: the tokenizer has neither {END_OF_TEXT} nor an eos token")
    return found


def token_dtype(vocab_size: int) -> np.dtype:
    """The smallest type that holds the ids."""
    return np.dtype("<u2") if vocab_size <= 2**16 else np.dtype("<u4")


def _batches(texts: Iterator[Text], size: int) -> Iterator[list[Text]]:
    while batch := list(islice(texts, size)):
        yield batch
