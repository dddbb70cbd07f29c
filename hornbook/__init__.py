"""Hornbook: the phi-4 recipe (arXiv 2412.08905), from raw documents and a teacher to a small model that reasons."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hornbook.api.data_stages import audit as audit
    from hornbook.api.data_stages import collect_questions as collect_questions
    from hornbook.api.data_stages import curate as curate
    from hornbook.api.data_stages import decontaminate_files as decontaminate_files
    from hornbook.api.data_stages import extract_files as extract_files
    from hornbook.api.data_stages import label_documents as label_documents
    from hornbook.api.data_stages import mathematics as mathematics
    from hornbook.api.data_stages import reasoning as reasoning
    from hornbook.api.data_stages import recall as recall
    from hornbook.api.data_stages import synthesize as synthesize
    from hornbook.api.data_stages import train_classifier as train_classifier
    from hornbook.api.data_stages import trivia as trivia
    from hornbook.api.stages import ablate as ablate
    from hornbook.api.stages import evaluate as evaluate
    from hornbook.api.stages import find_pivots as find_pivots
    from hornbook.api.stages import import_model as import_model
    from hornbook.api.stages import judged_pairs as judged_pairs
    from hornbook.api.stages import midtrain as midtrain
    from hornbook.api.stages import mix as mix
    from hornbook.api.stages import pairs as pairs
    from hornbook.api.stages import pretrain as pretrain
    from hornbook.api.stages import refusal as refusal
    from hornbook.api.stages import rejection_sampling as rejection_sampling
    from hornbook.api.stages import train_dpo as train_dpo
    from hornbook.api.stages import train_sft as train_sft
    from hornbook.api.stages import train_tokenizer as train_tokenizer
    from hornbook.api.stages import tune as tune
    from hornbook.base.errors import HornbookError as HornbookError
    from hornbook.data.decontaminate import decontaminate as decontaminate
    from hornbook.data.extract.extract import extract as extract
    from hornbook.data.readers.load import load_records as load_records
    from hornbook.oracles.judge import judge as judge
    from hornbook.oracles.judge import judge_many as judge_many

__version__ = "0.1.0"

_PUBLIC = {  # name: its module
    "HornbookError": "hornbook.base.errors",
    "judge": "hornbook.oracles.judge",
    "judge_many": "hornbook.oracles.judge",
    "load_records": "hornbook.data.readers.load",
    "extract": "hornbook.data.extract.extract",
    "extract_files": "hornbook.api.data_stages",
    "collect_questions": "hornbook.api.data_stages",
    "label_documents": "hornbook.api.data_stages",
    "train_classifier": "hornbook.api.data_stages",
    "curate": "hornbook.api.data_stages",
    "decontaminate": "hornbook.data.decontaminate",
    "decontaminate_files": "hornbook.api.data_stages",
    "import_model": "hornbook.api.stages",
    "reasoning": "hornbook.api.data_stages",
    "mathematics": "hornbook.api.data_stages",
    "trivia": "hornbook.api.data_stages",
    "audit": "hornbook.api.data_stages",
    "synthesize": "hornbook.api.data_stages",
    "train_tokenizer": "hornbook.api.stages",
    "mix": "hornbook.api.stages",
    "pretrain": "hornbook.api.stages",
    "midtrain": "hornbook.api.stages",
    "train_sft": "hornbook.api.stages",
    "train_dpo": "hornbook.api.stages",
    "find_pivots": "hornbook.api.stages",
    "recall": "hornbook.api.data_stages",
    "refusal": "hornbook.api.stages",
    "rejection_sampling": "hornbook.api.stages",
    "judged_pairs": "hornbook.api.stages",
    "pairs": "hornbook.api.stages",
    "evaluate": "hornbook.api.stages",
    "tune": "hornbook.api.stages",
    "ablate": "hornbook.api.stages",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Public functions are imported when they are first used, so that `import hornbook` stays quick."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
