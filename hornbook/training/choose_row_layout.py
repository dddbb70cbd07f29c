"""Choose a model's row layout before training."""

import torch
from transformers import PreTrainedModel

from hornbook.base.workspace import Workspace
from hornbook.model.device import pick_dtype
from hornbook.model.packing_check import check_packing
from hornbook.model.row_layout import RowLayout
from hornbook.training.distributed import Ranks
from hornbook.training.settings import LoopSettings


def choose_row_layout(
    model: PreTrainedModel,
    longest: int | None,
    settings: LoopSettings,
    work: Workspace,
    ranks: Ranks,
    trees: bool = True,
) -> RowLayout:
    """Set the row layout of `model` for texts of up to `longest` tokens (None: its context), in the stage's precision.

    Warns if training is slower with this model than with others. Raises HornbookError as `check_packing` does.
    """
    half = pick_dtype(settings.dtype, model.device) == torch.bfloat16
    layout = check_packing(model, longest, half, trees, one_pass=settings.sharding == "fsdp" and ranks.world > 1)
    if layout.note and ranks.first:
        work.warn(layout.note)
    return layout
