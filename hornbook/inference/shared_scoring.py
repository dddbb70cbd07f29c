"""Log-probabilities in one forward pass over texts that begin alike: what they share is computed once.

The texts lie in one row, in alphabetical order, each only from where it leaves the text before it. A token attends to
the tokens before it in its own text, wherever in the row they are. Shapes: tokens of the row N, width C, vocabulary V.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import AttentionInterface, PreTrainedModel

from hornbook.base.errors import HornbookError
from hornbook.inference.prefix_cache import shared_length
from hornbook.model.attention_scores import Scores, attention_set_to, causal_attention
from hornbook.model.output_head import OwnHead, decoder_of

NAME = "hornbook_beginnings"
LEAST_SHARED = 8  # tokens; a shorter beginning is computed again, which costs less than a mask
ROW_TOKENS = 8192  # tokens computed in one pass

Piece = tuple[int, int]  # begin and end of a part of the row


class Row(NamedTuple):
    """Texts in one row.

    `paths` has, for each text with tokens of its own, the pieces of the row that make up the text: the last are its own
    tokens. `places` has, for each text, where in the row its tokens are.
    """

    tokens: list[int]
    positions: list[int]
    paths: list[list[Piece]]
    places: list[np.ndarray]


def plan_rows(texts: list[tuple[int, ...]]) -> list[list[int]]:
    """The numbers of the texts of each row, in the order in which they lie in it. A text is never divided."""
    rows: list[list[int]] = []
    size = 0
    before: tuple[int, ...] = ()
    for number in sorted(range(len(texts)), key=lambda number: texts[number]):
        text = texts[number]
        more = len(text) - shared_length(before, text)
        if not rows or (more and size + more > ROW_TOKENS):
            rows.append([])
            size, more = 0, len(text)
        rows[-1].append(number)
        size, before = size + more, text
    return rows


def lay_out(texts: list[tuple[int, ...]]) -> Row:
    """A row of texts in alphabetical order."""
    row = Row([], [], [], [])
    before: tuple[int, ...] = ()
    path, place = list[Piece](), np.empty(0, np.int64)
    for text in texts:
        shared = shared_length(before, text)
        if shared < min(LEAST_SHARED, len(text)):
            shared = 0
        begin, own = len(row.tokens), len(text) - shared
        path = _beginning(path, shared)
        if own:
            path.append((begin, begin + own))
            row.paths.append(list(path))
        row.tokens.extend(text[shared:])
        row.positions.extend(range(shared, len(text)))
        place = np.concatenate([place[:shared], np.arange(begin, begin + own)])
        row.places.append(place)
        before = text
    return row


def _beginning(path: list[Piece], length: int) -> list[Piece]:
    """The pieces of the first `length` tokens of a path."""
    kept: list[Piece] = []
    for begin, end in path:
        if length <= 0:
            break
        kept.append((begin, min(end, begin + length)))
        length -= end - begin
    return kept


def row_states(model: PreTrainedModel, row: Row) -> Tensor:
    """The final hidden state at each token of the row (NC)."""
    tokens_1N, positions_1N = (torch.tensor([line], device=model.device) for line in (row.tokens, row.positions))
    with attention_set_to(model, NAME):
        output = decoder_of(model)(input_ids=tokens_1N, position_ids=positions_1N, use_cache=False, paths=row.paths)
    return output.last_hidden_state[0]


def row_logits(model: PreTrainedModel, states_NC: Tensor, most: int) -> Iterator[Tensor]:
    """Logits [at most `most`, V] in float32 of the hidden states, in their order."""
    head = OwnHead(model)
    for part_NC in states_NC.split(most):
        yield head(part_NC).float()


def path_attention(
    module: torch.nn.Module,
    q_1HND: Tensor,
    k_1GND: Tensor,
    v_1GND: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    paths: list[list[Piece]] | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Causal attention of each text's own tokens to its path; heads H, key/value heads G, width of a head D.

    Raises HornbookError where it would be wrong: with a mask, or when the model does not pass `paths` on.
    """
    if paths is None or attention_mask is not None:
        raise HornbookError(f"{type(module).__name__}: this kind of attention cannot share beginnings")
    q_1HND, k_1GND = q_1HND.to(v_1GND.dtype), k_1GND.to(v_1GND.dtype)
    scores = Scores(scaling, 0.0, sliding_window, softcap, s_aux)
    parts = [
        causal_attention(q_1HND[:, :, slice(*path[-1])], _pieces(k_1GND, path), _pieces(v_1GND, path), scores)
        for path in paths
    ]
    return torch.cat(parts, 2).transpose(1, 2), None


def _pieces(all_1GND: Tensor, path: list[Piece]) -> Tensor:
    parts = [all_1GND[:, :, begin:end] for begin, end in path]
    return parts[0] if len(parts) == 1 else torch.cat(parts, 2)


AttentionInterface.register(NAME, path_attention)
