"""Encode samples as tokens with a loss mask; unusable samples are set aside with the reason."""

from typing import Literal

from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.records import Sample
from hornbook.base.workspace import Workspace
from hornbook.tokenizer.chat import encode_chat
from hornbook.training.lm import TrainingText


def encode_samples(
    samples: list[Sample],
    tokenizer: PreTrainedTokenizerBase,
    context: int | None,
    too_long: Literal["set-aside", "cut"],
    work: Workspace,
) -> dict[str, TrainingText]:
    """The tokens of each conversation by sample id, with the loss mask: the assistant's tokens in every turn.

    Set aside are samples without a reply, those that the chat template rejects, and conversations of more than
    `context` tokens (None: no limit); with `too_long` "cut" these are truncated, and counted as `cut`, if a reply
    begins within the context.
    """
    texts = {}
    for sample in samples:
        try:
            texts[sample.id] = _encode(sample, tokenizer, context, too_long, work)
        except HornbookError as error:
            work.reject(sample.id, str(error))
    return texts


def _encode(
    sample: Sample,
    tokenizer: PreTrainedTokenizerBase,
    context: int | None,
    too_long: Literal["set-aside", "cut"],
    work: Workspace,
) -> TrainingText:
    if not any(message.role == "assistant" for message in sample.messages):
        raise HornbookError("not a conversation with an assistant's reply")
    tokens, learn = encode_chat(tokenizer, sample.messages, sample.tools)
    if not any(learn):
        raise HornbookError("no assistant's reply to train on: there is no turn before it, or its weight is 0")
    if context is not None and len(tokens) > context:
        if too_long == "set-aside" or not any(learn[1:context]):
            cannot = "" if too_long == "set-aside" else ", and no reply begins within it"
            raise HornbookError(f"longer than the context: {len(tokens)} tokens, the model has {context}{cannot}")
        work.count(cut=1)
    return TrainingText(tokens[:context], learn[:context])
