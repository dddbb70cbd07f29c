"""What a page's text, formulas, code blocks and tables are, by its own marks, and how much of it an output has."""

import re

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from benchmarks.extract_sites import Site

BLOCK = re.compile(r"(<(?:td|th|tr|li|p|div|dt|dd|h[1-6]|br|section|table|pre)\b)", re.I)  # ends a word
TEX = re.compile(r"\\\((.*)\\\)|\\\[(.*)\\\]|\$\$(.*)\$\$")
FENCE = re.compile(r"^ *```+[\w+#.-]*$", re.M)  # the name of a language is no text of the page
WORD = re.compile(r"[^\W_]+")


class Truth(msgspec.Struct):
    """The parts of a page. `navigation` has lines of it that do not occur in the content."""

    words: list[str]
    formulas: list[str]
    codes: list[list[str]]  # lines
    tables: list[list[list[str]]]  # rows of cells
    navigation: list[str]


class Kept(msgspec.Struct):
    """How much of a page an output has: counts, and whether navigation is in it."""

    f1: float
    formulas: int
    codes: int
    tables: int
    leaked: bool


def read_truth(html: str, site: Site) -> Truth | None:
    """The parts of a page; None where nothing is marked as its content."""
    parser = LexborHTMLParser(BLOCK.sub(r"\n\1", html))
    outermost = parser.css(site.main)
    if not outermost:
        return None
    for node in parser.css(site.dropped):
        node.decompose()
    for node in parser.css(".linenos, .lineno, [hidden]"):
        node.decompose()
    formulas = [_formula(node) for main in outermost for node in main.css(".math, .katex") if not _within(node, "math")]
    for image in parser.css("img.math, .math img"):
        image.replace_with(image.attributes.get("alt") or "")
    text = "\n".join(main.text(separator="") for main in outermost)
    whole = " ".join(text.split())
    codes = [_lines(node.text()) for main in outermost for node in main.css("pre")]
    tables = [rows for main in outermost for node in main.css("table") if len(rows := _rows(node)) > 1]
    for main in outermost:
        main.decompose()
    body = parser.body
    return Truth(
        words=WORD.findall(text),
        formulas=[formula for formula in formulas if formula],
        codes=[lines for lines in codes if lines],
        tables=tables,
        navigation=[] if body is None else sorted(_navigation(body, whole)),
    )


def compare(truth: Truth, output: str) -> Kept:
    """What an output kept. The order of the words counts: F1 is of the longest common subsequence."""
    words = WORD.findall(FENCE.sub("", output))
    total = len(words) + len(truth.words)
    dense = "".join(output.split())
    lines = output.split("\n")
    stripped = {line.strip(" \t>|") for line in lines}
    return Kept(
        f1=2 * longest_common_subsequence(truth.words, words) / total if total else 1.0,
        formulas=sum(formula in dense for formula in truth.formulas),
        codes=sum(_has_code(lines, code) for code in truth.codes),
        tables=sum(_has_table(lines, rows) for rows in truth.tables),
        leaked=any(line in stripped or f"- {line}" in stripped for line in truth.navigation),
    )


def longest_common_subsequence(first: list[str], second: list[str]) -> int:
    """Its length, by the bits of one integer (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(first)) - 1
    row = full
    for word in second:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & full
    return len(first) - row.bit_count()


def _within(node: LexborNode, name: str) -> bool:
    parent = node.parent
    while parent is not None and parent.tag != "body":
        if name in (parent.attributes.get("class") or "").split():
            return True
        parent = parent.parent
    return False


def _formula(node: LexborNode) -> str:
    r"""Its TeX without white space and delimiters; "" for an element of this class that has none."""
    image = node if node.tag == "img" else node.css_first("img")
    text = (image.attributes.get("alt") or "") if image is not None else node.text()
    dense = "".join(text.split())
    if match := TEX.search(dense):
        return next(filter(None, match.groups()), "")
    return dense if image is not None else ""


def _lines(code: str) -> list[str]:
    lines = [line.rstrip() for line in code.replace("\xa0", " ").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return lines


def _rows(table: LexborNode) -> list[list[str]]:
    """Cells as words; [] for a table within or around another, or one that has no two columns."""
    if table.css_first("table table, pre") is not None:
        return []
    rows = [[" ".join(WORD.findall(cell.text())) for cell in row.css("th, td")] for row in table.css("tr")]
    return [row for row in rows if any(row)] if any(len(row) > 1 for row in rows) else []


def _navigation(body: LexborNode, content: str) -> set[str]:
    """Texts of links outside the content: two words or more, and not in it."""
    texts = (" ".join(link.text().split()) for link in body.css("a"))
    return {text for text in texts if len(text) > 9 and " " in text and text not in content}


def _has_code(lines: list[str], code: list[str]) -> bool:
    """Whether the lines follow each other in the output, all indented by the same number of spaces more."""
    for place, line in enumerate(lines):
        if line.strip() == code[0].strip() and len(lines) >= place + len(code):
            more = _indent(line) - _indent(code[0])
            if all(
                _same_line(found, wanted, more)
                for found, wanted in zip(lines[place : place + len(code)], code, strict=True)
            ):
                return True
    return False


def _same_line(found: str, wanted: str, more: int) -> bool:
    return found.strip() == wanted.strip() and (not wanted.strip() or _indent(found) == _indent(wanted) + more)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _has_table(lines: list[str], rows: list[list[str]]) -> bool:
    """Whether each row stands on one line of the output, cell after cell with a sign between them."""
    texts = {
        "|".join(filter(None, (" ".join(WORD.findall(cell)) for cell in re.split(r"\||\t", line))))
        for line in lines
        if "|" in line or "\t" in line
    }
    return all("|".join(filter(None, row)) in texts for row in rows if sum(map(bool, row)) > 1)
