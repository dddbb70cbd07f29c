"""The text of a reply while its tokens are sampled: whole characters only, and nothing of a text that ends it."""

import codecs
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from hornbook.chat.token_names import token_bytes
from hornbook.inference.sampling import UNFINISHED
from hornbook.inference.streaming import SampledToken


class ReplyPiece(NamedTuple):
    """A part of a reply that can be shown, and the tokens that it comes from: several, where a character is divided
    among them."""

    text: str
    tokens: list[SampledToken]


class ReplyText:
    """Takes tokens and gives pieces. Joined, the pieces are the reply, without the token and the text that ends it.

    Attributes:
        finish: "stop" after an end token or a stop text, "length" at the limit; empty before.
        tokens: ids of all that was sampled.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, stop: list[str]) -> None:
        self.tokenizer, self.stop = tokenizer, [text for text in stop if text]
        self.finish = ""
        self._silent = {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
        self.tokens: list[int] = []
        self._new: list[SampledToken] = []  # since the last whole character
        self._settled = 0  # tokens before these, whose text is known
        self._known = ""  # text of the tokens from `_base` to `_settled`, which the next ones may depend on
        self._base = 0
        self._held: list[ReplyPiece] = []  # may be the beginning of a stop text

    def add(self, told: SampledToken) -> list[ReplyPiece]:
        """The pieces that this token completes."""
        if self.finish:
            return []
        self.tokens.append(told.token)
        self._new.append(told)
        self.finish = told.finish
        if told.finish == "stop":
            self.tokens.pop()  # an end token is no text
        text = self._decode(self.tokens[self._base :])[len(self._known) :]
        if not self.finish and self._is_unfinished(text):
            return []
        self._held.append(ReplyPiece(text, self._new))
        self._new = []
        self._base, self._settled = self._settled, len(self.tokens)
        self._known = self._decode(self.tokens[self._base : self._settled])
        return self._release()

    def _is_unfinished(self, text: str) -> bool:
        """Whether the last character lacks bytes that may still come."""
        if not text.endswith(UNFINISHED):
            return False
        said = [told.token for told in self._new if told.token not in self._silent]
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        decoder.decode(bytes(byte for token in said for byte in token_bytes(self.tokenizer, token)))
        return bool(decoder.getstate()[0])

    def _release(self) -> list[ReplyPiece]:
        """What is held, but for what may yet turn out to be a stop text."""
        text = "".join(piece.text for piece in self._held)
        found = min((at for stop in self.stop if (at := text.find(stop)) >= 0), default=-1)
        if found >= 0:
            self.finish = "stop"
            return self._cut(found)
        if self.finish:
            return self._cut(len(text))
        safe = len(text) - max((_overlap(text, stop) for stop in self.stop), default=0)
        ready: list[ReplyPiece] = []
        while self._held and len(self._held[0].text) <= safe:
            safe -= len(self._held[0].text)
            ready.append(self._held.pop(0))
        return ready

    def _cut(self, length: int) -> list[ReplyPiece]:
        """The first characters of what is held, with their tokens; the rest is dropped."""
        ready = []
        for piece in self._held:
            if length <= 0 and piece.text:
                break
            ready.append(ReplyPiece(piece.text[:length], piece.tokens))
            length -= len(piece.text)
        self._held = []
        return ready

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _overlap(text: str, stop: str) -> int:
    """How much of the end of `text` is a beginning of `stop`."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)
