"""The stage `pretrain`, which trains a model from scratch (report §3)."""

from pathlib import Path

from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows
from hornbook.mixture.tokenize import check_tokenizer
from hornbook.model.build import build_model
from hornbook.tokenizer.load_save import load_tokenizer
from hornbook.training.distributed import ranks
from hornbook.training.save_trained import save_trained_model
from hornbook.training.settings import PretrainSettings
from hornbook.training.train_on_rows import train_on_rows


def pretrain(settings: PretrainSettings, work: Workspace, *, tokens: Path, tokenizer: Path) -> None:
    """Train a new model for one pass over the rows of a mixture; write `model/`.

    Notes `loss_curve` [[tokens, loss]...] and `validation_loss` [[tokens, {source: loss}]...] in nats per token, and
    `parameters`. Raises HornbookError when the tokens were made with another tokenizer, and as `train_model` does.
    """
    made = load_tokenizer(tokenizer)
    check_tokenizer(tokens, made, tokenizer)
    with ranks(settings.device) as processes:
        model = build_model(settings.model, made, Rows.open(tokens).context, work.seed, settings.device)
        work.note("parameters", model.num_parameters())
        train_on_rows(model, tokens, settings, work, processes)
        save_trained_model(model, made, work, processes)
