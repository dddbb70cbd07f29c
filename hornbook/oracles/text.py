"""When two short texts say the same."""

import re
import unicodedata

_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\w{2})")
_QUOTES = str.maketrans("“”„«»‘’‚`", '"""""\'\'\'\'')
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mbox|operatorname)\s*\{([^{}]*)\}")


def normalise(text: str) -> str:
    """Lower case, single spaces, no accents, no punctuation but what belongs to a number or joins a word."""
    text = unicodedata.normalize("NFKD", text).replace("−", "-")
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).casefold()
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|(?<!\w)-(?!\d)|[^\w\s.\-]", " ", text)
    return " ".join(text.split())


def meaning(text: str) -> str:
    """What a short text says, whatever its form: case, spaces, quotes, an article and a final stop do not count.

    Operators, brackets, signs, accents and the marks of kana do.
    """
    text = unicodedata.normalize("NFKC", _WRAPPED.sub(r"\1", text)).replace("−", "-").translate(_QUOTES)
    text = " ".join(text.casefold().split())
    text = re.sub(r"\s*([()\[\]{},;:+*/=<>^|&])\s*", r"\1", text)
    text = text.strip("\"' $")
    text = re.sub(r"(?<=[\w)\]}'\"])\s*[.!?。]+$|^[¿¡]", "", text)
    return _ARTICLE.sub("", text.strip("\"' "))
