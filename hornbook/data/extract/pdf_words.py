"""Lines → running text: which hyphens at the end of a line belong to the word."""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\w+(?:-\w+)*")
_BROKEN = re.compile(r"(?P<head>(?:\w+-)*\w+)-$")
_NEXT = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff00-\uff60\u3001\u3002]")  # Chinese and Japanese


class Words:
    """The words of a document, as they stand inside of its lines."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.known = {word.casefold() for line in lines for word in _WORD.findall(line)}

    def keeps_hyphen(self, head: str, tail: str) -> bool:
        """Whether `head-tail` is written with a hyphen elsewhere in the document, and never without."""
        return f"{head}-{tail}".casefold() in self.known and f"{head}{tail}".casefold() not in self.known


def join_lines(lines: Sequence[str], words: Words) -> str:
    """The lines as one. A hyphen at a line's end goes, if the next line begins with a small letter and the document
    does not write the word with it."""
    parts: list[str] = []
    for line in filter(None, (one.strip() for one in lines)):
        before = parts[-1] if parts else ""
        broken, following = _BROKEN.search(before[-80:]), _NEXT.match(line)
        if not before:
            parts.append(line)
        elif broken and following:
            keep = not line[0].islower() or words.keeps_hyphen(broken["head"], following[0])
            parts[-1] = before if keep else before[:-1]
            parts.append(line)
        elif _UNSPACED.match(before[-1]) and _UNSPACED.match(line[0]):
            parts.append(line)
        else:
            parts += [" ", line]
    return "".join(parts)
