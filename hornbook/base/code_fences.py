"""Fenced code blocks in model answers."""

import re
from collections.abc import Collection

_FENCED = re.compile(r"```[ \t]*([\w+#-]*)[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


def fenced_blocks(text: str, labels: Collection[str] = ()) -> list[str]:
    """The content of each fenced block, in order; a block that is not closed ends with the text.

    With `labels`, only blocks with one of these labels or without a label.
    """
    return [block for label, block in _FENCED.findall(text) if not labels or not label or label.lower() in labels]
