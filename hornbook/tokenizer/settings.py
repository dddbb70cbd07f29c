"""Settings of the tokenizer stage."""

from hornbook.base.settings import setting
from hornbook.data.readers.columns import ColumnSettings


class TokenizerSettings(ColumnSettings):
    """Which tokenizer, and how to train one (report §3: cl100k, padded to 100,352; here any size)."""

    type: str = setting(
        "train",
        '"train", "cl100k" (padded to 100,352 ids), or a tokenizer in Hugging Face\'s format: a folder or a hub name.',
    )
    vocab_size: int = setting(4096, "Entries of a trained vocabulary, bytes and special tokens included.", ge=260)
    digits_per_token: int = setting(
        1,
        "Most digits that may share a token of a trained vocabulary (cl100k: 3); single digits ease arithmetic.",
        ge=1,
    )
    train_characters: int = setting(
        200_000_000, "Most characters to train on; beyond them a random choice of records is taken.", ge=1000
    )
