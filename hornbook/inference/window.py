"""Layers that attend to the last tokens alone (a sliding window)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import Tensor
from transformers import PreTrainedModel


class Window(NamedTuple):
    """How many tokens a layer sees, the newest included; `by_kind`: the model takes a mask for each kind of layer."""

    tokens: int
    by_kind: bool

    def masks(self, all_R11C: Tensor, near_R11C: Tensor) -> Any:
        """What the model's forward takes as its mask."""
        return {"full_attention": all_R11C, "sliding_attention": near_R11C} if self.by_kind else near_R11C


def window_of(model: PreTrainedModel) -> Window | None:
    """That of the layers that have one; None where all see the whole text."""
    config = model.config.get_text_config()
    tokens: int | None = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    if not tokens or (kinds and "sliding_attention" not in kinds):
        return None
    return Window(tokens, bool(kinds))


@contextmanager
def narrowed(model: PreTrainedModel, tokens: int) -> Iterator[None]:
    """Let the window be `tokens` wide for the time of the `with` block, so that short texts go beyond it."""
    config = model.config.get_text_config()
    before = config.sliding_window
    config.sliding_window = tokens
    try:
        yield
    finally:
        config.sliding_window = before
