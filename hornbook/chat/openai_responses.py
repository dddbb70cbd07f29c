"""Replies as OpenAI's protocol writes them: whole, or as the chunks of a stream."""

import math
import secrets
import time
from typing import Any

from transformers import PreTrainedTokenizerBase

from hornbook.base.records import Pivot
from hornbook.chat.reply_text import ReplyPiece
from hornbook.chat.searched_questions import pivot_json
from hornbook.chat.token_names import token_bytes, token_text
from hornbook.inference.streaming import SampledToken

LEAST = -9999.0  # stands for the logarithm of 0

Json = dict[str, Any]


class Writer:
    """Writes what belongs to one request. `top`: how many likeliest tokens, None for no log-probabilities.

    Attributes:
        sampled: tokens of all replies so far.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        model: str,
        fingerprint: str,
        *,
        chat: bool,
        top: int | None,
        prompt_tokens: int,
        ids: bool,
    ) -> None:
        self.tokenizer, self.chat, self.top, self.prompt_tokens, self.ids = tokenizer, chat, top, prompt_tokens, ids
        name = "chat.completion" if chat else "text_completion"
        self.head: Json = {
            "id": f"{'chatcmpl' if chat else 'cmpl'}-{secrets.token_hex(12)}",
            "object": name,
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": fingerprint,
        }
        self.sampled = 0

    def chunk(self, choices: list[Json], usage: bool = False) -> Json:
        """A part of a stream."""
        whole = {**self.head, "choices": choices}
        if self.chat:
            whole["object"] = "chat.completion.chunk"
        return whole | ({"usage": self.usage()} if usage else {})

    def whole(self, choices: list[Json]) -> Json:
        return {**self.head, "choices": choices, "usage": self.usage()}

    def usage(self) -> Json:
        total = self.prompt_tokens + self.sampled
        return {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.sampled, "total_tokens": total}

    def opening(self, number: int) -> Json:
        """The choice that a stream of a chat begins with."""
        return {"index": number, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}

    def part(self, number: int, piece: ReplyPiece, offset: int, pivot: Pivot | None = None) -> Json:
        """A choice of a stream; `offset` is how many characters came before."""
        choice = self._choice(number, [piece], offset, None)
        if self.chat:
            choice["delta"] = {"content": piece.text}
        if pivot:
            choice["pivot"] = pivot_json(pivot)
        return choice

    def end(self, number: int, finish: str) -> Json:
        """The choice that ends one reply of a stream."""
        said: Json = {"delta": {}} if self.chat else {"text": ""}
        return {"index": number, **said, "logprobs": None, "finish_reason": finish}

    def reply(self, number: int, pieces: list[ReplyPiece], finish: str) -> Json:
        """A whole choice."""
        choice = self._choice(number, pieces, 0, finish)
        if self.chat:
            text = "".join(piece.text for piece in pieces)
            choice["message"] = {"role": "assistant", "content": text, "refusal": None}
        return choice

    def _choice(self, number: int, pieces: list[ReplyPiece], offset: int, finish: str | None) -> Json:
        choice: Json = {"index": number, "logprobs": None, "finish_reason": finish}
        if not self.chat:
            choice["text"] = "".join(piece.text for piece in pieces)
        if self.top is not None:
            choice["logprobs"] = self._chat_logprobs(pieces) if self.chat else self._text_logprobs(pieces, offset)
        if self.ids:
            choice["token_ids"] = [told.token for piece in pieces for told in piece.tokens]
        return choice

    def _chat_logprobs(self, pieces: list[ReplyPiece]) -> Json:
        content = []
        for told in (told for piece in pieces for told in piece.tokens if told.finish != "stop"):
            others = [self._named(token, logprob) for token, logprob in told.top[: self.top]]
            content.append(self._named(told.token, told.logprob) | {"top_logprobs": others})
        return {"content": content, "refusal": None}

    def _text_logprobs(self, pieces: list[ReplyPiece], offset: int) -> Json:
        said: Json = {"text_offset": [], "token_logprobs": [], "tokens": [], "top_logprobs": []}
        for piece in pieces:
            for told in (told for told in piece.tokens if told.finish != "stop"):
                said["text_offset"].append(offset)
                said["token_logprobs"].append(_finite(told.logprob))
                said["tokens"].append(token_text(self.tokenizer, told.token))
                said["top_logprobs"].append(self._named_top(told))
            offset += len(piece.text)
        return said

    def _named_top(self, told: SampledToken) -> dict[str, float]:
        """The likeliest tokens, and the sampled one."""
        kept = {token_text(self.tokenizer, token): _finite(logprob) for token, logprob in told.top[: self.top]}
        return kept | {token_text(self.tokenizer, told.token): _finite(told.logprob)}

    def _named(self, token: int, logprob: float) -> Json:
        text = token_text(self.tokenizer, token)
        return {"token": text, "logprob": _finite(logprob), "bytes": token_bytes(self.tokenizer, token)}


def _finite(logprob: float) -> float:
    return logprob if math.isfinite(logprob) else LEAST
