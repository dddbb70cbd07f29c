"""Prompts for base models without a chat template, and conversations as plain text for pretraining."""

from transformers import PreTrainedTokenizerBase

from hornbook.base.records import Message


def plain_prompt(question: str) -> str:
    """The prompt for a base model: the beginning of `plain_text`."""
    return f"Question: {question.strip()}\nSolution:"


def plain_text(messages: list[Message]) -> str:
    """A conversation as plain text for pretraining, without the end-of-text token."""
    text = ""
    for message in messages:
        content = message.content.strip()
        if message.role == "assistant":
            text += f" {content}"
            continue
        text += "\n\n" if text else ""
        text += plain_prompt(content) if message.role == "user" else content
    return text


def encode_plain(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of a text to be continued: with the begin token if this tokenizer adds one, never with an end token."""
    tokens = list(tokenizer.encode(text))
    end = tokenizer.eos_token_id
    if tokens and tokens[-1] == end and (len(tokens) > 1 or end != tokenizer.bos_token_id):
        return tokens[:-1]
    return tokens
