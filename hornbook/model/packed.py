"""Documents in one row without padding, and what a model says at each of their tokens."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.model.attention import packed


class Packed(NamedTuple):
    """N tokens of documents one after the other; positions begin at 0 with each document."""

    tokens_N: torch.Tensor
    positions_N: torch.Tensor
    lengths: list[int]


def pack_documents(documents: Sequence[Sequence[int] | np.ndarray], device: torch.device) -> Packed:
    """Lay documents (token ids) out one after the other. Those of equal length cost less when they are neighbours."""
    lengths = [len(document) for document in documents]
    tokens_N = np.concatenate([np.asarray(document, np.int64) for document in documents])
    positions_N = np.concatenate([np.arange(length) for length in lengths])
    return Packed(torch.from_numpy(tokens_N).to(device), torch.from_numpy(positions_N).to(device), lengths)


def hidden_states(model: PreTrainedModel, documents: Packed) -> torch.Tensor:
    """The final hidden state at each token (shape NC); `model.get_output_embeddings()` makes logits of them.

    Only inside `with packed(model)`: see `attention`.
    """
    output = model.get_decoder()(
        input_ids=documents.tokens_N[None],
        position_ids=documents.positions_N[None],
        use_cache=False,
        document_lengths=documents.lengths,
    )
    return output.last_hidden_state[0]


@torch.no_grad()
def check_packing(model: PreTrainedModel) -> None:
    """Make sure that packed documents get the very logits that `model` gives to each of them alone.

    Raises HornbookError for architectures where they do not: attention outside transformers' registry, state carried
    along the row, logits that are scaled or capped after the output matrix.
    """
    was_training = model.training
    model.eval()
    ids = torch.arange(12, device=model.device) % model.config.get_text_config().vocab_size
    alone_NV = torch.cat([model(input_ids=part[None], use_cache=False).logits[0] for part in ids.split([7, 5])])
    with packed(model):
        hidden_NC = hidden_states(model, pack_documents([ids[:7].cpu().numpy(), ids[7:].cpu().numpy()], model.device))
    packed_NV = model.get_output_embeddings()(hidden_NC)
    model.train(was_training)
    tolerance = 1e-3 if model.dtype == torch.float32 else 0.1
    if not torch.allclose(packed_NV, alone_NV, atol=tolerance * max(1.0, alone_NV.abs().max().item())):
        raise HornbookError(f"{type(model).__name__}: this architecture cannot be trained on packed documents")
