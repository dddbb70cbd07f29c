"""The stage that trains a model from scratch (report §3)."""

from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.mixture.rows import Rows
from hornbook.model.build import build_model
from hornbook.tokenizer.files import load_tokenizer
from hornbook.training.finish import finish
from hornbook.training.ranks import ranks
from hornbook.training.rows import train_on_rows
from hornbook.training.settings import PretrainSettings


def pretrain(settings: PretrainSettings, work: Workspace, *, tokens: Path, tokenizer: Path) -> None:
    """Train a new model on the rows of a mixture, once over; write `model/`.

    Notes `loss_curve` [[tokens, loss]...] and `validation_loss` [[tokens, {source: loss}]...] in nats a token, and
    `parameters`. Raises HornbookError when tokens and tokenizer do not belong together, and as `loop.train` does.
    """
    rows, made = Rows.open(tokens), load_tokenizer(tokenizer)
    if rows.vocab_size != len(made):
        raise HornbookError(
            f"{tokens}: tokens of a vocabulary of {rows.vocab_size} ids, but {tokenizer} has {len(made)}; "
            "expected the tokenizer they were made with"
        )
    with ranks() as processes:
        model = build_model(settings.model, made, rows.context, work.seed)
        work.note("parameters", model.num_parameters())
        train_on_rows(model, tokens, settings, work, processes)
        finish(model, made, work, processes)
