"""PDF → Markdown. PDFium gives the characters with their places; lines, columns, tables and headings are found here.

PDFium is native code. The commands run extractors in processes of their own, so that a file that crashes it or keeps it
busy is set aside; in Python, `hornbook.extract` runs it in the calling process.
"""

import re
import threading
import time
from collections.abc import Callable
from functools import partial

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from hornbook.data.extract import markdown_writer as write
from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source
from hornbook.data.extract.pdf_blocks import Block, make_blocks
from hornbook.data.extract.pdf_layout import reading_order
from hornbook.data.extract.pdf_page import LOWERED, RAISED, Page, read_page
from hornbook.data.extract.pdf_tables import find_tables

MOST_PAGES = 3_000
MOST_CHARACTERS = 40_000  # of a page; the rest is left out
MOST_SECONDS = 300.0  # of processor time, for some 5,000 pages
MOST_UNMAPPED = 0.3  # share of characters of which no font says what they are
REASONS = {
    raw.FPDF_ERR_FILE: "PDF cannot be read",
    raw.FPDF_ERR_FORMAT: "PDF is damaged",
    raw.FPDF_ERR_PASSWORD: "PDF is encrypted and needs a password",
    raw.FPDF_ERR_SECURITY: "PDF is encrypted in a way that is not supported",
    raw.FPDF_ERR_PAGE: "PDF is damaged: a page is missing",
}
_ONE_AT_A_TIME = threading.Lock()  # PDFium must not be called from two threads
_SUPERSCRIPT = re.compile(f"{RAISED}(\\d+){LOWERED}")
_CHAPTER, _DECIMAL = re.compile(r"\d{1,2}\.?\s"), re.compile(r"\d{1,2}(?:\.\d{1,2})+(?=\.?\s)")
_LINEAR_LENGTH = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s{1,9}(\d{1,12})")
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?")


def extract_pdf(source: Source) -> ExtractedDocument:
    """The text of a PDF (report §2.3): columns in reading order, paragraphs joined across lines, columns and pages.

    Running heads and page numbers are left out, formulas are plain text. Raises NotExtractable with the reason for a
    file that is encrypted, damaged or scanned, or that takes more than MOST_SECONDS.
    """
    end = time.thread_time() + MOST_SECONDS

    def in_time() -> None:
        if time.thread_time() > end:
            raise NotExtractable(f"PDF took more than {MOST_SECONDS:.0f} seconds of processor time")

    with _ONE_AT_A_TIME:
        pages, said = _read(source.data, in_time)
    characters = sum(page.characters for page in pages)
    if not characters:
        raise NotExtractable("PDF has no text: its pages are scanned or drawn")
    if sum(page.unmapped for page in pages) > MOST_UNMAPPED * characters:
        raise NotExtractable("PDF has no readable text: its fonts do not say which characters they draw")
    blocks = make_blocks(find_tables(reading_order(pages, in_time), pages))
    text = to_markdown(blocks)
    if not text:
        raise NotExtractable("PDF has no text: its pages are scanned or drawn")
    return ExtractedDocument(text, title=_title(said, blocks), metadata=_metadata(said))


def _read(data: bytes, in_time: Callable[[], None]) -> tuple[list[Page], dict[str, str]]:
    if _is_cut_off(data):
        raise NotExtractable("PDF is cut off: its end is missing")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise NotExtractable(REASONS.get(raw.FPDF_GetLastError(), f"PDF cannot be read: {error}")) from None
    try:
        if len(document) > MOST_PAGES:
            raise NotExtractable(f"PDF has {len(document):,} pages; at most {MOST_PAGES:,} are read")
        if not len(document):
            raise NotExtractable("PDF has no pages")
        pages = []
        for index in range(len(document)):
            in_time()
            pages.append(read_page(document, index, MOST_CHARACTERS))
        return pages, document.get_metadata_dict(skip_empty=True)
    except pdfium.PdfiumError as error:
        raise NotExtractable(f"PDF is damaged: page {len(pages) + 1}: {error}") from None
    finally:
        document.close()


def _is_cut_off(data: bytes) -> bool:
    """PDFium repairs a file that was cut off, and gives a part of its text without a word."""
    said = _LINEAR_LENGTH.search(data[:2_000])
    return (said is not None and int(said[1]) > len(data)) or b"startxref" not in data[-1_000_000:]


def to_markdown(blocks: list[Block]) -> str:
    """Markdown of the blocks; the levels of headings are by the size of their font."""
    styles = sorted({block.style for block in blocks if block.kind == "heading"}, reverse=True)
    notes = _footnote_names(blocks)
    parts: list[str] = []
    indents: list[float] = []  # of the items around this one
    for index, block in enumerate(blocks):
        text = _SUPERSCRIPT.sub(partial(_superscript, block, notes), block.text)
        if block.kind == "heading":
            parts.append(write.heading(text, _level(block, blocks, styles)))
        elif block.kind == "code":
            parts.append(write.code_block(text))
        elif block.kind == "table":
            parts.append(write.table([[_SUPERSCRIPT.sub(r"^\1", cell) for cell in row] for row in block.rows or []]))
        elif block.kind == "footnote":
            parts.append(write.footnote(notes.get((block.page, block.mark), block.mark), text))
        elif block.kind == "item":
            follows = index > 0 and blocks[index - 1].kind == "item"
            indents = [*(one for one in indents if follows and one < block.lines[0].x0 - 5), block.lines[0].x0]
            item = write.list_item(text, int(block.mark) if block.mark else None, len(indents) - 1)
            if follows:
                parts[-1] += f"\n{item}"
            else:
                parts.append(item)
        else:
            parts.append(text)
    return write.join_blocks(parts)


def _level(block: Block, blocks: list[Block], styles: list[tuple[float, bool]]) -> int:
    """By the font among those of all headings; 2.1 is below 2 also where they look alike."""
    level = styles.index(block.style) + 1
    if found := _DECIMAL.match(block.text):
        chapters = [one for one in blocks if one.kind == "heading" and _CHAPTER.match(one.text)]
        top = min((styles.index(one.style) + 1 for one in chapters), default=level)
        return max(level, top + found[0].count("."))
    return level


def _footnote_names(blocks: list[Block]) -> dict[tuple[int, str], str]:
    """(page, number) → name of each footnote; where numbers begin again on a page, its own number is added."""
    names: dict[tuple[int, str], str] = {}
    for block in blocks:
        if block.kind == "footnote":
            taken = block.mark in names.values()
            names[block.lines[0].page, block.mark] = f"{block.lines[0].page + 1}-{block.mark}" if taken else block.mark
    return names


def _superscript(block: Block, notes: dict[tuple[int, str], str], found: re.Match[str]) -> str:
    for page in {line.page for line in block.lines}:
        if (page, found[1]) in notes:
            return f"[^{notes[page, found[1]]}]"
    return f"^{found[1]}"


def _title(said: dict[str, str], blocks: list[Block]) -> str:
    """As the file says, or the largest heading of the first page."""
    title = write.one_line(said.get("Title", ""))
    if title and not re.search(r"\.(?:docx?|tex|dvi|pdf|html?|odt)$|^untitled", title, re.IGNORECASE):
        return title
    first = [block for block in blocks if block.kind == "heading" and block.page == 0]
    return max(first, key=lambda block: block.style[0]).text if first else ""


def _metadata(said: dict[str, str]) -> dict[str, str]:
    found = {"format": "pdf"}
    if said.get("Author"):
        found["author"] = write.one_line(said["Author"])
    if date := _DATE.match(said.get("CreationDate", "")):
        found["date"] = "-".join(filter(None, date.groups()))
    return found
