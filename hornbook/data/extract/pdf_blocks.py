"""Lines and tables of a PDF in reading order → paragraphs, headings, lists, code and footnotes."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from hornbook.data.extract.pdf_layout import Line
from hornbook.data.extract.pdf_page import LOWERED, RAISED
from hornbook.data.extract.pdf_tables import LEADERS, Table
from hornbook.data.extract.pdf_words import Words, join_lines

HEADING_SIZE = 1.12  # of the body's: from here on a heading
LONGEST_HEADING = 200  # characters
BULLET = re.compile(r"[•∙·◦▪‣○●■□➢✓*–—-]\s+(?=\S)")
NUMBER = re.compile(r"(\d{1,3})[.)]\s+(?=\S)")
LETTER = re.compile(r"\(?(?:[a-zA-Z]|[ivxIVX]{1,5}|\d{1,3})\)\s+(?=\S)|\[\d{1,3}\]\s+(?=\S)")
NUMBERED = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*\.?|[IVX]{1,5}\.|[A-Z]\.(?:\d{1,2}\.?)*)\s+[A-Z]")
FOOTNOTE = re.compile(rf"{RAISED}(\d{{1,3}}){LOWERED}\s*(?=\S)")
_ENDS = re.compile(r"[.!?:;…。！？][\"'”’»)\]]*(?:" + RAISED + r"\d+" + LOWERED + r")?$")


@dataclass
class Block:
    """A part of the text. `kind`: paragraph, heading, item, code, table or footnote; `style` is (size, bold) of its
    font, `mark` the number of an item ("" for a bullet) or footnote."""

    kind: str
    text: str
    lines: list[Line]
    page: int
    column: int
    style: tuple[float, bool] = (0.0, False)
    mark: str = ""
    rows: list[list[str]] | None = None


@dataclass
class Body:
    """What most of the document looks like."""

    size: float
    pitch: float  # from line to line, in sizes of the font
    mono: bool  # all of it is in a font of fixed width
    right: dict[int, float]  # column → where its lines end
    words: Words


def make_blocks(items: Sequence[Line | Table]) -> list[Block]:
    """The blocks of the document, paragraphs joined across columns and pages."""
    lines = [item for item in items if isinstance(item, Line)]
    if not lines:
        return [_table(item) for item in items if isinstance(item, Table)]
    body = _body(lines)
    blocks: list[Block] = []
    index = 0
    while index < len(items):
        item = items[index]
        if isinstance(item, Table):
            blocks.append(_table(item))
            index += 1
            continue
        end = index + 1
        is_code = _is_code(items, index, body)
        while end < len(items) and _same_block(items[index:end], items[end], is_code, body):
            end += 1
        block = _block([one for one in items[index:end] if isinstance(one, Line)], is_code, body)
        before = _goes_on_from(blocks, block, body)
        if before is None:
            blocks.append(block)
        else:
            before.text = join_lines([before.text, block.text], body.words)
            before.lines = [*before.lines, *block.lines]
            before.page, before.column = block.page, block.column
        index = end
    return blocks


def _table(table: Table) -> Block:
    return Block("table", "", [], table.page, table.column, rows=table.rows)


def _body(lines: Sequence[Line]) -> Body:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.main.size * 2) / 2] += len(line.text)
    size = sizes.most_common(1)[0][0]
    plain = [line for line in lines if abs(line.main.size - size) <= 0.5]
    steps = [(b.main.y - a.main.y) / size for a, b in pairwise(plain) if a.column == b.column]
    steps = [step for step in steps if 0.8 < step < 2.5]
    ends: dict[int, list[float]] = defaultdict(list)
    for line in plain:
        ends[line.column].append(line.x1)
    right = {column: sorted(found)[int(0.9 * (len(found) - 1))] for column, found in ends.items()}
    characters = sum(len(line.text) for line in lines)
    return Body(
        size,
        median(steps) if steps else 1.2,
        sum(len(line.text) for line in lines if line.mono) > 0.7 * characters,
        right,
        Words(line.text for line in lines),
    )


def _is_code(items: Sequence[Line | Table], index: int, body: Body) -> bool:
    """A line in a font of fixed width, unless it is inside of a paragraph."""
    line = items[index]
    if not isinstance(line, Line) or not line.mono or body.mono or line.main.size > HEADING_SIZE * body.size:
        return False
    before = items[index - 1] if index else None
    after = items[index + 1] if index + 1 < len(items) else None
    apart = not isinstance(before, Line) or before.column != line.column or before.mono
    apart = apart or _distance(before, line) > 1.15 * body.pitch if isinstance(before, Line) else True
    return apart or (isinstance(after, Line) and after.mono) or line.x0 > line.left + 0.8 * line.main.size


def _same_block(run: Sequence[Line | Table], item: Line | Table, is_code: bool, body: Body) -> bool:
    """Whether the line belongs to the block that the lines of `run` begin."""
    last = run[-1]
    if isinstance(item, Table) or isinstance(last, Table):
        return False
    if is_code:
        return (
            item.mono
            and abs(item.main.size - last.main.size) < 0.5
            and (item.column != last.column or 0 < _distance(last, item) < 4)
        )
    if item.column != last.column:
        return False
    if abs(item.main.size - last.main.size) > 0.08 * body.size and not _is_piece(item, last):
        return False
    first = run[0]
    assert isinstance(first, Line)
    distance = _distance(last, item)
    if _is_large(item, body):
        return 0 < distance < 1.7 and item.bold == last.bold and not NUMBERED.match(item.text)
    if item.bold != last.bold and len(run) == 1 and (_style_heading(last, body) or _style_heading(item, body)):
        return False
    if not 0.3 < distance < 1.3 * body.pitch * (1.15 if item.main.size < 0.95 * body.size else 1):
        return 0 <= distance <= 0.3 or _is_piece(item, last)
    return not _begins(item, last, len(run), first, body)


def _is_piece(line: Line, last: Line) -> bool:
    """Whether it is a part of a formula that stands higher or lower: an index, a limit, a numerator."""
    small = min(line, last, key=lambda one: len(one.text))
    return abs(_distance(last, line)) < 0.85 and len(small.text) < 12


def _begins(line: Line, last: Line, count: int, first: Line, body: Body) -> bool:
    """Whether the line begins a paragraph, by its mark, its indentation or the end of the one before."""
    size = line.main.size
    shift = line.x0 - last.x0
    short = _would_have_fitted(line, last, body)
    ended = bool(_ENDS.search(last.text.rstrip()))
    if BULLET.match(line.text) or (FOOTNOTE.match(line.text) and line.main.size < 0.95 * body.size):
        return True
    if (NUMBER.match(line.text) or LETTER.match(line.text)) and (short or ended or abs(shift) > 0.5 * size):
        return True
    hangs = count == 1 and bool(BULLET.match(last.text) or NUMBER.match(last.text) or LETTER.match(last.text))
    if abs(shift) > 3 * size and not hangs and not (count == 1 and shift < 0):
        return True  # a formula or a title, in the middle of the column
    if shift < -3 * size and last.x0 > line.left + 3 * size:
        return True
    if shift > 0.8 * size:
        return not hangs and (short or ended)
    if shift < -0.8 * size:
        return (count > 1 and first.x0 < last.x0 + size and not first.x0 > line.x0 + 0.8 * size) or (short and ended)
    return short and ended


def _would_have_fitted(line: Line, last: Line, body: Body) -> bool:
    """Whether the first word of the line would have had room at the end of the last line."""
    word = line.text.split(" ", 1)[0]
    letter = (line.x1 - line.x0) / max(1, len(line.text))
    needed = letter * (len(word) + 2) + 0.03 * (line.right - line.left)
    return last.x1 + needed < body.right.get(line.column, line.right)


def _distance(above: Line, below: Line) -> float:
    return (below.main.y - above.main.y) / max(above.main.size, below.main.size)


def _is_large(line: Line, body: Body) -> bool:
    return line.main.size > HEADING_SIZE * body.size and any(one.isalpha() for one in line.text)


def _style_heading(line: Line, body: Body) -> bool:
    """Whether a short line of the body's size is a heading by its style: bold, or numbered in capitals or italics."""
    text = line.text.strip()
    if len(text) > 90 or not any(one.isalpha() for one in text) or text[-1] in ".,;:" or line.mono:
        return False
    if line.x1 > body.right.get(line.column, line.right) - 0.05 * (line.right - line.left):
        return False
    return line.bold or (bool(NUMBERED.match(text)) and (text.isupper() or _italic_title(line)))


