"""Segments of pages → lines in reading order: running heads and page numbers taken out, columns one after another."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from hornbook.data.extract.pdf_page import Page, Segment, is_from_right

EDGE_ROWS = 3  # rows at the top and bottom of a page among which running heads are looked for
NEIGHBOURS = 60  # segments that are compared with one, so that a page of thousands takes no longer for each
NARROWEST_COLUMN = 70.0  # points
LEAST_CHARACTERS = 18  # in a full line of a column
_NUMBER = re.compile(r"\d+")
_OUTER_NUMBER = re.compile(r"^\d{1,5}\b|\b\d{1,5}$")
_PAGE_NUMBER = re.compile(
    r"[-–—\[(|]?\s*(?:page|seite|p\.)?\s*(?:\d{1,5}|[ivxlc]{1,7})\s*(?:(?:of|von|/)\s*\d{1,5})?\s*[-–—\])|]?",
    re.IGNORECASE,
)
_PRINTED_PAGE = re.compile(  # what browsers print above and below a page: date and title, address and number
    r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}:\d\d.*|(?:https?|file)://\S+\s*\d{1,4}\s*/\s*\d{1,4}", re.DOTALL
)


@dataclass
class Line:
    """Segments side by side in one column, left to right. `column` numbers the columns of the document in reading
    order; `left` and `right` are the column's edges."""

    segments: list[Segment]
    page: int
    column: int = 0
    left: float = 0.0
    right: float = 0.0

    @property
    def text(self) -> str:
        backwards = is_from_right(self.main.text)
        return " ".join(segment.text for segment in (reversed(self.segments) if backwards else self.segments))

    @property
    def x0(self) -> float:
        return self.segments[0].x0

    @property
    def x1(self) -> float:
        return max(segment.x1 for segment in self.segments)

    @property
    def main(self) -> Segment:
        """The segment with most characters: its baseline, size and font are the line's."""
        return max(self.segments, key=lambda segment: len(segment.text))

    @property
    def bold(self) -> bool:
        return all(segment.bold for segment in self.segments)

    @property
    def italic(self) -> bool:
        return all(segment.italic for segment in self.segments)

    @property
    def mono(self) -> bool:
        return all(segment.mono for segment in self.segments)


def reading_order(pages: Sequence[Page], in_time: Callable[[], None]) -> list[Line]:
    """The lines of all pages as they are read. `in_time` is called for each page, and may raise."""
    without_running_heads(pages)
    gutters = [find_gutter(page.segments) for page in pages]
    usual = _usual(gutters)
    lines: list[Line] = []
    column = 0
    for number, (page, gutter) in enumerate(zip(pages, gutters, strict=True)):
        in_time()
        x = gutter or usual
        crossing = [rule.y0 for rule in page.rules if x and rule.x0 < x - 5 and x + 5 < rule.x1]
        for part in _columns(page.segments, x, crossing, usual is not None):
            rows = rows_of(part)
            left, right = min(one.x0 for one in part), max(one.x1 for one in part)
            lines += [Line(row, number, column, left, right) for row in rows]
            column += 1
    return lines


def rows_of(segments: Iterable[Segment]) -> list[list[Segment]]:
    """Segments that stand side by side, in rows from top to bottom."""
    rows: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda one: (one.y, one.x0)):
        row = next((row for row in reversed(rows[-4:]) if _beside(row, segment)), None)
        if row is None:
            rows.append([segment])
        else:
            row.append(segment)
    for row in rows:
        row.sort(key=lambda one: one.x0)
    return sorted(rows, key=lambda row: max(row, key=lambda one: len(one.text)).y)


def _beside(row: list[Segment], segment: Segment) -> bool:
    """Whether the segment overlaps the row's height by half of the smaller one, and none of its segments in width."""
    near = row[-NEIGHBOURS:]
    largest = max(near, key=lambda one: one.size)
    overlap = min(largest.bottom, segment.bottom) - max(largest.top, segment.top)
    if overlap < 0.5 * 0.95 * min(largest.size, segment.size):
        return False
    return all(min(one.x1, segment.x1) - max(one.x0, segment.x0) < 0.3 * segment.size for one in near)


