r"""The rows and cells of `tabular` and its relatives, as TeX."""

import re

from hornbook.data.extract.tex_macros import argument

RULES = re.compile(
    r"\\(hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot|noalign\{[^{}]*\}|addlinespace(\[[^\]]*\])?"
    r"|(?:c|cmid)(?:line|rule)(?:\([^)]*\))?\{[^{}]*\}|tabularnewline(?=\s*\\))"
)
HEAD_ENDS = re.compile(r"\\(midrule|endhead|endfirsthead)\b")
TOKEN = re.compile(r"\\begin\{|\\end\{|\\\\(?:\[[^\]]*\])?|\\tabularnewline\b|\\.|[{}&]", re.S)
CHANGES = {"{": 1, "}": -1, "\\begin{": 2, "\\end{": 0}  # of depth; the brace behind a name is still to come
SPAN = re.compile(r"\s*\\multicolumn\s*\{\s*(\d{1,2})\s*\}")
ROW_SPAN = re.compile(r"\s*\\multirow\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}\s*(?:\[[^\]]*\])?\s*(?:\{[^{}]*\}|\*)")


def table_rows(body: str) -> tuple[list[list[str]], int]:
    """The cells of each row, and how many rows are the header. A cell that spans several is followed by empty ones."""
    rows: list[list[str]] = []
    header_rows = 0
    rules = 0
    for row in _split(body):
        text = "&".join(row)
        if rows and not header_rows and (HEAD_ENDS.search(text) or (rules == 1 and r"\hline" in text)):
            header_rows = len(rows)
        rules += r"\hline" in text
        cells = [made for cell in row for made in _cell(RULES.sub("", cell))]
        if any(cell.strip() for cell in cells) and not (rows and cells == rows[0] and r"\endhead" in body):
            rows.append(cells)
    return rows, header_rows


def _split(body: str) -> list[list[str]]:
    """Rows by line ends, cells by `&`, neither within groups nor environments."""
    rows: list[list[str]] = [[]]
    depth = begin = 0
    for match in TOKEN.finditer(body):
        token = match[0]
        if token in CHANGES:
            depth += CHANGES[token]
        elif depth <= 0 and (token == "&" or token.startswith("\\\\") or token == r"\tabularnewline"):
            rows[-1].append(body[begin : match.start()])
            begin = match.end()
            if token != "&":
                rows.append([])
    rows[-1].append(body[begin:])
    return rows


def _cell(cell: str) -> list[str]:
    if match := SPAN.match(cell):
        _, place = argument(cell, match.end())
        text, _ = argument(cell, place)
        return [*_cell(text)[:1], *[""] * (int(match[1]) - 1)]
    if match := ROW_SPAN.match(cell):
        return [argument(cell, match.end())[0]]
    return [cell]
