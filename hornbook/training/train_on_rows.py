"""One pass over a mixture's rows with validation per source, for pretraining and midtraining."""

from pathlib import Path

from transformers import PreTrainedModel

from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows, validation_rows
from hornbook.training.choose_row_layout import choose_row_layout
from hornbook.training.distributed import Ranks
from hornbook.training.lm import NextToken, RowBatches, evaluate_loss, mixture_texts
from hornbook.training.loop import Evaluation, train_model
from hornbook.training.settings import RowsSettings


def train_on_rows(
    model: PreTrainedModel,
    tokens: Path,
    settings: RowsSettings,
    work: Workspace,
    ranks: Ranks,
) -> None:
    """Train on the rows in their order, with regular measurements of each source's validation loss."""
    held_out = {
        source: _batches(rows, settings, model, ranks.world) for source, rows in validation_rows(tokens).items()
    }

    def measure(model: PreTrainedModel) -> dict[str, float]:
        return {source: evaluate_loss(model, batches) for source, batches in held_out.items()}

    evaluation = Evaluation(settings.evaluate_every, measure) if held_out else None
    rows = Rows.open(tokens)
    work.count(records_in=len(rows))
    choose_row_layout(model, rows.context, settings, work, ranks, trees=False)
    train_model(model, NextToken(), _batches(rows, settings, model, ranks.world), settings, work, ranks, evaluation)


def _batches(rows: Rows, settings: RowsSettings, model: PreTrainedModel, world: int) -> RowBatches:
    order = range(len(rows))
    return RowBatches(
        mixture_texts(rows), order, rows.context, settings.batch_rows, settings.microbatch_rows, model.device, world
    )
