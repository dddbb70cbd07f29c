"""Samples → conversations that can be learnt from, as tokens with a mask; the others are set aside with the reason."""

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
    """The tokens of each conversation by its sample's id, and which of them are learnt: the assistant's, in every turn.

    Set aside are samples without a reply, ones that the chat template refuses, and conversations of more than `context`
    tokens (None: no limit); with `too_long` "cut" these lose their end, and are counted as `cut`, if a reply begins
    before it.
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
        raise HornbookError("no conversation with a reply of the assistant")
    tokens, learn = encode_chat(tokenizer, sample.messages, sample.tools)
    if not any(learn):
        raise HornbookError("no reply of the assistant that can be learnt: it answers nobody, or its weight is 0")
    if context is not None and len(tokens) > context:
        if too_long == "set-aside" or not any(learn[1:context]):
            cannot = "" if too_long == "set-aside" else ", and no reply begins within it"
            raise HornbookError(f"longer than the context: {len(tokens)} tokens, the model has {context}{cannot}")
        work.count(cut=1)
    return TrainingText(tokens[:context], learn[:context])
