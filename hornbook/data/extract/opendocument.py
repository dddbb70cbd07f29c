"""OpenDocument texts (LibreOffice) → Markdown, by way of the elements of HTML."""

from itertools import groupby

from lxml import etree

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source
from hornbook.data.extract.html_tree import Child, Element
from hornbook.data.extract.markdown_writer import join_blocks
from hornbook.data.extract.mathml import mathml_to_tex
from hornbook.data.extract.xml_elements import NotedText, made, mathml_element
from hornbook.data.extract.xml_tree import attribute, first_text, local_name, parse_xml
from hornbook.data.extract.zip_parts import ZipParts

ELEMENTS = {  # an element's name → the element of HTML; others give their text
    "list-item": "li", "list-header": "li", "table": "table", "table-header-rows": "thead", "table-rows": "tbody",
    "table-row": "tr", "table-cell": "td", "covered-table-cell": "", "section": "section", "line-break": "br",
}  # fmt: skip
DROPPED = frozenset((
    "tracked-changes", "sequence-decls", "forms", "variable-decls", "table-of-content", "alphabetical-index",
    "bookmark-start", "image", "table-column", "annotation", "annotation-end", "illustration-index", "note-citation",
    "soft-page-break", "settings",
))  # fmt: skip
CODE_STYLES = frozenset(("Preformatted Text", "Source Code", "Code"))
INLINE_CODE = frozenset(("Source Text", "Teletype", "Example"))
DEEPEST = 100
LONGEST_RUN = 200  # blanks that one element may stand for


def extract_opendocument(source: Source) -> ExtractedDocument:
    """The text with headings, lists, tables, footnotes and equations, and the title, author and date of its metadata.

    Text that was deleted with changes tracked is left out. Raises NotExtractable for a broken document and for one
    without text.
    """
    parts = ZipParts(source.data)
    root = parse_xml(parts.read("content.xml"))
    body = next((element for element in root.iter() if local_name(element) == "text"), None)
    if body is None:
        raise NotExtractable("OpenDocument file without a text: a spreadsheet or a presentation")
    converter = _Converter(parts, _styles(parts, root))
    blocks = converter.noted.blocks(converter.children_of(body, 0))
    text = join_blocks([*blocks, *converter.noted.written_notes()])
    if not text:
        raise NotExtractable("OpenDocument text without text")
    said = parse_xml(parts.read("meta.xml")) if "meta.xml" in parts.names else None
    title, author, date, language = (
        first_text(said, f"meta/{name}") if said is not None else ""
        for name in ("title", "creator", "creation-date", "language")
    )
    found = {"author": author, "date": date[:10]}
    return ExtractedDocument(text, title, language[:2].lower(), {key: value for key, value in found.items() if value})


def _styles(parts: ZipParts, content: etree._Element) -> dict[str, str]:
    """A style's name → that of the style it derives from; a numbered list's style → "ol"."""
    found: dict[str, str] = {}
    for root in [parse_xml(parts.read("styles.xml")) if "styles.xml" in parts.names else None, content]:
        for element in root.iter() if root is not None else ():
            if local_name(element) == "style" and (parent := attribute(element, "parent-style-name")):
                found[attribute(element, "name")] = parent
            elif local_name(element) == "list-style" and len(element) and "number" in local_name(element[0]):
                found[attribute(element, "name")] = "ol"
    return found


class _Converter:
    """Turns OpenDocument's elements into those of HTML. `noted` gathers the footnotes on the way."""

    def __init__(self, parts: ZipParts, styles: dict[str, str]) -> None:
        self.noted = NotedText()
        self._parts, self._styles = parts, styles

    def children_of(self, element: etree._Element, depth: int, list_tag: str = "") -> list[Child]:
        found: list[Child] = [element.text or ""]
        for child in element:
            if name := local_name(child):
                found += self._converted(child, name, depth + 1, list_tag)
            found.append(child.tail or "")
        return _joined_code(found)

    def _converted(self, child: etree._Element, name: str, depth: int, list_tag: str) -> list[Child]:
        if name in DROPPED:
            return []
        if depth > DEEPEST:
            return ["".join(child.itertext())]
        if name == "note":
            return self._note(child, depth)
        if name in ("s", "tab"):
            count = attribute(child, "c")
            return [" " * min(LONGEST_RUN, int(count[:4]) if count.isdecimal() else 1)]
        if name == "object":
            return self._equation(child)
        if name == "list":
            tag = self._styles.get(attribute(child, "style-name"), "") or list_tag or "ul"
            return [made(tag, self.children_of(child, depth, tag))]
        inner = self.children_of(child, depth, list_tag)
        if name == "h" or (name == "p" and self._base(child) in ("Title", "Heading")):
            level = attribute(child, "outline-level") or "1"
            return [made(f"h{min(6, max(1, int(level[:2]) if level.isdecimal() else 1))}", inner)]
        if name == "p":
            return [made("pre" if self._base(child) in CODE_STYLES else "p", inner)]
        if name == "span":
            return [made("code" if self._base(child) in INLINE_CODE else "span", inner)]
        tag = ELEMENTS.get(name, "span")
        if not tag:
            return []
        spans = {
            "colspan": attribute(child, "number-columns-spanned"),
            "rowspan": attribute(child, "number-rows-spanned"),
        }
        return [made(tag, inner, spans if tag == "td" else {})]

    def _base(self, element: etree._Element) -> str:
        """The name of the common style that an element's own style derives from."""
        name = attribute(element, "style-name")
        for _ in range(10):
            shown = name.replace("_20_", " ")
            if shown in CODE_STYLES or shown in INLINE_CODE or shown == "Title" or name not in self._styles:
                return shown
            name = self._styles[name]
        return ""

    def _note(self, element: etree._Element, depth: int) -> list[Child]:
        name = self.noted.name_of()
        self.noted.add(name, self.children_of(element, depth))
        return [self.noted.reference(name)]

    def _equation(self, element: etree._Element) -> list[Child]:
        """An embedded formula; it is displayed if nothing else stands in its paragraph."""
        part = attribute(element, "href").removeprefix("./").strip("/") + "/content.xml"
        math = next((e for e in element.iter() if local_name(e) == "math"), None)
        if math is None and part in self._parts.names:
            root = parse_xml(self._parts.read(part))
            math = (
                root if local_name(root) == "math" else next((e for e in root.iter() if local_name(e) == "math"), None)
            )
        if math is None:
            return []
        frame = element.getparent()
        paragraph = frame.getparent() if frame is not None else None
        alone = paragraph is not None and len(paragraph) == 1 and not "".join(paragraph.itertext()).strip()
        tex = mathml_to_tex(mathml_element(math))
        return [made("script", [tex], {"type": "math/tex" + ("; mode=display" if alone else "")})]


def _joined_code(children: list[Child]) -> list[Child]:
    """Paragraphs of code that follow each other are one block."""
    joined: list[Child] = []
    solid = (
        [child for child in children if not (isinstance(child, str) and not child.strip())]
        if _has_code(children)
        else []
    )
    if not solid:
        return children
    for is_code, group in groupby(solid, lambda child: isinstance(child, Element) and child.tag == "pre"):
        if not is_code:
            joined += group
            continue
        lines: list[Child] = []
        for block in group:
            lines += [*(["\n"] if lines else []), *(block.children if isinstance(block, Element) else [block])]
        joined.append(made("pre", lines))
    return joined


def _has_code(children: list[Child]) -> bool:
    return any(isinstance(child, Element) and child.tag == "pre" for child in children)
