"""Training on lists of microbatches, in processes of their own: what the stages cannot be made to do."""

from pathlib import Path
from typing import Any

import torch

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.model.build import build_model
from hornbook.model.row_layout import layout_of
from hornbook.tokenizer.load_save import load_tokenizer
from hornbook.training.distributed import ranks
from hornbook.training.dpo import dpo
from hornbook.training.lm import NextToken, TrainingText, lm_batch
from hornbook.training.loop import Evaluation, train_model
from hornbook.training.settings import DpoSettings, LoopSettings
from tests.architectures import make
from tests.training.run_fixtures import TINY

CPU = torch.device("cpu")
SETTINGS = {"threads": 1, "dtype": "float32", "learning_rate": 3e-3}
BAD = 299  # a token whose embedding is not finite, in models that are made so


class Listed:
    """Steps of microbatches of documents; the learnt ones are lists, those without targets tuples."""

    def __init__(self, plan: list[list[list[int] | tuple[int, ...]]]) -> None:
        self.plan, self.steps, self.tokens = plan, len(plan), 1

    def microbatches(self, step: int, rank: int, world: int):
        for document in self.plan[step][rank::world]:
            learn = None if isinstance(document, list) else [False] * len(document)
            yield lm_batch([TrainingText(list(document), learn)], CPU)

    def describe(self, step: int, microbatches: list[int]) -> str:
        return f"microbatches {list(microbatches)}"


class Grouped(Listed):
    """The same, with several documents in each microbatch."""

    def microbatches(self, step: int, rank: int, world: int):
        for documents in self.plan[step][rank::world]:
            yield lm_batch([TrainingText(document) for document in documents], CPU)


def learn(out: Path, tokenizer: Path, plan: list[list[Any]], changes: dict[str, Any], tied: bool = True) -> None:
    """Train a tied model; leaves its weights, and what went wrong as `error`."""
    with ranks() as here:
        shape = TINY.model_copy(update={"tied_embeddings": tied})
        model = build_model(shape, load_tokenizer(tokenizer), 48, seed=3)
        if any(BAD in document for step in plan for document in step):
            model.get_input_embeddings().weight.data[BAD] = float("inf")
        evaluation = Evaluation(2, lambda model: {"norm": model.get_output_embeddings().weight.float().norm().item()})
        try:
            train_model(
                model, NextToken(), Listed(plan), LoopSettings(**SETTINGS, **changes), Workspace(out), here, evaluation
            )
        except HornbookError as error:
            (out / f"error-{here.rank}").write_text(str(error))
            return
        torch.save(model.state_dict(), out / f"weights-{here.rank}.pt")


def learn_padded(out: Path, name: str, plan: list[list[list[list[int]]]], changes: dict[str, Any]) -> None:
    """Train a model of `tests.architectures`; leaves its plan and its weights."""
    with ranks() as here:
        model = make(name)
        train_model(model, NextToken(), Grouped(plan), LoopSettings(**SETTINGS, **changes), Workspace(out), here)
        (out / f"rows-{here.rank}").write_text(layout_of(model).rows)
        torch.save(model.state_dict(), out / f"weights-{here.rank}.pt")


def prefer(out: Path, model: Path, pairs: Path, settings: DpoSettings) -> None:
    dpo(settings, Workspace(out, seed=1), model=model, pairs=[pairs])
