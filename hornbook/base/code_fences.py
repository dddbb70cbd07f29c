"""Fenced blocks of code in the answers of models."""

import re
from collections.abc import Collection

_FENCED = re.compile(r"```[ \t]*([\w+#-]*)[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


def fenced_blocks(text: str, labels: Collection[str] = ()) -> list[str]:
    """What stands in each fence, in order; one that is not closed ends with the text.

    With `labels`, only fences with one of these labels or with none.
    """
    return [block for label, block in _FENCED.findall(text) if not labels or not label or label.lower() in labels]
