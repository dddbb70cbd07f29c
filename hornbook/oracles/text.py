"""When two short texts say the same."""

import re
import unicodedata


def normalise(text: str) -> str:
    """Lower case, single spaces, no accents, no punctuation but what belongs to a number or joins a word."""
    text = unicodedata.normalize("NFKD", text).replace("−", "-")
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).casefold()
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|(?<!\w)-(?!\d)|[^\w\s.\-]", " ", text)
    return " ".join(text.split())
