"""Shared parts of byte-level tokenizers: the pre-tokenizer, the byte alphabet and the special tokens."""

from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from hornbook.tokenizer.chatml import CHAT_TEMPLATE, END_OF_TEXT


def word_pattern(digits: int) -> str:
    """The pre-tokenizer's regular expression of cl100k, in Oniguruma syntax: bytes are merged only within its matches.

    Runs of digits are split after `digits` of them (cl100k: 3). tiktoken's `$` (end of the text) and possessive
    `{1,3}+` are `\\z` and `(?>)` here, since `$` would match before every newline.
    """
    pattern = (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|(?>\p{N}{1,DIGITS})| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++\z|\s*[\r\n]|\s+(?!\S)|\s"
    )
    return pattern.replace("DIGITS", str(digits))


def make_byte_level(tokenizer: Tokenizer, digits: int) -> None:
    """Set pre-tokenizer and decoder: text is split by `word_pattern`, and each byte is one of `byte_characters`."""
    split = pre_tokenizers.Split(Regex(word_pattern(digits)), behavior="isolated")
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, spell])
    tokenizer.decoder = decoders.ByteLevel()


def byte_characters() -> list[str]:
    """The visible character for each byte: itself if it is printable in Latin-1, else one from 256 on."""
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in visible else chr(next(others)) for byte in range(256)]


def as_fast_tokenizer(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """A transformers tokenizer with the chat template, and `<|endoftext|>` as end of text and padding."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=2**31 - 1,  # the model determines the context
    )
