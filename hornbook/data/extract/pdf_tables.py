"""Lines of a PDF whose parts stand below each other → rows of a table."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from hornbook.data.extract.pdf_layout import Line
from hornbook.data.extract.pdf_page import Page, Rule, Segment

MARKER = re.compile(r"(?:[-–—•∙·*◦▪‣○●■□➢✓]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\[\d{1,3}\])")
DECIMAL = re.compile(r"\d{1,2}\.\d")
FEWEST_ROWS = 3  # without rules above and below
MOST_ROWS = 500
COLUMN_GAP = 0.45  # of the font's size: the white strip between two columns of a table
LEADERS = re.compile(r"(?:\s*\.){4,}\s*")  # points between a title and its page

Span = tuple[float, float]


@dataclass
class Table:
    rows: list[list[str]]
    page: int
    column: int


@dataclass
class Frame:
    """Rules that touch each other: where its rows and columns begin, and its right edge."""

    rows: list[float]
    columns: list[float]
    right: float

    def holds(self, line: Line) -> bool:
        y = line.main.y - 0.3 * line.main.size
        return self.rows[0] <= y <= self.rows[-1] and self.columns[0] - 3 <= line.x0 <= line.x1 <= self.right + 30

    def column(self, segment: Segment) -> int:
        return sum(x <= segment.x0 + 1 for x in self.columns)


def find_tables(lines: Sequence[Line], pages: Sequence[Page]) -> list[Line | Table]:
    """The lines, with those that make up a table put together as one item."""
    frames = [_frames(page.rules) for page in pages]
    found: list[Line | Table] = []
    index = 0
    while index < len(lines):
        first = lines[index]
        frame = next((one for one in frames[first.page] if one.holds(first)), None)
        count = _count_in(frame, lines, index) if frame else _count_aligned(lines, index)
        run = lines[index : index + count]
        rows = _framed(run, frame) if frame else _aligned(run, pages[first.page].rules)
        if rows:
            found.append(Table(rows, first.page, first.column))
        else:
            found += run
        index += count
    return found


def _frames(rules: Sequence[Rule]) -> list[Frame]:
    """The frames of at least three vertical and two horizontal rules."""
    groups: list[list[Rule]] = []
    for rule in sorted(rules, key=lambda one: one.y0):
        touching = [group for group in groups if any(_touch(rule, other) for other in group[-60:])]
        groups = [group for group in groups if group not in touching]
        groups.append([*(one for group in touching for one in group), rule])
    frames = []
    for group in groups:
        flat = _merged([(rule.y0, rule.y1) for rule in group if rule.y1 - rule.y0 < rule.x1 - rule.x0], 3.0)
        upright = _merged([(rule.x0, rule.x1) for rule in group if rule.y1 - rule.y0 > rule.x1 - rule.x0], 3.0)
        if len(flat) >= 2 and len(upright) >= 3:
            right = max(rule.x1 for rule in group)
            frames.append(Frame([span[0] for span in flat], [span[0] for span in upright], right))
    return frames


def _touch(one: Rule, other: Rule) -> bool:
    return one.x0 < other.x1 + 2 and other.x0 < one.x1 + 2 and one.y0 < other.y1 + 2 and other.y0 < one.y1 + 2


def _count_in(frame: Frame, lines: Sequence[Line], start: int) -> int:
    end = start
    while end < len(lines) and lines[end].column == lines[start].column and frame.holds(lines[end]):
        end += 1
    return end - start


def _framed(run: Sequence[Line], frame: Frame) -> list[list[str]]:
    """The cells by the rules around them; an empty row or column of the frame is left out."""
    groups: dict[int, list[Line]] = {}
    for line in run:
        groups.setdefault(sum(y <= line.main.y - 0.3 * line.main.size for y in frame.rows), []).append(line)
    if len(groups) <= 3:  # a header, and a body without rules between its rows
        rows = [row for group in groups.values() for row in _full_lines(group, frame)]
    else:
        rows = list(groups.values())
    columns = sorted({frame.column(one) for line in run for one in line.segments})
    if len(columns) < 2 or len(rows) < 2:
        return []
    return [_cells(row, len(columns), lambda one: columns.index(frame.column(one))) for row in rows]


def _full_lines(lines: list[Line], frame: Frame) -> list[list[Line]]:
    """Each line as a row, if all have most of their cells; else all together."""
    least = (len(frame.columns) - 1) / 2
    full = all(len({frame.column(one) for one in line.segments}) > least for line in lines)
    return [[line] for line in lines] if full else [lines]


def _count_aligned(lines: Sequence[Line], start: int) -> int:
    """Number of lines from `start` on whose segments leave common white strips; at least 1."""
    first = lines[start]
    if first.mono or len(first.segments) < 2:
        return 1
    columns = [(one.x0, one.x1) for one in first.segments]
    end = start + 1
    furthest = 2.6  # from line to line, in sizes of the font: the space below a header
    for index in range(start + 1, min(len(lines), start + MOST_ROWS)):
        line, distance = lines[index], _distance(lines[index - 1], lines[index])
        if line.column != first.column or line.mono or not 0 < distance < furthest:
            break
        if not 0.8 < line.main.size / first.main.size < 1.25:
            break
        spans = [(one.x0, one.x1) for one in line.segments]
        merged = _merged([*columns, *spans], COLUMN_GAP * line.main.size)
        if len(merged) < max(2, len(columns) - (index < start + 3)):  # a title may span two columns
            break
        if len(spans) == 1 and not (distance < 1.5 and any(x0 - 6 <= spans[0][0] < x1 for x0, x1 in columns[1:])):
            break
        columns = merged
        furthest = 2.6 if index < start + 3 else max(1.8, 1.5 * distance)
        end = index + 1
    return end - start


def _distance(above: Line, below: Line) -> float:
    """From baseline to baseline, in sizes of the font."""
    return (below.main.y - above.main.y) / max(above.main.size, below.main.size)


def _merged(spans: Sequence[Span], gap: float) -> list[Span]:
    """The spans from left to right, those together that are less than `gap` apart."""
    merged: list[Span] = []
    for x0, x1 in sorted(spans):
        if merged and x0 - merged[-1][1] < gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], x1))
        else:
            merged.append((x0, x1))
    return merged


def _aligned(run: Sequence[Line], rules: Sequence[Rule]) -> list[list[str]]:
    """The cells by the white strips between them; [] if it is no table."""
    gap = COLUMN_GAP * run[0].main.size
    columns = _merged([(one.x0, one.x1) for line in run for one in line.segments], gap)
    if len(columns) < 2 or not _is_table(run, columns, rules):
        return []
    rows = _between(run, rules) or _by_distance(run, columns)
    if len(rows) < 2:
        return []
    return [_cells(row, len(columns), lambda one: _column(one, columns)) for row in rows]


def _cells(lines: Sequence[Line], width: int, column: Callable[[Segment], int]) -> list[str]:
    """The texts of a row's cells, each from top to bottom."""
    cells: list[list[str]] = [[] for _ in range(width)]
    for segment in sorted((one for line in lines for one in line.segments), key=lambda one: (one.y, one.x0)):
        cells[column(segment)].append(segment.text)
    return [LEADERS.sub(" ", " ".join(cell)).strip() for cell in cells]


