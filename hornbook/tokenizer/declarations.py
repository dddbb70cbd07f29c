"""Declaration of the stage `tokenizer` for recipes and the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.base.stage import Cost, Planned, stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.tokenizer.settings import TokenizerSettings

CL100K_PADDED = 100_352


def _cost(settings: "TokenizerSettings", planned: Planned) -> Cost:
    sizes = {"cl100k": CL100K_PADDED, "train": settings.vocab_size}
    return Cost(vocabulary=sizes.get(settings.type))


@stage(
    "tokenizer",
    makes=("tokenizer",),
    cost=_cost,
    report="3",
    example="hornbook tokenizer --documents clean/ --vocab-size 4096 --out tokenizer",
)
def tokenizer(
    settings: "TokenizerSettings", work: "Workspace", *, documents: Sequence[Path] = (), samples: Sequence[Path] = ()
) -> None:
    """Train a byte-level BPE, or take cl100k padded to 100,352, with the chat template."""
    from hornbook.tokenizer.train import tokenizer

    tokenizer(settings, work, documents=documents, samples=samples)