def _italic_title(line: Line) -> bool:
    return all(one.italic for one in line.segments)


def _block(lines: list[Line], is_code: bool, body: Body) -> Block:
    first = lines[0]
    style = (round(first.main.size * 2) / 2, first.bold)
    if is_code:
        return Block("code", _code(lines), lines, first.page, first.column)
    text = LEADERS.sub(" ", join_lines([line.text for line in lines], body.words)).strip()
    if len(text) <= LONGEST_HEADING and (_is_large(first, body) or (len(lines) == 1 and _style_heading(first, body))):
        return Block("heading", text, lines, first.page, first.column, style)
    if (found := FOOTNOTE.match(text)) and first.main.size < 0.95 * body.size:
        return Block("footnote", text[found.end() :], lines, first.page, first.column, style, found[1])
    if found := BULLET.match(text):
        return Block("item", text[found.end() :], lines, first.page, first.column, style)
    if (found := NUMBER.match(text)) and text[found.end() - 2 : found.end()].startswith((".", ")")):
        return Block("item", text[found.end() :], lines, first.page, first.column, style, found[1])
    return Block("paragraph", text, lines, first.page, first.column, style)


def _code(lines: Sequence[Line]) -> str:
    """The lines with their indentation and the empty lines between them."""
    width = median((one.x1 - one.x0) / max(1, len(one.text)) for line in lines for one in line.segments) or 5.0
    left = {line.column: min(one.x0 for one in lines if one.column == line.column) for line in lines}
    pitch = min((_distance(a, b) for a, b in pairwise(lines) if a.column == b.column), default=1.2)
    found: list[str] = []
    for index, line in enumerate(lines):
        last = lines[index - 1] if index else line
        if last.column == line.column:
            found += [""] * (round(_distance(last, line) / max(0.5, pitch)) - 1 if index else 0)
        text = ""
        for segment in line.segments:
            text += (
                " " * max(1 if text else 0, round((segment.x0 - left[line.column]) / width) - len(text)) + segment.text
            )
        found.append(text)
    return "\n".join(found)


def _goes_on_from(blocks: list[Block], block: Block, body: Body) -> Block | None:
    """The paragraph of an earlier column that goes on in this block; tables, captions and footnotes may be between."""
    if block.kind != "paragraph" or not blocks:
        return None
    for before in reversed(blocks[-6:]):
        if before.column == block.column and before.kind in ("paragraph", "item", "heading", "code"):
            return None
        if before.kind == "heading" or before.kind == "code" or block.page - before.page > 1:
            return None
        if before.kind not in ("paragraph", "item") or abs(before.style[0] - block.style[0]) > 0.5:
            continue
        end = before.text.rstrip()
        if _ENDS.search(end):
            return None
        last = before.lines[-1]
        full = last.x1 > body.right.get(last.column, last.right) - 0.1 * (last.right - last.left)
        goes_on = block.text[:1].islower() or end.endswith("-") or full
        return before if goes_on else None
    return None
