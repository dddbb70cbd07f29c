"""Attention windows of a model's layers, and the text lengths at which its computation changes."""

import re
from typing import Any, NamedTuple

from torch import Tensor
from transformers import PreTrainedModel

from hornbook.model.context_lengths import context_of, length_of, scaling_length, switch_length, text_part

COLUMNS = 16  # caches are rounded up to a multiple of this, so texts this close to a window may already exceed it
UNKNOWN = 1 << 30  # context of a model whose configuration has none
# Names of lengths in a configuration.
NAMES = re.compile(r"^(?!conv)\w*(window|window_size|local_attention|attention_chunk_size|floor_scale)$")


class Windows(NamedTuple):
    """Text lengths at which a model's computation changes.

    `edges` are the lengths, ascending, beyond which some layer no longer sees the whole text or computes it
    differently. `sliding` and `chunk` are the tokens that layers of these two kinds see (None: there is no such layer);
    `by_kind`: the model's forward takes a mask for each kind of layer. `original`: LongRoPE's shorter length, beyond
    which all positions of a text are recomputed with other factors.
    """

    edges: tuple[int, ...]
    sliding: int | None
    chunk: int | None
    by_kind: bool
    original: int | None

    @property
    def span(self) -> int:
        """The largest text length, in tokens, that every layer sees whole."""
        return (self.edges[0] - 1) // COLUMNS * COLUMNS if self.edges else UNKNOWN

    def crossed(self, length: int) -> tuple[int, ...]:
        """The edges that a text of `length` tokens is close to or exceeds."""
        return tuple(edge for edge in self.edges if length > (edge - 1) // COLUMNS * COLUMNS)

    def masks(self, all_R11C: Tensor, position_R: Tensor, hidden: float) -> Any:
        """The mask for a forward of one token per row, at `position_R`, from the mask that shows the whole text."""
        column_C = all_R11C.new_ones(all_R11C.shape[-1]).cumsum(0)[None] - 1
        masks = {"full_attention": all_R11C}
        if self.sliding:
            behind_RC = column_C <= (position_R - self.sliding)[:, None]
            masks["sliding_attention"] = all_R11C.masked_fill(behind_RC[:, None, None], hidden)
        if self.chunk:
            before_RC = column_C < (position_R // self.chunk * self.chunk)[:, None]
            masks["chunked_attention"] = all_R11C.masked_fill(before_RC[:, None, None], hidden)
        return masks if self.by_kind else masks.get("sliding_attention", all_R11C)


def context_length(model: PreTrainedModel) -> int:
    """The context in tokens."""
    return context_of(model.config) or UNKNOWN


def windows_of(model: PreTrainedModel) -> Windows:
    """Read from the model's configuration: windows, chunks, local attention and LongRoPE's original length."""
    config = text_part(model.config)
    kinds = getattr(config, "layer_types", None) or []
    lengths = {name: size for name in config.to_dict() if NAMES.match(name) and (size := length_of(config, name))}
    sliding, chunk = length_of(config, "sliding_window"), length_of(config, "attention_chunk_size")
    if kinds and "sliding_attention" not in kinds:  # a window that no layer uses
        lengths.pop("sliding_window", None)
        sliding = None
    original = switch_length(model.config)
    scaled = scaling_length(model.config)
    edges = {size for size in (*lengths.values(), sliding, chunk, original, scaled) if size}
    return Windows(tuple(sorted(edges)), sliding, chunk, bool(kinds), original)
