"""Corrupt text and binaries: impossible characters (report §2.3). `filters.outliers` finds others by statistics."""

import re

CHARS = 8_192  # characters of a document that are checked
BAD_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff\ud800-\udfff\ue000-\uf8ff]")
MAX_BAD_SHARE = 0.002


def bad_characters(text: str) -> str:
    """The reason to drop a text with more than `MAX_BAD_SHARE` of control characters, failed decodings and private
    code points; "" for a good one."""
    start = text[:CHARS]
    share = len(BAD_CHARACTERS.findall(start)) / max(1, len(start))
    return f"bad characters: {share:.1%} of the text" if share > MAX_BAD_SHARE else ""
