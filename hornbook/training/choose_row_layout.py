"""How a model's texts will be computed in a training stage, found out before it begins and said once."""

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
    """Give `model` its plan for texts of up to `longest` tokens (None: its context), in the stage's own precision.

    Warns of what is slower with this model than with others. Raises HornbookError as `check_packing` does.
    """
    half = pick_dtype(settings.dtype, model.device) == torch.bfloat16
    plan = check_packing(model, longest, half, trees, one_pass=settings.sharding == "fsdp" and ranks.world > 1)
    if plan.note and ranks.first:
        work.warn(plan.note)
    return plan