def _is_table(run: Sequence[Line], columns: Sequence[Span], rules: Sequence[Rule]) -> bool:
    """Not a list with marks before its items, nor lines of text that happen to have wide gaps."""
    first = [one.text.strip() for line in run for one in line.segments if one.x0 < columns[0][1]]
    if all(MARKER.fullmatch(text) for text in first):
        return False
    ruled = len(_heights(run, rules)) >= 2
    if len(run) < (2 if ruled else FEWEST_ROWS):
        return False
    texts = [one.text for line in run for one in line.segments]
    filled = len(texts) / (len(run) * len(columns))
    words = sum(any(character.isalnum() for character in text) for text in texts)
    if not ruled and median(len(text) for text in first) > 60:
        return False
    return filled > (0.3 if ruled else 0.6) and words > 0.6 * len(texts)


def _heights(run: Sequence[Line], rules: Sequence[Rule]) -> list[float]:
    """Where horizontal rules of the run's width stand, from just above it to just below."""
    top, bottom = run[0].main.top - 12, run[-1].main.bottom + 12
    width = max(line.x1 for line in run) - min(line.x0 for line in run)
    flat = [rule for rule in rules if rule.y1 - rule.y0 < rule.x1 - rule.x0 and top <= rule.y0 <= bottom]
    heights: dict[float, float] = {}
    for y, _ in _merged([(rule.y0, rule.y0) for rule in flat], 3.0):
        heights[y] = sum(rule.x1 - rule.x0 for rule in flat if abs(rule.y0 - y) < 3)
    return [y for y, length in heights.items() if length > 0.7 * width]


def _between(run: Sequence[Line], rules: Sequence[Rule]) -> list[list[Line]]:
    """The lines by the rules between them; [] if not every row has its rule."""
    heights = _heights(run, rules)
    groups: dict[int, list[Line]] = {}
    for line in run:
        groups.setdefault(sum(y < line.main.y - 0.3 * line.main.size for y in heights), []).append(line)
    begin = sum(line.x0 < run[0].segments[0].x1 for line in run)
    return list(groups.values()) if len(groups) > 2 and len(groups) >= 0.6 * begin else []


def _by_distance(run: Sequence[Line], columns: Sequence[Span]) -> list[list[Line]]:
    """A line whose first cell is empty goes on with the row above, if it is near."""
    groups: list[list[Line]] = []
    for line in run:
        goes_on = _column(line.segments[0], columns) > 0 and not DECIMAL.match(line.text)
        if groups and goes_on and _distance(groups[-1][-1], line) < 1.45:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _column(segment: Segment, columns: Sequence[Span]) -> int:
    return max(range(len(columns)), key=lambda n: min(segment.x1, columns[n][1]) - max(segment.x0, columns[n][0]))
