"""Single tokens as people and programs read them: a text, and its bytes."""

from functools import lru_cache

from transformers import PreTrainedTokenizerBase

from hornbook.tokenizer.bytelevel import byte_characters

SIGNS = {" ": "·", "\n": "⏎", "\t": "⇥"}


def token_text(tokenizer: PreTrainedTokenizerBase, token: int) -> str:
    """A token alone; one that is a part of a character has the replacement character."""
    return str(tokenizer.decode([token], skip_special_tokens=False, clean_up_tokenization_spaces=False))


def token_bytes(tokenizer: PreTrainedTokenizerBase, token: int) -> list[int]:
    """The bytes of a token, also where they are only a part of a character."""
    name = str(tokenizer.convert_ids_to_tokens(token))
    if len(name) == 6 and name.startswith("<0x") and name.endswith(">"):  # SentencePiece's bytes
        return [int(name[3:5], 16)]
    if _is_byte_level(tokenizer) and token not in tokenizer.added_tokens_decoder:
        numbers = _numbers()
        return [numbers[character] for character in name if character in numbers]
    return list(token_text(tokenizer, token).encode())


def printable_token(text: str) -> str:
    """A token's text on one line, with nothing in it that cannot be seen."""
    return "".join(SIGNS.get(sign) or (sign if sign.isprintable() else f"⟨{ord(sign):x}⟩") for sign in text) or "∅"


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    return {character: byte for byte, character in enumerate(byte_characters())}


@lru_cache(maxsize=8)
def _is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend is not None and "ByteLevel" in repr(backend.decoder)
