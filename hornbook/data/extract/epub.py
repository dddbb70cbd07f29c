"""ePub books → Markdown: the chapters in the order of the spine."""

from urllib.parse import unquote

from lxml import etree

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.encoding import decode
from hornbook.data.extract.extract import Source
from hornbook.data.extract.html import whole_text
from hornbook.data.extract.markdown_writer import join_blocks
from hornbook.data.extract.xml_tree import attribute, first_text, local_name, parse_xml
from hornbook.data.extract.zip_parts import ZipParts, beside

CONTAINER = "META-INF/container.xml"
PAGES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml", ""))
METADATA = {"author": "creator", "date": "date", "license": "rights", "publisher": "publisher"}


def extract_epub(source: Source) -> ExtractedDocument:
    """The text of all chapters, without the table of contents, and the book's title, author, date, rights and language.

    A chapter that is missing or broken is left out; `missing_chapters` in the metadata counts them.
    Raises NotExtractable for a broken or protected book, and for one without text.
    """
    parts = ZipParts(source.data)
    package_name = _package_name(parts)
    package = parse_xml(parts.read(package_name))
    chapters: list[str] = []
    missing = 0
    protected = _protected(parts)
    for name in _spine(package, package_name):
        if name in protected:
            raise NotExtractable("protected book: its chapters are encrypted")
        try:
            chapters.append(whole_text(decode(parts.read(name))))
        except NotExtractable:
            missing += 1
    text = join_blocks(chapters)
    if not text:
        raise NotExtractable("book without text")
    said = {key: first_text(package, f"metadata/{name}") for key, name in METADATA.items()}
    said["missing_chapters"] = str(missing) if missing else ""
    language = first_text(package, "metadata/language")[:2].lower()
    return ExtractedDocument(
        text, first_text(package, "metadata/title"), language, {key: value for key, value in said.items() if value}
    )


def _package_name(parts: ZipParts) -> str:
    container = parse_xml(parts.read(CONTAINER))
    for element in container.iter():
        if local_name(element) == "rootfile" and (path := attribute(element, "full-path")):
            return path
    raise NotExtractable("incomplete document: its container names no package")


def _spine(package: etree._Element, package_name: str) -> list[str]:
    """The parts of the book in reading order, without its table of contents."""
    items = {attribute(e, "id"): e for e in package.iter() if local_name(e) == "item"}
    found: list[str] = []
    for element in package.iter():
        item = items.get(attribute(element, "idref")) if local_name(element) == "itemref" else None
        if item is None or "nav" in attribute(item, "properties").split():
            continue
        if attribute(item, "media-type") in PAGES:
            found.append(beside(package_name, unquote(attribute(item, "href").partition("#")[0])))
    return list(dict.fromkeys(found))


def _protected(parts: ZipParts) -> set[str]:
    """Parts that are encrypted. (Fonts often are, and do not matter.)"""
    if "META-INF/encryption.xml" not in parts.names:
        return set()
    root = parse_xml(parts.read("META-INF/encryption.xml"))
    return {unquote(attribute(e, "URI")) for e in root.iter() if local_name(e) == "CipherReference"}
