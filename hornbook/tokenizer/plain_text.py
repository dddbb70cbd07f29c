"""Text without a chat template: how base models are asked, and what they read in pretraining."""

from transformers import PreTrainedTokenizerBase

from hornbook.base.records import Message


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


def encode_plain(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of a text that goes on: with the begin token if this tokenizer sets one, never with an end token."""
    tokens = list(tokenizer.encode(text))
    end = tokenizer.eos_token_id
    if tokens and tokens[-1] == end and (len(tokens) > 1 or end != tokenizer.bos_token_id):
        return tokens[:-1]
    return tokens
