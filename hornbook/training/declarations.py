"""Declarations of the stages of this package for recipes and the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.base.stage import Cost, Planned, stage

if TYPE_CHECKING:
    from hornbook.base.workspace import Workspace
    from hornbook.training.settings import DpoSettings, MidtrainSettings, PretrainSettings, RecallSettings, SftSettings


def _from_scratch(settings: "PretrainSettings", planned: Planned) -> Cost:
    from hornbook.training.cost import training_cost

    return training_cost(settings.model, planned.of("tokenizer").vocabulary, planned)


def _further(settings: "MidtrainSettings | SftSettings | DpoSettings", planned: Planned) -> Cost:
    from hornbook.training.cost import training_cost

    return training_cost(planned.of("model").shape, planned.of("model").vocabulary, planned)


@stage(
    "pretrain",
    version=2,
    together=True,
    makes=("model",),
    command="train pretrain",
    cost=_from_scratch,
    report="3",
    example="hornbook train pretrain --tokens tokens/ --tokenizer tok/ --model.layers 4 --out base",
)
def pretrain(settings: "PretrainSettings", work: "Workspace", *, tokens: Path, tokenizer: Path) -> None:
    """Train a Phi-3-architecture model from scratch."""
    from hornbook.training.pretrain import pretrain

    pretrain(settings, work, tokens=tokens, tokenizer=tokenizer)


@stage("recall", makes=("documents",), report="3.3", example="hornbook recall --documents 200 --out recall")
def recall(settings: "RecallSettings", work: "Workspace") -> None:
    """Write lists of keys and values from which a small model can learn to recall over a distance."""
    from hornbook.training.recall_data import recall

    recall(settings, work)


@stage(
    "midtrain",
    version=3,
    together=True,
    makes=("model",),
    holds={"compare": "model"},
    command="train midtrain",
    argument="model",
    cost=_further,
    report="3.3",
    example="hornbook train midtrain base/ --tokens long-tokens/ --out longer",
)
def midtrain(
    settings: "MidtrainSettings", work: "Workspace", *, model: Path, tokens: Path, compare: Path | None = None
) -> None:
    """Lengthen a model's context on long documents and recall data."""
    from hornbook.training.midtrain import midtrain

    midtrain(settings, work, model=model, tokens=tokens, compare=compare)


@stage(
    "sft",
    version=3,
    together=True,
    makes=("model",),
    command="train sft",
    argument="model",
    cost=_further,
    report="4.1",
    example="hornbook train sft base/ --samples chats.jsonl --epochs 2 --out sft",
)
def sft(settings: "SftSettings", work: "Workspace", *, model: Path, samples: Sequence[Path]) -> None:
    """Fine-tune on conversations; the loss is on the assistant's tokens only."""
    from hornbook.training.sft import sft

    sft(settings, work, model=model, samples=samples)


@stage(
    "dpo",
    version=2,
    together=True,
    makes=("model",),
    command="train dpo",
    argument="model",
    cost=_further,
    report="4.2, 4.3",
    example="hornbook train dpo sft/ --pairs pivots/ --out dpo",
)
def dpo(settings: "DpoSettings", work: "Workspace", *, model: Path, pairs: Sequence[Path]) -> None:
    """Direct preference optimisation on single pivotal tokens, first tokens or full replies."""
    from hornbook.training.dpo import dpo

    dpo(settings, work, model=model, pairs=pairs)
