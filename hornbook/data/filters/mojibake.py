"""Text that was decoded as the wrong encoding ("CafÃ©" for "Café") is put right, with ftfy."""

import re

from ftfy import fix_encoding

# the bytes of UTF-8 as other encodings show them: a first byte, then what 0x80-0xBF are in Latin-1, Windows-1252 and
# Windows-1251
_SHOWN = "\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c"
_SHOWN += "\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178"
_SUSPICIOUS = re.compile(rf"[\u00c2-\u00f4][{_SHOWN}]|[РС][\u0402-\u040f\u0452-\u045f\u0490\u0491{_SHOWN}]")


def repaired(text: str) -> str:
    """The text with each line put right that was decoded as the wrong encoding; clean text is returned as it is."""
    if text.isascii() or not _SUSPICIOUS.search(text):
        return text
    return "\n".join(fix_encoding(line) if _SUSPICIOUS.search(line) else line for line in text.split("\n"))
