"""The row layout of a model: whether texts are packed in a row, padded, or computed one by one."""

from typing import Literal, NamedTuple

from transformers import PreTrainedModel

ATTRIBUTE = "hornbook_row_layout"  # of a model; copies of the model keep it

Rows = Literal["packed", "padded", "single"]


class RowLayout(NamedTuple):
    """The fastest correct layout for a model.

    Attributes:
        rows: texts packed in a row, texts in padded rows of their own, or each in a pass of its own.
        trees: whether texts with a common prefix may share it in a prefix tree.
        own_head: whether logits are more than a product with the output matrix.
        switch: length beyond which other rotary factors apply, those of the longest text in a pass.
        shared: whether a text that is a prefix of another may be computed as part of it; not with `switch`.
        one_pass: whether there must be one pass only (all processes need the same number of passes).
        note: what is slower than with other models; empty if nothing is.
    """

    rows: Rows = "packed"
    trees: bool = True
    own_head: bool = False
    switch: int | None = None
    shared: bool = True
    one_pass: bool = False
    note: str = ""


DEFAULT = RowLayout()  # for Llama and similar models


def layout_of(model: PreTrainedModel) -> RowLayout:
    """The layout that was set for a model, or the default."""
    return getattr(model, ATTRIBUTE, DEFAULT)


def has_layout(model: PreTrainedModel) -> bool:
    """Whether a layout was set for the model."""
    return hasattr(model, ATTRIBUTE)


def set_layout(model: PreTrainedModel, layout: RowLayout) -> None:
    """Compute `model` with this layout from now on."""
    setattr(model, ATTRIBUTE, layout)
