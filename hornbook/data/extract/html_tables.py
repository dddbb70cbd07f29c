"""`<table>` → rows of cells, or the blocks of a table that only serves to place them on the page."""

from collections.abc import Callable

from hornbook.data.extract.html_code import code_text, is_code
from hornbook.data.extract.html_tree import HEADINGS, Element
from hornbook.data.extract.markdown_writer import one_line, table

WIDEST_SPAN = 100  # columns or rows that one cell may take
SECTIONS = frozenset({"thead", "tbody", "tfoot"})

Render = Callable[[Element], list[str]]


def table_blocks(element: Element, render: Render) -> list[str]:
    """The table's caption and its rows. `render` gives the blocks of a cell."""
    rows, header_rows = _rows(element)
    captions = [block for child in _parts(element, "caption") for block in render(child)]
    if _is_layout(element, rows):
        return captions + [block for row in rows for cell in row for block in render(cell)]
    grid = _grid(rows, render)
    if not any(any(row) for row in grid):
        return captions
    return [*captions, table(grid, header_rows)]


def cell_text(element: Element, render: Render) -> str:
    return one_line(" ".join(render(element)).replace("```\n", "` ").replace("\n```", " `"))


def _parts(element: Element, tag: str) -> list[Element]:
    return [child for child in element.children if isinstance(child, Element) and child.tag == tag]


def _rows(element: Element) -> tuple[list[list[Element]], int]:
    """The cells of each row, and how many rows at the top are a header."""
    rows: list[list[Element]] = []
    header_rows = 0
    for section in element.children:
        if not isinstance(section, Element) or section.tag in ("caption", "colgroup"):
            continue
        for row in section.children if section.tag in SECTIONS else [section]:
            if isinstance(row, str):
                continue
            cells = [child for child in row.children if isinstance(child, Element)] if row.tag == "tr" else [row]
            heads = section.tag == "thead" or (bool(cells) and all(cell.tag == "th" for cell in cells))
            header_rows += heads and header_rows == len(rows)
            rows.append(cells)
    return rows, header_rows


def _is_layout(element: Element, rows: list[list[Element]]) -> bool:
    if element.get("role") in ("presentation", "none") or all(sum(map(_has_text, row)) <= 1 for row in rows):
        return True
    if 4 * sum(map(_has_code, rows)) >= len(rows):  # no table in Markdown can hold their lines
        return True
    cells = [cell for row in rows for cell in row]
    if any(cell.tag == "th" for cell in cells):
        return False
    return any(
        inner.tag == "table" or inner.tag in HEADINGS for cell in cells if cell.has_blocks for inner in cell.elements()
    )


def _has_code(row: list[Element]) -> bool:
    """Whether a cell has several lines of code."""
    return any(
        is_code(inner) and "\n" in code_text(inner).strip()
        for cell in row
        if cell.has_blocks
        for inner in cell.elements()
    )


def _has_text(cell: Element) -> bool:
    return cell.length > 0 or any(inner.tag == "img" and inner.get("alt") for inner in cell.elements())


def _grid(rows: list[list[Element]], render: Render) -> list[list[str]]:
    """The texts of the cells; a cell that spans several has its text in the first, and "" in the others."""
    grid: list[list[str]] = []
    below: dict[int, int] = {}  # column → rows that a cell above still takes
    for row in rows:
        line: list[str] = []
        for cell in row:
            while below.get(len(line), 0) > 0:
                below[len(line)] -= 1
                line.append("")
            columns, deep = _span(cell, "colspan"), _span(cell, "rowspan")
            for _ in range(columns):
                below[len(line)] = deep - 1
                line.append("" if _ else cell_text(cell, render))
        while below.get(len(line), 0) > 0:
            below[len(line)] -= 1
            line.append("")
        grid.append(line)
    return grid


def _span(cell: Element, name: str) -> int:
    value = cell.get(name).strip()
    return min(WIDEST_SPAN, max(1, int(value))) if value.isascii() and value.isdecimal() and len(value) < 6 else 1
