"""Where a completion ends: on stop tokens, and on texts."""

from pathlib import Path

from transformers import GenerationConfig, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.model.files import model_folder

UNFINISHED = "\N{REPLACEMENT CHARACTER}"  # what a token decodes to that holds only some bytes of a character


class Stops:
    """Token ids after which a completion ends, and the texts that end it as soon as they appear in it.

    Only a token with the last character of a text (or with bytes of one) can complete the text: `last` lists those, so
    that hardly anything need be decoded.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, tokens: list[int], texts: list[str]) -> None:
        self.tokenizer, self.tokens = tokenizer, tokens
        self.texts = [text for text in texts if text]
        self.last: list[int] = []
        if not self.texts:
            return
        ends = {text[-1] for text in self.texts} | {UNFINISHED}
        for token in range(len(tokenizer)):
            # twice: some tokenizers drop a space at the beginning of what they decode
            if not ends.isdisjoint(self._decode([token, token])):
                self.last.append(token)
        # A character has up to four bytes, each maybe a token, and some tokens decode to nothing.
        self.tail = 4 * max(map(len, self.texts)) + 4

    def complete(self, sampled: list[int]) -> bool:
        """Whether the last of the `sampled` tokens completed a stop text."""
        text = self._decode(sampled[-self.tail :])
        return any(stop in text for stop in self.texts)

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def read_defaults(model: Path | str) -> GenerationConfig | None:
    """What generation_config.json says, of a model that is on this machine; None without it."""
    try:
        return GenerationConfig.from_pretrained(model_folder(model), local_files_only=True)
    except (HornbookError, OSError):
        return None
