"""The stage that lengthens a model's context (report §3.3)."""

from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.mixture.rows import Rows
from hornbook.model.build import extend_context
from hornbook.model.files import load_model
from hornbook.tokenizer.files import load_tokenizer
from hornbook.training.finish import finish
from hornbook.training.ranks import ranks
from hornbook.training.recall import recall_over_distance
from hornbook.training.rows import train_on_rows
from hornbook.training.settings import MidtrainSettings


def midtrain(settings: MidtrainSettings, work: Workspace, *, model: Path, tokens: Path) -> None:
    """Raise the base of the rotary embedding and train on the long rows of a mixture, once over; write `model/`.

    Notes `loss_curve` and `validation_loss` as `pretrain` does, and `recall` {"before": rows, "after": rows} (see
    `recall.recall_over_distance`). Raises HornbookError as `pretrain` does.
    """
    rows, tokenizer = Rows.open(tokens), load_tokenizer(model)
    start = load_model(model, "float32")
    if rows.vocab_size > start.config.vocab_size or rows.vocab_size != len(tokenizer):
        raise HornbookError(
            f"{tokens}: tokens of a vocabulary of {rows.vocab_size} ids, but {model} has {len(tokenizer)}; "
            "expected rows made with the model's tokenizer"
        )
    with ranks() as processes:
        questions = (tokenizer, rows.context, settings.recall_trials, work)
        before = recall_over_distance(start, *questions, "recall before")
        longer = extend_context(start, settings.rope_base, rows.context)
        train_on_rows(longer, tokens, settings, work, processes)
        work.note("recall", {"before": before, "after": recall_over_distance(longer, *questions, "recall after")})
        finish(longer, tokenizer, work, processes)
