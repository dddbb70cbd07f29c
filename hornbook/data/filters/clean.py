"""Normalise line ends, invisible characters, trailing spaces and runs of empty lines; take a sample of a text."""

import re
import unicodedata

INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]")
SPACES = (" ", "\t", "\f")
TRAILING = re.compile(r"[ \t\f]+$", re.MULTILINE)
EMPTY_LINES = re.compile(r"\n{4,}")


def clean_text(text: str) -> str:
    """The same text with Unix line ends, composed characters (NFC) and at most two empty lines in a row."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    if text.endswith(SPACES) or any(f"{space}\n" in text for space in SPACES):  # the search for them is slow
        text = TRAILING.sub("", text)
    return EMPTY_LINES.sub("\n\n\n", text).strip("\n")


def spaced_parts(text: str, parts: int, chars: int) -> str:
    """A short text as it is; of one longer than `parts` x `chars` characters so many parts, evenly spaced, as lines."""
    if len(text) <= parts * chars:
        return text
    step = (len(text) - chars) // (parts - 1)
    return "\n".join(text[start : start + chars] for start in range(0, parts * step, step))
