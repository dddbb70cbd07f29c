"""Encode preference pairs by a model's own chat template (report §4.2)."""

from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message, Pair
from hornbook.data.readers.pairs import TextPair
from hornbook.tokenizer.chat import encode_plain, encode_prompt, encode_reply


def encode_pair(pair: TextPair, tokenizer: PreTrainedTokenizerBase) -> Pair:
    """The pair in a model's tokens. A plain prompt is a user's turn or, without a chat template, the beginning of a
    text. Of sides with several turns only the first is used, since later ones answer other prompts.

    Raises HornbookError if the template rejects the turns, a side is empty, or both sides give the same tokens.
    """
    before = [Message("user", pair.prompt)] if isinstance(pair.prompt, str) else pair.prompt
    replies = [
        Message("assistant", side) if isinstance(side, str) else side[0] for side in (pair.chosen, pair.rejected)
    ]
    if tokenizer.chat_template is None:
        prompt, (chosen, rejected) = _plain(tokenizer, before, pair, [reply.content for reply in replies])
    elif pair.begun:
        begun = tokenizer.encode(pair.begun, add_special_tokens=False)
        prompt = encode_prompt(tokenizer, before, pair.tools) + begun
        chosen, rejected = (tokenizer.encode(reply.content, add_special_tokens=False) for reply in replies)
    else:
        prompt = encode_prompt(tokenizer, before, pair.tools)
        chosen, rejected = (reply_tokens(tokenizer, before, reply, pair.tools) for reply in replies)
    if chosen == rejected:
        raise HornbookError("both sides are equal")
    return Pair(
        id=pair.id,
        parents=pair.parents,
        calls=pair.calls,
        kind=pair.kind,
        prompt_tokens=prompt,
        chosen_tokens=chosen,
        rejected_tokens=rejected,
        ends=pair.ends,
    )


def reply_tokens(
    tokenizer: PreTrainedTokenizerBase, before: list[Message], reply: Message, tools: str = ""
) -> list[int]:
    """The tokens of `reply` as the complete answer to the conversation `before`, including the end token.

    Raises HornbookError for an empty reply, and as `encode_chat` does.
    """
    if not (reply.content.strip() or reply.tool_calls):
        raise HornbookError("an empty reply")
    return encode_reply(tokenizer, before, reply, tools)


def _plain(
    tokenizer: PreTrainedTokenizerBase, before: list[Message], pair: TextPair, texts: list[str]
) -> tuple[list[int], list[list[int]]]:
    if len(before) > 1:
        raise HornbookError("a conversation of several turns, and a tokenizer without a chat template")
    prompt = encode_plain(tokenizer, before[0].content + pair.begun)
    end = [tokenizer.eos_token_id] if pair.ends and tokenizer.eos_token_id is not None else []
    return prompt, [tokenizer.encode(text, add_special_tokens=False) + end for text in texts]
