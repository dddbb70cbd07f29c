"""Jupyter notebooks (formats 3 and 4) → Markdown: texts, code with the kernel's language, and what it printed."""

import json
import re
from collections.abc import Iterator
from typing import Any

from hornbook.data.extract import markdown_writer as write
from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source

MOST_OUTPUT_LINES = 40  # of a cell
MOST_OUTPUT_CHARACTERS = 4_000
CELL_LANGUAGES = {  # of cells that begin with %%NAME
    "R": "r",
    "js": "javascript",
    **{name: name for name in ("bash", "sh", "html", "javascript", "latex", "sql", "perl", "ruby", "cython")},
}
_EMBEDDED = re.compile(  # images inside of the file
    r"!\[[^\]\n]{0,300}\]\((?:attachment|data):[^)\s(]*\)?|<img\b[^<>]{0,300}?\bsrc=[\"']?data:[^<>]*>?",
    re.IGNORECASE,
)
_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TITLE = re.compile(r"^#[ \t]+(\S[^\n]*)$", re.MULTILINE)


def extract_notebook(source: Source) -> ExtractedDocument:
    """The cells of a notebook in order (report §2.3). Markdown cells stand as they are, without embedded images.

    Of outputs only text is kept, at most MOST_OUTPUT_LINES lines of a cell. Raises NotExtractable if it is no notebook.
    """
    book = _parsed(source.data)
    metadata = _dict(book.get("metadata"))
    language = _language(metadata)
    text = write.join_blocks(block for cell in _cells(book) for block in _blocks(cell, language))
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # a lone "\ud800" is valid JSON
    if not text:
        raise NotExtractable("notebook has no text: its cells are empty")
    said = {"format": "ipynb", "code_language": language, "author": _authors(metadata)}
    heading = _TITLE.search(text)
    title = metadata.get("title")
    return ExtractedDocument(
        text,
        title=write.one_line(title if isinstance(title, str) else heading[1] if heading else ""),
        metadata={name: value for name, value in said.items() if value},
    )


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        book = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotExtractable(f"notebook is not valid JSON: {write.one_line(str(error))[:200]}") from None
    if not isinstance(book, dict) or not isinstance(book.get("cells", book.get("worksheets")), list):
        raise NotExtractable('notebook has no cells: expected a JSON object with "cells" or "worksheets"')
    return book


def _cells(book: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sheets = [book] if "cells" in book else [_dict(sheet) for sheet in book["worksheets"]]
    for sheet in sheets:
        cells = sheet.get("cells")
        yield from (cell for cell in cells if isinstance(cell, dict)) if isinstance(cells, list) else ()


def _blocks(cell: dict[str, Any], language: str) -> Iterator[str]:
    kind = cell.get("cell_type")
    text = _text(cell.get("source", cell.get("input")))
    if kind == "markdown":
        yield _EMBEDDED.sub("", text).strip()
    elif kind == "heading" and text.strip():  # format 3
        level = cell.get("level")
        yield write.heading(text, level if isinstance(level, int) else 1)
    elif kind == "code":
        if text.strip():
            yield write.code_block(text, _cell_language(text, str(cell.get("language") or language)))
        outputs = cell.get("outputs")
        yield from _outputs(outputs if isinstance(outputs, list) else [])


def _cell_language(code: str, language: str) -> str:
    """The language of a cell that begins with a magic such as %%bash, else that of the notebook."""
    magic = re.match(r"\s*%%(\w+)", code)
    return CELL_LANGUAGES.get(magic[1], _name(language)) if magic else _name(language)


def _language(metadata: dict[str, Any]) -> str:
    kernel, information = _dict(metadata.get("kernelspec")), _dict(metadata.get("language_info"))
    said = information.get("name") or kernel.get("language") or metadata.get("language") or kernel.get("name")
    return _name(said if isinstance(said, str) else "python")


def _name(language: str) -> str:
    """As it stands behind a fence: "python" for ipython and python3, without spaces."""
    name = re.sub(r"[^\w+#.-]", "", language.lower())[:30]
    return "python" if re.fullmatch(r"i?python\d?", name) else name


def _outputs(outputs: list[Any]) -> Iterator[str]:
    """Formatted outputs as they are, all that is plain text in one fence."""
    plain: list[str] = []
    for output in map(_dict, outputs):
        data = _dict(output.get("data")) or output  # format 3 has the types beside "output_type"
        formatted = _text(data.get("text/markdown")) or _text(data.get("text/latex", data.get("latex")))
        has_image = any(name.startswith("image/") or name in ("png", "jpeg", "svg") for name in data)
        if output.get("output_type") == "stream":
            plain.append(_text(output.get("text")))
        elif output.get("output_type") in ("error", "pyerr"):
            plain.append(f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}")
        elif formatted.strip() and not has_image:
            yield from filter(None, [_fenced(plain)])
            plain = []
            yield _bounded(_EMBEDDED.sub("", formatted).strip())
        elif not has_image:
            plain.append(_text(data.get("text/plain", data.get("text"))))
    yield from filter(None, [_fenced(plain)])


def _fenced(parts: list[str]) -> str:
    text = "\n".join(part.rstrip("\n") for part in parts if part.strip())
    lines = [line.rsplit("\r", 1)[-1] for line in _TERMINAL_CODE.sub("", text).replace("\r\n", "\n").split("\n")]
    shown = _bounded("\n".join(lines))
    return write.code_block(shown) if shown.strip() else ""


def _bounded(text: str) -> str:
    lines = text.split("\n")
    kept = "\n".join(lines[:MOST_OUTPUT_LINES])[:MOST_OUTPUT_CHARACTERS]
    return kept if len(kept) == len(text) else f"{kept}\n..."


def _text(value: Any) -> str:
    """A text, which the format may divide into a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _authors(metadata: dict[str, Any]) -> str:
    authors = metadata.get("authors")
    names = [_text(_dict(one).get("name")) for one in authors] if isinstance(authors, list) else []
    return ", ".join(write.one_line(name) for name in names if name)
