"""The stage `tokenizer`, which trains or loads a tokenizer (report §3)."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, trainers
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive
from hornbook.base.workspace import Workspace
from hornbook.tokenizer.bytelevel import as_fast_tokenizer, make_byte_level
from hornbook.tokenizer.chatml import SPECIAL_TOKENS
from hornbook.tokenizer.cl100k import cl100k
from hornbook.tokenizer.load_save import load_tokenizer, save_tokenizer
from hornbook.tokenizer.read_texts import SourceText, read_texts
from hornbook.tokenizer.settings import TokenizerSettings

MEASURED_CHARACTERS = 500_000  # per source, to measure compression


def tokenizer(
    settings: TokenizerSettings, work: Workspace, *, documents: Sequence[Path] = (), samples: Sequence[Path] = ()
) -> None:
    """Write the folder `tokenizer/`; note the compression of each source of the texts.

    Raises HornbookError when there is nothing to train on, or the tokenizer cannot be loaded.
    """
    texts = _choose(read_texts(documents, samples, work.reject, settings.columns), settings.train_characters, work)
    if settings.type == "train":
        if not texts:
            raise HornbookError(
                f"nothing to train a tokenizer on: the documents and samples have no text{work.first_set_aside()}"
            )
        made: PreTrainedTokenizerBase = as_fast_tokenizer(train_bpe(settings, [text.text for text in texts]))
        if len(made) < settings.vocab_size:
            work.warn(f"the texts give only {len(made)} of the {settings.vocab_size} entries of vocab_size")
    elif settings.type == "cl100k":
        made = as_fast_tokenizer(cl100k())
    else:
        made = load_tokenizer(settings.type)
    save_tokenizer(made, work.path / "tokenizer")
    work.count(records_out=1)
    work.note("vocab_size", len(made))
    work.note("compression", compression(made, texts))


def train_bpe(settings: TokenizerSettings, texts: Iterable[str]) -> Tokenizer:
    """A byte-level BPE of `settings.vocab_size` entries, special tokens first; deterministic."""
    made = Tokenizer(models.BPE())
    make_byte_level(made, settings.digits_per_token)
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocab_size,
        special_tokens=[AddedToken(name, special=True, normalized=False) for name in SPECIAL_TOKENS],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return made


def compression(made: PreTrainedTokenizerBase, texts: list[SourceText]) -> dict[str, dict[str, float]]:
    """Per source: characters, bytes and tokens of some of its texts, and tokens per character and per byte."""
    chosen: dict[str, list[str]] = {}
    remaining: dict[str, int] = {}
    for text in texts:
        if remaining.setdefault(text.source, MEASURED_CHARACTERS) > 0:
            chosen.setdefault(text.source, []).append(text.text[: remaining[text.source]])
            remaining[text.source] -= len(text.text)
    table = {}
    for source, parts in sorted(chosen.items()):
        tokens = sum(map(len, made(parts, add_special_tokens=False)["input_ids"]))
        characters, size = sum(map(len, parts)), sum(len(part.encode()) for part in parts)
        table[source] = {
            "characters": characters,
            "bytes": size,
            "tokens": tokens,
            "tokens_per_character": tokens / characters,
            "tokens_per_byte": tokens / size,
        }
    return table


def _choose(texts: Iterator[SourceText], characters: int, work: Workspace) -> list[SourceText]:
    """As many texts as fit into `characters`, the first in a random order that depends on their ids."""
    kept: list[tuple[int, int, SourceText]] = []  # a heap with the last one in that order on top
    total = 0
    for number, text in enumerate(texts):
        heapq.heappush(kept, (-derive(work.seed, "choice", text.id), number, text))
        total += len(text.text)
        work.count(records_in=1)
        while total > characters and len(kept) > 1:
            total -= len(heapq.heappop(kept)[2].text)
    return [text for _, _, text in sorted(kept, key=lambda entry: (-entry[0], entry[1]))]
