"""Blocks of a document → Markdown. All formats write through these functions, so that their texts look alike."""

import re
from collections.abc import Iterable, Sequence

FENCE = "```"


def heading(text: str, level: int) -> str:
    """`level` is 1 to 6."""
    return f"{'#' * min(6, max(1, level))} {one_line(text)}"


def code_block(code: str, language: str = "") -> str:
    """A fenced block; the fence is longer than any run of backticks in the code. Indentation is kept."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code.strip(chr(10)).rstrip()}\n{fence}"


def formula(tex: str, display: bool = False) -> str:
    """TeX between dollar signs, on its own lines if it is a displayed equation."""
    return f"$$\n{tex.strip()}\n$$" if display else f"${one_line(tex)}$"


def list_item(text: str, number: int | None = None, depth: int = 0) -> str:
    """An item whose continuation lines are indented under its text; `number` is None in a list of bullets."""
    mark = f"{number}." if number is not None else "-"
    body = text.strip().replace("\n", "\n" + " " * (len(mark) + 1))
    return "\n".join(f"{'  ' * depth}{line}".rstrip() for line in f"{mark} {body}".split("\n"))


def table(rows: Sequence[Sequence[str]], header_rows: int = 1) -> str:
    """Rows of cells, filled up to equal length; a line of dashes stands below the header rows, if there are any."""
    width = max((len(row) for row in rows), default=0)
    lines = [" | ".join(_cell(cell) for cell in [*row, *[""] * (width - len(row))]).rstrip() for row in rows]
    if 0 < header_rows < len(lines):
        lines.insert(header_rows, " | ".join(["---"] * width))
    return "\n".join(lines)


def footnote(name: str, text: str) -> str:
    return f"[^{name}]: {text.strip()}"


def join_blocks(blocks: Iterable[str]) -> str:
    """The blocks with an empty line between; empty ones are left out."""
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip())


def one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return one_line(text)
