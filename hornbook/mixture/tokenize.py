"""Tokenise texts into one file of token ids per source, with the offset and the id of every record."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.files import Reject, atomic
from hornbook.base.progress import Bar
from hornbook.base.records import Sample
from hornbook.base.settings import digest
from hornbook.mixture.npy_append import GrowingArray, growing_array
from hornbook.mixture.packed_dataset import IDS_A_GROUP, mixture_info
from hornbook.tokenizer.chat import encode_chat
from hornbook.tokenizer.chatml import END_OF_TEXT
from hornbook.tokenizer.read_texts import SourceText

TEXTS_AT_ONCE = 512
IDS = pa.schema([("id", pa.string())])


class TokenFile:
    """The token file of one source, while it is written."""

    def __init__(self, tokens: BinaryIO, offsets: GrowingArray, ids: pq.ParquetWriter) -> None:
        self._tokens, self._offsets, self._ids = tokens, offsets, ids
        self._waiting: list[str] = []
        self._end = 0
        offsets.append(np.zeros(1))

    def add(self, ids: list[str], documents: list[np.ndarray]) -> None:
        ends_D = self._end + np.cumsum([len(tokens) for tokens in documents])
        self._tokens.write(np.concatenate(documents).tobytes())
        self._offsets.append(ends_D)
        self._end = int(ends_D[-1])
        self._waiting += ids
        while len(self._waiting) >= IDS_A_GROUP:
            self._write_ids()

    def finish(self) -> None:
        if self._waiting:
            self._write_ids()

    @property
    def records(self) -> int:
        return self._offsets.rows - 1

    def _write_ids(self) -> None:
        self._ids.write_table(pa.table({"id": self._waiting[:IDS_A_GROUP]}, schema=IDS), IDS_A_GROUP)
        del self._waiting[:IDS_A_GROUP]


@contextmanager
def token_file(folder: Path, source: str) -> Iterator[TokenFile]:
    """Write `SOURCE.bin`, `SOURCE.ids.parquet` and `SOURCE.offsets.npy` (see `packed_dataset`)."""
    with (
        atomic(folder / f"{source}.bin") as tokens,
        atomic(folder / f"{source}.ids.parquet") as ids,
        growing_array(folder / f"{source}.offsets.npy") as offsets,
        tokens.open("wb") as file,
        pq.ParquetWriter(ids, IDS, compression="zstd") as writer,
    ):
        made = TokenFile(file, offsets, writer)
        yield made
        made.finish()


def write_tokens(
    texts: Iterable[SourceText],
    sources: list[str],
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    bar: Bar,
    conversations: Literal["plain", "chat", "both"],
    reject: Reject,
) -> tuple[dict[str, int], dict[str, int]]:
    """Tokenise `texts` on all cores into `folder`, each record followed by the end-of-text id.

    Special tokens in a text are treated as ordinary characters. With `conversations` "chat", a sample is rendered with
    the tokenizer's chat template, with "both" half of them are, chosen by their ids; one that the template refuses
    goes to `reject`. Returns the number of records of each of `sources`, and of other sources, which are skipped.
    Raises HornbookError when a chat template is needed and the tokenizer has none.
    """
    if conversations != "plain" and not tokenizer.chat_template:
        raise HornbookError(f"conversations: {conversations}: the tokenizer has no chat template; use plain")
    encode = ordinary_text(tokenizer)
    end, dtype = end_id(tokenizer), token_dtype(vocab_size(tokenizer))
    others: Counter[str] = Counter()
    with ExitStack() as stack:
        files = {source: stack.enter_context(token_file(folder, source)) for source in sources}
        for batch in _batches(iter(texts), TEXTS_AT_ONCE):
            others.update(text.source for text in batch if text.source not in files)
            wanted = [text for text in batch if text.source in files]
            encodings = encode.encode_batch_fast([text.text for text in wanted], add_special_tokens=False)
            encoded: list[list[int] | None] = [encoding.ids for encoding in encodings]
            for index, text in enumerate(wanted):
                if text.conversation and _in_chat_template(text.id, conversations):
                    encoded[index] = _chat(tokenizer, text.conversation, reject)
            for source, file in files.items():
                rows = [i for i, text in enumerate(wanted) if text.source == source and encoded[i] is not None]
                if rows:
                    tokens = [np.array([*(encoded[index] or ()), end], dtype) for index in rows]
                    file.add([wanted[index].id for index in rows], tokens)
            bar.advance(len(batch))
    return {source: file.records for source, file in files.items()}, dict(others)


def _in_chat_template(id: str, conversations: str) -> bool:
    return conversations == "chat" or (conversations == "both" and xxhash.xxh3_64_intdigest(id.encode()) % 2 == 1)


def _chat(tokenizer: PreTrainedTokenizerBase, sample: Sample, reject: Reject) -> list[int] | None:
    """The conversation in the chat template; None if the template refuses it."""
    try:
        return encode_chat(tokenizer, sample.messages, sample.tools)[0]
    except HornbookError as error:
        reject(sample.id, str(error))
        return None


def ordinary_text(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """A copy of the backend tokenizer that treats special tokens in a text as ordinary characters."""
    if not tokenizer.is_fast:
        raise HornbookError(f"{tokenizer.name_or_path}: a mixture needs a tokenizer with a tokenizer.json")
    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.encode_special_tokens = True
    copy.no_truncation()
    copy.no_padding()
    return copy


def end_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that ends every document and pads rows: `<|endoftext|>` if it exists, else `eos`."""
    found = tokenizer.get_vocab().get(END_OF_TEXT, tokenizer.eos_token_id)
    if found is None:
        raise HornbookError(f"{tokenizer.name_or_path}: the tokenizer has neither {END_OF_TEXT} nor an eos token")
    return found


def vocab_size(tokenizer: PreTrainedTokenizerBase) -> int:
    """One more than the largest id (a vocabulary may have gaps)."""
    return max(tokenizer.get_vocab().values()) + 1


def token_dtype(vocab_size: int) -> np.dtype:
    """The smallest type for these ids."""
    return np.dtype("<u2") if vocab_size <= 2**16 else np.dtype("<u4")


def tokenizer_fingerprint(tokenizer: PreTrainedTokenizerBase) -> str:
    """A digest that is equal for two tokenizers exactly if they encode text equally and have the same vocabulary."""
    made = msgspec.json.decode(ordinary_text(tokenizer).to_str())
    return digest([made["normalizer"], made["pre_tokenizer"], made["model"], tokenizer.get_vocab()])


def check_tokenizer(mixture: Path, tokenizer: PreTrainedTokenizerBase, where: Path) -> None:
    """Raise HornbookError when a mixture was made with another tokenizer than that of `where`."""
    there = mixture_info(mixture)
    if there.get("tokenizer") == tokenizer_fingerprint(tokenizer):
        return
    sizes = f"{there['vocab_size']:,} and {vocab_size(tokenizer):,} ids"
    raise HornbookError(
        f"{mixture}: made with another tokenizer than that of {where} ({sizes}); "
        "expected a mixture made with that tokenizer"
    )


def _batches(texts: Iterator[SourceText], size: int) -> Iterator[list[SourceText]]:
    while batch := list(islice(texts, size)):
        yield batch
