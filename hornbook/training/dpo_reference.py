"""Log-ratios of the reference model for DPO: computed once, before the first step, and kept on disk.

They are computed in the precision of training, so that margins start at 0 and not at rounding errors.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from hornbook.base.files import atomic
from hornbook.base.records import Pair
from hornbook.base.workspace import Workspace
from hornbook.model.device import pick_dtype
from hornbook.model.packed_attention import packed
from hornbook.training.distributed import Ranks
from hornbook.training.dpo_data import PairGroup, pair_batch, pairs_in, split_by_size
from hornbook.training.dpo_loss import log_ratios
from hornbook.training.settings import DpoSettings

PAIRS_IN_A_PART = 1024  # a killed run loses at most this many per process


def reference_log_ratios(
    model: PreTrainedModel,
    pairs: Sequence[Pair],
    groups: Sequence[PairGroup],
    settings: DpoSettings,
    folder: Path,
    work: Workspace,
    ranks: Ranks,
) -> torch.Tensor:
    """The log-ratio of every pair (shape P) under `model`; parts that exist in `folder` are read from it.

    Parts and forward passes do not depend on the number of processes, over which the parts are distributed.
    """
    parts = split_by_size(groups, pairs_in, PAIRS_IN_A_PART)
    files = [folder / f"{number:06d}.npy" for number in range(len(parts))]
    mine = range(ranks.rank, len(parts), ranks.world)
    with work.progress("reference", sum(map(pairs_in, (g for i in mine for g in parts[i]))), "pairs") as bar:
        for number in mine:
            if not files[number].exists():
                _write_part(files[number], model, pairs, parts[number], settings)
            bar.advance(sum(map(pairs_in, parts[number])))
    ranks.wait()
    reference_P = torch.zeros(len(pairs))
    for part, file in zip(parts, files, strict=True):
        reference_P[[index for group in part for index in group.pairs]] = torch.from_numpy(np.load(file))
    return reference_P.to(model.device)


@torch.no_grad()
def _write_part(
    file: Path, model: PreTrainedModel, pairs: Sequence[Pair], part: Sequence[PairGroup], settings: DpoSettings
) -> None:
    half = pick_dtype(settings.dtype, model.device) == torch.bfloat16
    found: dict[int, float] = {}
    with packed(model), torch.autocast(model.device.type, torch.bfloat16, enabled=half):
        for run in split_by_size(part, lambda group: group.tokens, settings.microbatch_tokens):
            batch = pair_batch(run, pairs, model.device)
            found.update(zip(batch.pairs, log_ratios(model, batch, settings.length_normalise).tolist(), strict=True))
    with atomic(file) as temporary, temporary.open("wb") as opened:
        np.save(opened, np.array([found[index] for group in part for index in group.pairs], np.float32))
