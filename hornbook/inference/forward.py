"""Plain forward passes of any causal language model: without a cache, over whole texts."""

import inspect
from typing import Any

from torch import Tensor
from transformers import PreTrainedModel

from hornbook.model.context_lengths import text_part


def last_logits(model: PreTrainedModel, tokens_BT: Tensor, kept: int) -> Tensor:
    """Logits [B, kept, V] in float32 after each of the last `kept` tokens."""
    options: dict[str, Any] = {"use_cache": False, "logits_to_keep": kept}
    known = inspect.signature(model.forward).parameters
    taken = {name: value for name, value in options.items() if name in known}
    return model(tokens_BT.to(model.device), **taken).logits[:, -kept:].float()


def vocabulary_size(model: PreTrainedModel) -> int:
    """The number of logits."""
    embeddings = model.get_output_embeddings()
    return int(text_part(model.config).vocab_size if embeddings is None else embeddings.weight.shape[0])


def kind_of(model: PreTrainedModel) -> str:
    """The model's type, for messages."""
    return str(model.config.model_type)
