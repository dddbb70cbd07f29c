"""Encode conversations as token ids by the tokenizer's own chat template.

Text in messages never becomes a special token: `<|im_end|>` in a message is encoded as ordinary characters. Training
uses the same tokens that sampling starts from: the ids of a conversation begin with those of its prompts.
"""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.tokenizer.chat_template import tokenizer_name
from hornbook.tokenizer.chatml import give_chatml
from hornbook.tokenizer.end_tokens import stop_ids
from hornbook.tokenizer.load_save import load_tokenizer
from hornbook.tokenizer.plain_text import encode_plain, plain_prompt, plain_text
from hornbook.tokenizer.rendered_chat import RenderedChat
from hornbook.tokenizer.token_spans import encode_split

__all__ = [
    "append_end",
    "encode_chat",
    "encode_plain",
    "encode_prompt",
    "encode_reply",
    "end_of_reply",
    "give_chatml",
    "load_tokenizer",
    "plain_prompt",
    "plain_text",
    "stop_ids",
]

WITH_END = (
    "{% if not add_generation_prompt and messages and messages[-1]['role'] == 'assistant' %}{{ eos_token }}{% endif %}"
)


def encode_chat(
    tokenizer: PreTrainedTokenizerBase, messages: list[Message], tools: str = ""
) -> tuple[list[int], list[bool]]:
    """A finished conversation as token ids, and a mask that is True on the assistant's text and its end token.

    `tools` is the JSON text of the functions that can be called. Turns of weight 0, and a reply without a turn before
    it, are not in the mask. Raises HornbookError when the tokenizer has no chat template, or one that rejects the
    turns.
    """
    text, spans = RenderedChat(tokenizer, messages, tools).finished()
    pieces = encode_split(tokenizer, text, [cut for span in spans for cut in (span.begin, span.finish)])
    learnt = [learn for span in spans for learn in (False, span.learn)] + [False]
    tokens = [token for piece in pieces for token in piece]
    return tokens, [learn for piece, learn in zip(pieces, learnt, strict=True) for _ in piece]


def encode_reply(
    tokenizer: PreTrainedTokenizerBase, before: Sequence[Message], reply: Message, tools: str = ""
) -> list[int]:
    """Token ids of the assistant's `reply` as they would be sampled after the prompt of `before`, including the end
    token. Raises HornbookError as `encode_chat` does."""
    text, spans = RenderedChat(tokenizer, [*before, reply], tools).finished()
    if not spans:
        raise HornbookError(f"{tokenizer_name(tokenizer)}: a reply without a turn before it")
    return encode_split(tokenizer, text, [cut for span in spans for cut in (span.begin, span.finish)])[-2]


def encode_prompt(tokenizer: PreTrainedTokenizerBase, messages: list[Message], tools: str = "") -> list[int]:
    """The conversation so far as token ids, up to where the assistant's reply begins.

    Raises HornbookError as `encode_chat` does.
    """
    text, spans = RenderedChat(tokenizer, messages, tools).prompt()
    pieces = encode_split(tokenizer, text, [cut for span in spans for cut in (span.begin, span.finish)])
    return [token for piece in pieces for token in piece]


def end_of_reply(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The token that the chat template writes at the end of a reply; None if it writes none, so that a model trained
    with it does not learn to stop."""
    tokens, mask = encode_chat(tokenizer, [Message("user", "?"), Message("assistant", "!")])
    last = [token for token, learnt in zip(tokens, mask, strict=True) if learnt][-1:]
    return last[0] if last and last[0] in stop_ids(tokenizer) else None


def append_end(tokenizer: PreTrainedTokenizerBase) -> None:
    """Let the chat template append the tokenizer's `eos` to the last reply, unless it writes an end token already.

    Raises HornbookError for a tokenizer without `eos`.
    """
    if end_of_reply(tokenizer) is not None:
        return
    if tokenizer.eos_token is None:
        raise HornbookError(f"{tokenizer_name(tokenizer)}: no eos_token to append; set one in tokenizer_config.json")
    own = tokenizer.chat_template
    named = own if isinstance(own, dict) else {"": own}
    longer = {name: text.removesuffix("\n") + WITH_END for name, text in named.items()}
    tokenizer.chat_template = longer if isinstance(own, dict) else longer[""]