def without_running_heads(pages: Sequence[Page]) -> None:
    """Take out of the pages what stands at the same height of several pages, and numbers of pages at their edges."""
    edges = [_edge_rows(page) for page in pages]
    shapes: dict[tuple[str, int], set[int]] = defaultdict(set)  # (text without digits, height) → its pages
    numbers: dict[int, set[int]] = defaultdict(set)  # number at a row's end, less the page's → its pages
    heights: dict[int, set[int]] = defaultdict(set)  # height of small rows apart from the text → their pages
    for number, rows in enumerate(edges):
        for row, distance in rows:
            for height in _heights(row):
                shapes[_shape(row), height].add(number)
                if distance > 1.5:
                    heights[height].add(number)
            for digits in _OUTER_NUMBER.findall(_row_text(row)) if distance > 1.3 else ():
                numbers[int(digits) - number].add(number)
    for number, (page, rows) in enumerate(zip(pages, edges, strict=True)):
        away: set[int] = set()
        for row, distance in rows:
            places = _heights(row)
            apart = distance > 1.3
            repeated = max(len(shapes[_shape(row), height]) for height in places)
            outer = _OUTER_NUMBER.findall(_row_text(row))
            counts = max((len(numbers[int(digits) - number]) for digits in outer), default=0)
            usual = max(len(heights[height]) for height in places) >= max(4, len(pages) / 2)
            if (
                repeated >= min(len(pages), 2 if apart else 3) > 1
                or (apart and _PAGE_NUMBER.fullmatch(_row_text(row).strip()))
                or _PRINTED_PAGE.fullmatch(_row_text(row).strip())
                or (apart and counts >= max(2, len(pages) // 3))
                or (distance > 1.5 and usual and row[0].size < 1.05 * median(one.size for one in page.segments))
            ):
                away.update(map(id, row))
        page.segments = [segment for segment in page.segments if id(segment) not in away]


def _edge_rows(page: Page) -> list[tuple[list[Segment], float]]:
    """The first and last rows of a page, in its outer fifths, and how far each is from its neighbour towards the text,
    over the usual distance of the page's rows."""
    rows = rows_of(page.segments)
    ys = [max(row, key=lambda one: len(one.text)).y for row in rows]
    steps = [below - above for above, below in pairwise(ys)]
    usual = max(1.0, median(steps)) if steps else 1.0
    found = []
    for index, row in enumerate(rows):
        if index < EDGE_ROWS and ys[index] < 0.2 * page.height:
            found.append((row, steps[index] / usual if index < len(steps) else 2.0))
        elif index >= len(rows) - EDGE_ROWS and ys[index] > 0.8 * page.height:
            found.append((row, steps[index - 1] / usual if index else 2.0))
    return found


def _heights(row: list[Segment]) -> list[int]:
    """Its height and the ones next to it, in steps of three points."""
    height = round(row[0].y / 3)
    return [height - 1, height, height + 1]


def _shape(row: list[Segment]) -> str:
    return _NUMBER.sub("#", _row_text(row)).casefold()


def _row_text(row: list[Segment]) -> str:
    return " ".join(segment.text for segment in row)


def find_gutter(segments: Sequence[Segment], fewest: int = 4) -> float | None:
    """Where two columns of running text meet: the middle of the white strip between them, or None."""
    if len(segments) < 8:
        return None
    counts: Counter[int] = Counter()  # x → gaps that hold it, less the segments that do
    for x0, x1 in _gaps(segments):
        counts.update(range(round(x0 + 1), round(x1)))
    for segment in segments:
        counts.subtract(range(round(segment.x0), round(segment.x1)))
    x, count = max(counts.items(), key=lambda item: item[1])
    if count < 4:
        return None
    first = last = x
    while counts[first - 1] >= 0.8 * count:
        first -= 1
    while counts[last + 1] >= 0.8 * count:
        last += 1
    middle = (first + last) / 2
    bands = _bands(segments, middle, [])
    return middle if any(_is_columns(left, right, fewest) for left, right, _ in bands) else None


def _gaps(segments: Sequence[Segment]) -> list[tuple[float, float]]:
    """The white space to the right of each segment up to the next one beside it."""
    ordered = sorted(segments, key=lambda one: one.y)
    found = []
    for index, segment in enumerate(ordered):
        beside = []
        for other in ordered[max(0, index - NEIGHBOURS) : index + NEIGHBOURS]:
            if other.x0 > segment.x1 and abs(other.y - segment.y) < 0.8 * segment.size:
                beside.append(other.x0)
        if beside and min(beside) - segment.x1 > 0.6 * segment.size:
            found.append((segment.x1, min(beside)))
    return found


Band = tuple[list[Segment], list[Segment], list[Segment]]


def _bands(segments: Sequence[Segment], gutter: float, crossing_rules: Sequence[float]) -> list[Band]:
    """(left, right, across) of each part of the page, from top to bottom; what stands across the gutter divides it."""
    left = min(one.x0 for one in segments)
    is_across = [_crosses(one, gutter, left) for one in segments]
    across = [one for one, crosses in zip(segments, is_across, strict=True) if crosses]
    heights = sorted([*(one.y for one in across), *crossing_rules])
    bands: dict[int, Band] = defaultdict(lambda: ([], [], []))
    for segment, crosses in zip(segments, is_across, strict=True):
        if crosses:
            continue
        band = sum(height <= segment.y - 0.3 * segment.size for height in heights)
        bands[2 * band][0 if segment.x0 + segment.x1 < 2 * gutter else 1].append(segment)
    for segment in across:
        bands[2 * sum(height < segment.y for height in heights) + 1][2].append(segment)
    return [bands[key] for key in sorted(bands)]


def _crosses(segment: Segment, gutter: float, left: float) -> bool:
    """Whether it stands across the gutter. A line of the left column that is too long only sticks out."""
    if not segment.x0 < gutter - 2 < gutter + 2 < segment.x1:
        return False
    starts_left = segment.x0 < left + 0.3 * (gutter - left)
    return not (starts_left and segment.x1 - gutter < 0.2 * (gutter - segment.x0))


def _is_columns(left: list[Segment], right: list[Segment], fewest: int, usual: bool = False) -> bool:
    """Whether both sides are running text, of `fewest` rows: lines that fill their column, not the cells of a table.

    `usual`: other pages have their columns here; then it is enough that one side is running text.
    """
    if not left or not right:
        return False
    return _is_text(left, fewest) + _is_text(right, fewest) >= (1 if usual else 2)


def _is_text(side: list[Segment], fewest: int) -> bool:
    rows = rows_of(side)
    width = max(one.x1 for one in side) - min(one.x0 for one in side)
    full = [row for row in rows if row[-1].x1 - row[0].x0 > 0.7 * width]
    return (
        len(rows) >= fewest
        and width >= NARROWEST_COLUMN
        and len(full) >= 0.4 * len(rows)
        and median(len(_row_text(row)) for row in full) >= LEAST_CHARACTERS
    )


def _usual(gutters: Sequence[float | None]) -> float | None:
    """The gutter that a third of the pages share."""
    found = [gutter for gutter in gutters if gutter is not None]
    middle = median(found) if found else 0.0
    return middle if 3 * sum(abs(one - middle) < 8 for one in found) >= len(gutters) and found else None


def _columns(
    segments: list[Segment], gutter: float | None, crossing: Sequence[float], usual: bool, depth: int = 0
) -> list[list[Segment]]:
    """The segments in parts that are read one after another, each from top to bottom."""
    if gutter is None or not segments or depth > 3:
        return [segments] if segments else []
    parts: list[list[Segment]] = []
    whole: list[Segment] = []  # what is read across the gutter
    for left, right, across in _bands(segments, gutter, crossing):
        if not _is_columns(left, right, 2 if usual else 8 if depth else 4, usual):
            whole += [*left, *right, *across]
            continue
        parts += [whole] if whole else []
        whole = []
        for side in (left, right):
            parts += _columns(side, find_gutter(side, 8), [], False, depth + 1)
    return [*parts, whole] if whole else parts
