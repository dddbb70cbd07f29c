"""Conversations as token ids: for chat models by the tokenizer's own template, for base models as plain text.

What a user writes can never become a special token: `<|im_end|>` inside a message is encoded as ordinary characters.
The prompt of a turn is always encoded apart from the reply, so training sees the very tokens that sampling starts from.
"""

import re
from functools import lru_cache

import jinja2
from tokenizers import AddedToken
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Message
from hornbook.tokenizer.files import load_tokenizer

__all__ = ["encode_chat", "encode_prompt", "give_chatml", "load_tokenizer", "plain_prompt", "plain_text", "stop_ids"]

END_OF_TEXT, START, SEPARATOR, END = "<|endoftext|>", "<|im_start|>", "<|im_sep|>", "<|im_end|>"
SPECIAL_TOKENS = [END_OF_TEXT, START, SEPARATOR, END]

# phi-4's ChatML; the generation marks let transformers compute the assistant mask as well
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '<|im_sep|>' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
)

ENDS_OF_TURN = [END, "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|eot|>", "<|return|>", END_OF_TEXT]
OPEN, CLOSE = "\ue000", "\ue001"  # private-use characters around the number of what a message may not spell out


def encode_chat(tokenizer: PreTrainedTokenizerBase, messages: list[Message]) -> tuple[list[int], list[bool]]:
    """A finished conversation as token ids, and a mask that is True on what the assistant says and its end token.

    Raises HornbookError when the tokenizer has no chat template, or one that does not fit the conversation.
    """
    text = _render(tokenizer, messages)
    ends = tokenizer.convert_ids_to_tokens(stop_ids(tokenizer))
    tokens: list[int] = []
    mask: list[bool] = []

    def add(part: str, said_by_assistant: bool) -> None:
        ids = _encode(tokenizer, part)
        tokens.extend(ids)
        mask.extend([said_by_assistant] * len(ids))

    done = 0
    for turn, message in enumerate(messages):
        if message.role != "assistant":
            continue
        prompt = _render(tokenizer, messages[:turn], generation_prompt=True)
        if not text.startswith(prompt):
            raise HornbookError(
                f"{_name(tokenizer)}: its chat template rewrites earlier turns, so replies have no prompt"
            )
        finish = _end_of_reply(text, len(prompt), _render(tokenizer, messages[: turn + 1]), ends)
        add(text[done : len(prompt)], False)
        add(text[len(prompt) : finish], True)
        done = finish
    add(text[done:], False)
    return tokens, mask


def encode_prompt(tokenizer: PreTrainedTokenizerBase, messages: list[Message]) -> list[int]:
    """The conversation so far as token ids, ending where the assistant is to begin.

    Raises HornbookError as `encode_chat` does.
    """
    return _encode(tokenizer, _render(tokenizer, messages, generation_prompt=True))


def give_chatml(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Give `tokenizer` phi-4's chat template, with the tokens that this takes; returns the ids of those it lacked."""
    known = tokenizer.get_vocab()
    missing = [name for name in (START, SEPARATOR, END) if name not in known]
    tokenizer.add_tokens([AddedToken(name, special=True, normalized=False) for name in missing], special_tokens=True)
    tokenizer.chat_template = CHAT_TEMPLATE
    _special_tokens.cache_clear()
    return tokenizer.convert_tokens_to_ids(missing)


def stop_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids after which a reply is finished: the end of a turn, the end of a text, and the tokenizer's own `eos`."""
    known = tokenizer.get_vocab()
    ids = [known[name] for name in ENDS_OF_TURN if name in known]
    if tokenizer.eos_token_id is not None:
        ids.append(tokenizer.eos_token_id)
    return sorted(set(ids))


def plain_prompt(question: str) -> str:
    """How a base model is asked: the beginning of `plain_text`."""
    return f"Question: {question.strip()}\nSolution:"


def plain_text(messages: list[Message]) -> str:
    """A conversation as a base model reads it in pretraining, without the end-of-text token that follows it."""
    text = ""
    for message in messages:
        content = message.content.strip()
        if message.role == "assistant":
            text += f" {content}"
            continue
        text += "\n\n" if text else ""
        text += plain_prompt(content) if message.role == "user" else content
    return text


def _end_of_reply(text: str, start: int, until_here: str, ends: list[str]) -> int:
    """Where in `text` the reply that begins at `start` is over: behind its end token, if the template writes one.

    Args:
        until_here: the conversation up to this reply; what follows it in `text` was said by others.
    """
    found = [(until_here.index(end, start), -len(end)) for end in ends if end in until_here[start:]]
    at, length = min(found, default=(len(until_here), 0))
    for finish in (at - length, at):  # some templates write an end token behind the last reply only
        if text.startswith(until_here[:finish]):
            return finish
    # the template writes the last reply in another way than earlier ones
    return min((text.index(end, start) + len(end) for end in ends if end in text[start:]), default=len(text))


def _render(tokenizer: PreTrainedTokenizerBase, messages: list[Message], generation_prompt: bool = False) -> str:
    """The conversation as the template writes it, with special tokens spelt out by messages replaced by marks."""
    if not tokenizer.chat_template:
        raise HornbookError(f"{_name(tokenizer)}: this tokenizer has no chat template; use one of a chat model")
    spelt, number = _special_tokens(tokenizer)
    unspelt = [spelt.sub(lambda found: f"{OPEN}{number[found[0]]}{CLOSE}", message.content) for message in messages]
    turns = [{"role": message.role, "content": text} for message, text in zip(messages, unspelt, strict=True)]
    try:
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=generation_prompt)
    except (jinja2.TemplateError, ValueError, TypeError) as error:
        roles = ", ".join(message.role for message in messages)
        raise HornbookError(
            f"{_name(tokenizer)}: its chat template refuses turns of {roles} ({one_line(error)})"
        ) from None


def _encode(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of rendered text; marks become the characters of the special token they stand for."""
    special = list(_special_tokens(tokenizer)[1])
    tokens: list[int] = []
    for index, part in enumerate(re.split(rf"{OPEN}(\d+){CLOSE}", text)):
        if index % 2:
            tokens += tokenizer.encode(special[int(part)], add_special_tokens=False, split_special_tokens=True)
        elif part:
            tokens += tokenizer.encode(part, add_special_tokens=False)
    return tokens


@lru_cache(maxsize=8)
def _special_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[re.Pattern[str], dict[str, int]]:
    """A pattern that finds special tokens (longest first) and marks in a message, and a number for each."""
    names = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    ordered = sorted(names | {OPEN}, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, ordered))), {name: number for number, name in enumerate(ordered)}


def _name(tokenizer: PreTrainedTokenizerBase) -> str:
    return tokenizer.name_or_path or type(tokenizer).__name__
