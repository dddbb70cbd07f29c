"""The stages as Python functions. Each takes what its command takes, and returns its finished folder.

In all of them `out` is the folder for the output: called again with the same arguments, a function continues what was
interrupted, or finds it done; `overwrite` makes it anew (a teacher's answers are kept). `settings` are the options of
the command by their names in Python (`min_quality=0.3`, `teacher={"url": ..., "model": ...}`). Data is given as a file,
a folder, a pattern, a name on a hub, the result of another function, or a list of rows. Every function raises
HornbookError with the line that its command would print.
"""

from pathlib import Path
from typing import Unpack

from hornbook.api.options import (
    AblationOptions,
    DpoOptions,
    EvaluationOptions,
    ImportOptions,
    JudgedPairsOptions,
    MidtrainOptions,
    MixtureOptions,
    PairsOptions,
    PretrainOptions,
    PtsOptions,
    RefusalOptions,
    RejectionSamplingOptions,
    SftOptions,
    TokenizerOptions,
    TuneOptions,
)
from hornbook.api.results import (
    Evaluated,
    Generated,
    Pivots,
    Preferences,
    Result,
    TrainedModel,
    TrainedTokenizer,
    Tuned,
)
from hornbook.api.run import Rows, Source, run_stage


def import_model(
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[ImportOptions],
) -> TrainedModel:
    """Turn a GGUF file into a model that can be trained."""
    return TrainedModel(run_stage("import_model", "import", out, seed, overwrite, settings))


def train_tokenizer(
    documents: Rows | None = None,
    *,
    samples: Rows | None = None,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[TokenizerOptions],
) -> TrainedTokenizer:
    """Train a byte-level BPE, or take cl100k."""
    return TrainedTokenizer(
        run_stage("train_tokenizer", "tokenizer", out, seed, overwrite, settings, documents=documents, samples=samples)
    )


def mix(
    documents: Rows | None = None,
    *,
    tokenizer: Source,
    samples: Rows | None = None,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[MixtureOptions],
) -> Result:
    """Tokenise, mix by share and epochs, pack into rows."""
    return Result(
        run_stage(
            "mix", "mixture", out, seed, overwrite, settings, documents=documents, tokenizer=tokenizer, samples=samples
        )
    )


def pretrain(
    tokens: Source,
    *,
    tokenizer: Source,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[PretrainOptions],
) -> TrainedModel:
    """Train a new model on a mixture."""
    return TrainedModel(
        run_stage("pretrain", "pretrain", out, seed, overwrite, settings, tokens=tokens, tokenizer=tokenizer)
    )


def midtrain(
    model: Source,
    *,
    tokens: Source,
    compare: Source | None = None,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[MidtrainOptions],
) -> TrainedModel:
    """Lengthen a model's context on a mixture of long rows."""
    return TrainedModel(
        run_stage("midtrain", "midtrain", out, seed, overwrite, settings, model=model, tokens=tokens, compare=compare)
    )


def train_sft(
    model: Source,
    samples: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[SftOptions],
) -> TrainedModel:
    """Fine-tune a model on conversations."""
    return TrainedModel(run_stage("train_sft", "sft", out, seed, overwrite, settings, model=model, samples=samples))


def train_dpo(
    model: Source,
    pairs: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[DpoOptions],
) -> TrainedModel:
    """Train a model on preference pairs, itself being the reference."""
    return TrainedModel(run_stage("train_dpo", "dpo", out, seed, overwrite, settings, model=model, pairs=pairs))


def find_pivots(
    model: Source,
    questions: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[PtsOptions],
) -> Pivots:
    """Search a model for pivotal tokens, and make pairs of them."""
    return Pivots(run_stage("find_pivots", "pts", out, seed, overwrite, settings, model=model, questions=questions))


def refusal(
    model: Source,
    questions: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[RefusalOptions],
) -> Preferences:
    """Make data that teaches a model to refuse what it does not know."""
    return Preferences(
        run_stage("refusal", "refusal", out, seed, overwrite, settings, model=model, questions=questions)
    )


def rejection_sampling(
    model: Source,
    questions: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[RejectionSamplingOptions],
) -> Generated:
    """Sample several replies per question, and keep right ones as conversations for `train_sft`."""
    return Generated(
        run_stage(
            "rejection_sampling",
            "rejection-sampling",
            out,
            seed,
            overwrite,
            settings,
            model=model,
            questions=questions,
        )
    )


def judged_pairs(
    model: Source,
    questions: Rows,
    *,
    others: list[Source] | None = None,
    same_tokens_as: Source | None = None,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[JudgedPairsOptions],
) -> Preferences:
    """Sample replies, of `others` too, and make pairs as they are judged."""
    return Preferences(
        run_stage(
            "judged_pairs",
            "judged-pairs",
            out,
            seed,
            overwrite,
            settings,
            model=model,
            questions=questions,
            others=others,
            same_tokens_as=same_tokens_as,
        )
    )


def pairs(
    model: Source,
    samples: Rows,
    *,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[PairsOptions],
) -> Preferences:
    """Turn samples with a worse reply (`rejected`) into pairs of a model."""
    return Preferences(run_stage("pairs", "pairs", out, seed, overwrite, settings, model=model, samples=samples))


def evaluate(
    model: Source | None = None,
    questions: Rows | None = None,
    *,
    before: Source | None = None,
    training: Rows | None = None,
    corpus: Rows | None = None,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[EvaluationOptions],
) -> Evaluated:
    """Score a model on questions, benchmarks and tasks, beside an evaluation `before`, without what stands in
    `training`; `corpus` are the documents that it was trained on. Without a model, one behind the setting `endpoint`.
    Settings: `evaluation.settings.EvaluationSettings`."""
    return Evaluated(
        run_stage(
            "evaluate",
            "evaluation",
            out,
            seed,
            overwrite,
            settings,
            model=model,
            questions=questions,
            before=before,
            training=training,
            corpus=corpus,
        )
    )


def tune(
    tokens: Source,
    *,
    tokenizer: Source,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[TuneOptions],
) -> Tuned:
    """Choose rate, batch and warm-up for a long run by short ones."""
    return Tuned(run_stage("tune", "tune", out, seed, overwrite, settings, tokens=tokens, tokenizer=tokenizer))


def ablate(
    tokens: Source,
    *,
    tokenizer: Source,
    questions: Rows | None = None,
    out: str | Path,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Unpack[AblationOptions],
) -> Tuned:
    """Compare mixtures by small trainings."""
    return Tuned(
        run_stage(
            "ablate",
            "ablation",
            out,
            seed,
            overwrite,
            settings,
            tokens=tokens,
            tokenizer=tokenizer,
            questions=questions,
        )
    )
