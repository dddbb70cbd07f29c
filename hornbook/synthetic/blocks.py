"""A page of text, Markdown or reStructuredText → its parts in order: headings, sentences, items, lines, formulas.

A part is what no cut may divide. Each says how good a place for a cut its beginning is.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from hornbook.base.sentences import sentence_ends
from hornbook.base.token_estimate import token_weight

# How good a place for a cut is
NEVER, LINE, SENTENCE, PARAGRAPH, SECTION = range(5)

_FENCE = re.compile(r"\s*(```+|~~~+)")
_HEADING = re.compile(r"#{1,6}\s+\S|\\(?:part|chapter|(?:sub)*section)\*?\{|={2,6}[^=]+={2,6}\s*$")
_RULE = re.compile(r"\s*([-=~^*#+_\"'`:.])\1{2,}\s*$")
_ITEM = re.compile(r"\s*(?:[-*+•‣·・]|\(?\d{1,3}[.)]|\(?[a-z]\)|[①-⑳])\s+\S")
_TABLE = re.compile(r"\s*\||\s*\+[-=+]{3,}|.*\|.*\||\s*=+(?:\s+=+)+\s*$|[^\t]*\t[^\t]*\t")
_INDENTED = re.compile(r"(?: {4}|\t)|\s*(?:>>>|\.\.\.)(?:\s|$)")
_MARKUP = re.compile(r"\s*(?:\.\.(?:\s|$)|:\w[\w ]*:(?:\s|$)|<[/!a-zA-Z])")
_FORMULA = re.compile(
    r"\s*(?:(?P<dollars>\$\$)|\\(?P<bracket>\[)"
    r"|\\begin\{(?P<name>(?:equation|align|gather|eqnarray|multline|displaymath|math)\*?)\})"
)
_SIGNS = re.compile(r"[=+<>≤≥≈→←⇌⇒∑∫√^\\·×±∂∞]")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff]")
_THAI_SPACE = re.compile(r"(?<=[\u0e00-\u0eff])[ ]+")
_ENDS = re.compile(r"[.!?:。！？؟।։።။៕…][\"'”’»)\]」』）*_]*$")
LONGEST_FORMULA = 60  # lines; what opens one and does not close it is prose
LONGEST_TITLE = 80  # characters of a line that may be a heading without marks of one


class Part(NamedTuple):
    """A piece of a page: characters `start` to `end`, about `weight` tokens.

    `before` is how good a place for a cut its beginning is; `kind` that of the block it belongs to: heading, prose,
    list, table, code, formula or markup.
    """

    start: int
    end: int
    weight: float
    before: int
    kind: str


class _Block(NamedTuple):
    first: int  # line, from 0
    end: int  # the line behind it
    kind: str


def ends_a_sentence(text: str) -> bool:
    """Whether the text ends with a full stop, colon or the like of any script."""
    return bool(_ENDS.search(text.rstrip()))


def parts_of(page: str) -> list[Part]:
    """The parts of a page, in order. All its characters but white space are in one."""
    lines = page.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    parts: list[Part] = []
    previous = _Block(0, 0, "")
    for block in _blocks(lines):
        start, end = starts[block.first], starts[block.end] - 1
        last = page[parts[-1].start : parts[-1].end] if parts else ""
        before = _cut_before(block, previous, last.rstrip(), page[start:end])
        for place, (one, other) in enumerate(_divided(page, start, end, block.kind)):
            text = page[one:other]
            if text.strip():
                parts.append(Part(one, other, token_weight(text), _within(block.kind) if place else before, block.kind))
        previous = block
    return parts


def line_parts(page: str, part: Part) -> list[Part]:
    """A part divided at the ends of its lines, or at the spaces of a script that has them between sentences only."""
    text = page[part.start : part.end]
    if "\n" in text.strip():
        spans = _lines(page, part.start, part.end)
    else:
        places = [part.start, *(part.start + match.end() for match in _THAI_SPACE.finditer(text)), part.end]
        spans = list(pairwise(places))
    return [
        Part(one, other, token_weight(page[one:other]), LINE if place else part.before, part.kind)
        for place, (one, other) in enumerate(spans)
        if page[one:other].strip()
    ]


def _within(kind: str) -> int:
    return {"prose": SENTENCE, "list": SENTENCE}.get(kind, LINE)


def _cut_before(block: _Block, previous: _Block, last: str, text: str) -> int:
    """How good a place for a cut the beginning of `block` is, behind `previous`, whose last part is `last`."""
    if previous.kind == "heading":
        return NEVER
    if block.kind == "heading":
        return SECTION
    small, open_end = text.lstrip()[:1].islower(), not ends_a_sentence(last)
    if previous.kind == "prose" and open_end and (small or block.first == previous.end):
        return NEVER  # in the middle of a sentence
    if block.kind == "formula" or (previous.kind == "formula" and small):
        return LINE
    return SENTENCE if small or last.endswith((":", "：")) else PARAGRAPH


def _divided(page: str, start: int, end: int, kind: str) -> list[tuple[int, int]]:
    """(start, end) of the parts of a block."""
    text = page[start:end]
    if kind == "prose":
        places = [start, *(start + place for _, place in sentence_ends(text)), end]
    elif kind == "list":
        items = [one for one, other in _lines(page, start, end) if _ITEM.match(page[one:other])]
        places = sorted({start, *items, end})
    elif kind in ("code", "table", "markup"):
        return _lines(page, start, end)
    else:
        return [(start, end)]
    return list(pairwise(places))


def _lines(page: str, start: int, end: int) -> list[tuple[int, int]]:
    found = []
    while start < end:
        stop = page.find("\n", start, end) + 1 or end
        found.append((start, stop))
        start = stop
    return found


def _blocks(lines: list[str]) -> Iterator[_Block]:
    place, previous = 0, ""
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        block = _special(lines, place) or _paragraph(lines, place, previous)
        yield block
        place, previous = block.end, block.kind


def _special(lines: list[str], place: int) -> _Block | None:
    """A block that is known by its first line: fenced code, a formula, a heading, a rule."""
    line = lines[place]
    if fence := _FENCE.match(line):
        end = next((n for n in range(place + 1, len(lines)) if lines[n].strip().startswith(fence[1])), None)
        return _Block(place, end + 1, "code") if end is not None else None
    if formula := _FORMULA.match(line):
        closing = "$$" if formula["dollars"] else "\\]" if formula["bracket"] else f"\\end{{{formula['name']}}}"
        rest = line[formula.end() :]
        if closing in rest:
            return _Block(place, place + 1, "formula") if rest.rstrip(" .,;").endswith(closing) else None
        for number in range(place + 1, min(place + LONGEST_FORMULA, len(lines))):
            if closing in lines[number]:
                return _Block(place, number + 1, "formula")
    if _HEADING.match(line):
        return _Block(place, place + 1, "heading")
    below = lines[place + 1 : place + 3]
    if _RULE.match(line):
        if len(below) == 2 and below[0].strip() and below[1].strip() == line.strip():
            return _Block(place, place + 3, "heading")  # a title between two lines
        return _Block(place, place + 1, "markup")
    titled = below and _RULE.match(below[0]) and len(line.strip()) <= LONGEST_TITLE
    if titled and 2 * len(below[0].strip()) >= len(line.strip()) and not _ITEM.match(line):
        return _Block(place, place + 2, "heading")
    return None


def _paragraph(lines: list[str], place: int, previous: str) -> _Block:
    """A block that ends at an empty line, or where one of another kind begins."""
    kind = _kind_of_line(lines[place])
    end = place + 1
    while end < len(lines) and lines[end].strip():
        next_kind = _kind_of_line(lines[end])
        if kind == "prose" and next_kind in ("list", "table"):
            break
        if kind == "table" and next_kind == "prose" and not _RULE.match(lines[end]):
            break
        if _HEADING.match(lines[end]) or _FENCE.match(lines[end]) or _FORMULA.match(lines[end]):
            break
        end += 1
    text = "\n".join(lines[place:end])
    if kind == "code" and previous == "list" and not lines[place].lstrip().startswith(">>>"):
        kind = "list"  # a paragraph of an item
    if kind == "prose" and _is_formula(text):
        kind = "formula"
    if kind == "prose" and end == place + 1 and _is_title(lines, place):
        kind = "heading"
    return _Block(place, end, kind)


def _kind_of_line(line: str) -> str:
    for kind, marks in (("list", _ITEM), ("table", _TABLE), ("code", _INDENTED), ("markup", _MARKUP)):
        if marks.match(line):
            return kind
    return "prose"


def _is_formula(text: str) -> bool:
    """Signs of an equation, and few words."""
    words = sum(map(len, _LONG_WORD.findall(text)))
    return bool(_SIGNS.search(text)) and words < 0.3 * len(text) and not _UNSPACED.search(text)


def _is_title(lines: list[str], place: int) -> bool:
    """Whether a line that stands alone is a heading: it is short, ends without a mark, and whole sentences follow."""
    line = lines[place].strip()
    if len(line) > LONGEST_TITLE or line[-1] in ".!?:;,。！？、；：…" or line[0].islower() or ends_a_sentence(line):
        return False
    following = next((n for n in range(place + 1, len(lines)) if lines[n].strip()), None)
    if following is None or _kind_of_line(lines[following]) != "prose":
        return False
    end = following
    while end < len(lines) and lines[end].strip():
        end += 1
    text = " ".join(lines[following:end])
    return len(text) > 2 * len(line) and ends_a_sentence(text)
