"""The stage `midtrain`, which extends a model's context (report §3.3)."""

from pathlib import Path

from transformers import PretrainedConfig

from hornbook.base.errors import HornbookError
from hornbook.base.workspace import Workspace
from hornbook.mixture.packed_dataset import Rows
from hornbook.mixture.tokenize import check_tokenizer
from hornbook.model.build import extend_context
from hornbook.model.context_lengths import context_of
from hornbook.model.load_save import load_model
from hornbook.tokenizer.load_save import load_tokenizer
from hornbook.training.choose_row_layout import choose_row_layout
from hornbook.training.distributed import ranks
from hornbook.training.recall_eval import recall_over_distance
from hornbook.training.save_trained import save_trained_model
from hornbook.training.settings import MidtrainSettings
from hornbook.training.train_on_rows import train_on_rows


def midtrain(settings: MidtrainSettings, work: Workspace, *, model: Path, tokens: Path) -> None:
    """Increase the base of the rotary embedding and train for one pass over the long rows of a mixture; write `model/`.

    Notes `loss_curve` and `validation_loss` as `pretrain` does, and `recall` {"before": rows, "after": rows} (see
    `recall_over_distance`). Raises HornbookError as `pretrain` does.
    """
    rows, tokenizer = Rows.open(tokens), load_tokenizer(model)
    check_tokenizer(tokens, tokenizer, model)
    with ranks(settings.device) as processes:
        start = load_model(model, "float32", settings.device)
        _check(start.config, settings, rows, tokens, model, work)
        choose_row_layout(start, rows.context, settings, work, processes, trees=False)
        questions = (tokenizer, rows.context, settings.recall_trials, work)
        before = recall_over_distance(start, *questions, "recall before")
        longer = extend_context(start, settings.rope_base, rows.context)
        train_on_rows(longer, tokens, settings, work, processes)
        work.note("recall", {"before": before, "after": recall_over_distance(longer, *questions, "recall after")})
        save_trained_model(longer, tokenizer, work, processes)


def _check(
    config: PretrainedConfig, settings: MidtrainSettings, rows: Rows, tokens: Path, model: Path, work: Workspace
) -> None:
    """The model's vocabulary must contain the ids, and its context must not become shorter."""
    if rows.vocab_size > config.get_text_config().vocab_size:
        raise HornbookError(
            f"{model}: a vocabulary of {config.get_text_config().vocab_size} ids, but {tokens} has {rows.vocab_size}"
        )
    reads = context_of(config)
    if reads is not None and rows.context < reads:
        raise HornbookError(
            f"{tokens}: rows of {rows.context} tokens, but {model} has a context of {reads} already; "
            "expected rows of at least its context"
        )
    base = (getattr(config, "rope_parameters", None) or {}).get("rope_theta", 0)
    if settings.rope_base < base:
        work.warn(f"rope_base {settings.rope_base:g} is below the model's {base:g}; longer contexts need a higher one")
