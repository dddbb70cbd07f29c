"""Declaration of the stage `mixture` for recipes and the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.base.stage import Cost, Planned, stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.mixture.settings import MixtureSettings


def _cost(settings: "MixtureSettings", planned: Planned) -> Cost:
    return Cost(tokens=settings.tokens, context=settings.context)


@stage(
    "mixture",
    version=4,
    makes=("tokens",),
    cost=_cost,
    report="3.1, 3.2",
    example="hornbook mixture --tokenizer tok/ --documents clean/ --tokens 1000000 --context 256 "
    "--shares '{web: 0.5, code: 0.5}' --out tokens",
)
def mixture(
    settings: "MixtureSettings",
    work: "Workspace",
    *,
    tokenizer: Path,
    documents: Sequence[Path] = (),
    samples: Sequence[Path] = (),
) -> None:
    """Tokenise, mix by share and epochs, and pack into rows."""
    from hornbook.mixture.stage import mixture

    mixture(settings, work, tokenizer=tokenizer, documents=documents, samples=samples)
