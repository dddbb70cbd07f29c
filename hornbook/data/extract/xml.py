"""XML of papers, manuals and books (JATS, DocBook, TEI, FictionBook) → Markdown, by way of the elements of HTML.

XHTML is HTML. XML of an unknown vocabulary gives the text of its elements, a paragraph each.
"""

from lxml import etree

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source
from hornbook.data.extract.html import extract_html
from hornbook.data.extract.html_tree import BLOCKS, HEADINGS, Child, Element
from hornbook.data.extract.markdown_writer import heading, join_blocks
from hornbook.data.extract.mathml import mathml_to_tex
from hornbook.data.extract.xml_elements import NotedText, made, mathml_element
from hornbook.data.extract.xml_tree import attribute, first_text, local_name, parse_xml
from hornbook.data.extract.xml_vocabularies import (
    AUTHORS,
    DATES,
    DROPPED,
    ELEMENTS,
    JOINED,
    LICENSES,
    METADATA,
    TITLES,
)

APART = ("fn-group", "table-wrap-foot", "body")  # what holds notes that do not stand where they are referred to
NESTING = 120  # levels of elements that are kept as such; deeper ones give their text
ORDERED = frozenset(("order", "ordered", "arabic", "alpha-lower", "alpha-upper", "roman-lower", "roman-upper"))


def extract_xml(source: Source) -> ExtractedDocument:
    """The text of all content elements, with the title, author, licence, date and language that the metadata has.

    Raises NotExtractable for what is not XML, and for XML without text.
    """
    root = parse_xml(source.data, source.charset)
    if local_name(root).lower() == "html":
        return extract_html(source)
    title = first_text(root, *TITLES)
    converter = _Converter(root)
    blocks = converter.noted.blocks([*converter.abstracts(root), *converter.children_of(root, 1)])
    text = join_blocks([*([heading(title, 1)] if title else []), *blocks, *converter.noted.written_notes()])
    if not blocks:
        raise NotExtractable("XML without text")
    said = {
        "author": first_text(root, *AUTHORS, between=" "),
        "date": first_text(root, *DATES),
        "license": first_text(root, *LICENSES),
    }
    language = attribute(root, "lang") or first_text(root, "title-info/lang")
    return ExtractedDocument(text, title, language[:2].lower(), {key: value for key, value in said.items() if value})


class _Converter:
    """Turns elements of XML into those of HTML. `noted` gathers the footnotes on the way."""

    def __init__(self, root: etree._Element) -> None:
        self.noted = NotedText()
        self._is_tei = local_name(root).lower() in ("tei", "tei.2", "teicorpus")

    def abstracts(self, root: etree._Element) -> list[Child]:
        """Those that stand among the metadata, each with its heading."""
        found: list[Child] = []
        for abstract in root.iter():
            parent = abstract.getparent()
            if local_name(abstract) == "abstract" and parent is not None and local_name(parent) in METADATA:
                inner = self.children_of(abstract, 2)
                named = any(local_name(child) in ("title", "head") for child in abstract)
                found.append(made("section", inner if named else [made("h2", ["Abstract"]), *inner]))
        return found

    def children_of(self, element: etree._Element, level: int, depth: int = 0) -> list[Child]:
        """The children as elements of HTML. `level` is that of headings in it, `depth` the nesting so far."""
        found: list[Child] = [element.text] if element.text else []
        for child in element:
            if name := local_name(child).lower():
                found += self._converted(child, name, level, depth)
            if child.tail:
                found.append(child.tail)
        return found

    def _converted(self, child: etree._Element, name: str, level: int, depth: int) -> list[Child]:
        if name in DROPPED or (name == "front" and not self._is_tei):  # TEI's has prefaces, that of JATS metadata
            return []
        tag = ELEMENTS.get(name, "")
        if depth > NESTING:
            return ["".join(child.itertext())]
        if name in JOINED:
            parts = (" ".join("".join(part.itertext()).split()) for part in child if local_name(part) != "shortcut")
            return [JOINED[name].join(filter(None, parts))]
        if name == "alternatives":  # of one equation: the TeX if there is one, else the first
            best = next((inner for inner in child if local_name(inner) == "tex-math"), None)
            chosen = best if best is not None else next(iter(child), None)
            return [] if chosen is None else self._converted(chosen, local_name(chosen).lower(), level, depth + 1)
        if tag in ("math", "tex", "display"):
            return self._formula(child, tag)
        if tag == "footnote" or (tag == "note" and self._is_tei):
            return self._note(child, level, depth)
        if name == "body" and attribute(child, "name") in ("notes", "comments"):  # of FictionBook
            return [part for section in child for part in self._note(section, level, depth)]
        if target := _note_target(child, name):
            return [self.noted.reference(self.noted.name_of(target))]
        inner = self.children_of(child, level + (tag == "section"), depth + 1)
        if tag == "heading":
            return [made(f"h{min(6, level)}", inner)]
        if tag == "label":
            return [*inner, " "] if local_name(child.getparent()) not in ("sec", "fn", "list-item", "ref") else []
        if tag == "cite":
            return [made("blockquote" if _has_paragraphs(inner) else "span", inner)]
        if tag == "caption":
            return [made("p", inner)]
        if name == "code" and "\n" in "".join(child.itertext()).strip():
            tag = "pre"
        if tag == "list":
            form = attribute(child, "list-type") or attribute(child, "type")
            tag = "ol" if form.partition(":")[0] in ORDERED else "ul"
        elif name == "listitem" and local_name(child.getparent()) == "varlistentry":
            tag = "dd"
        elif name == "table" and any(local_name(inner) == "tgroup" for inner in child):
            tag = "div"  # DocBook's own model, in which the group is the table
        return [made(tag or ("span" if _in_text(child) else "p"), inner, _attributes(child, tag))]

    def _formula(self, element: etree._Element, tag: str) -> list[Child]:
        """An equation of MathML or TeX; the number of a displayed one is left out."""
        math = next((e for e in element.iter() if local_name(e) == "tex-math"), None)
        math = math if math is not None else next((e for e in element.iter() if local_name(e) == "math"), None)
        display = (
            tag == "display" or attribute(element, "display") == "block" or attribute(element, "rend") == "display"
        )
        if math is not None and local_name(math) == "math":
            tex = mathml_to_tex(mathml_element(math))
        elif math is not None or tag == "tex":
            tex = "".join((math if math is not None else element).itertext())
        else:
            return [made("p", self.children_of(element, 6))]
        script = made("script", [tex.strip()], {"type": "math/tex" + ("; mode=display" if display else "")})
        return [script]

    def _note(self, element: etree._Element, level: int, depth: int) -> list[Child]:
        """A footnote: its reference where it stands, its text at the end."""
        inner = self.children_of(element, level, depth + 1)
        if local_name(element) == "section":  # its title is its number
            inner = [child for child in inner if isinstance(child, str) or child.tag not in HEADINGS]
        identity = attribute(element, "id")
        apart = self.noted.is_known(identity) or local_name(element.getparent()) in APART
        name = self.noted.name_of(identity)
        self.noted.add(name, inner)
        return [] if apart else [self.noted.reference(name)]


def _attributes(element: etree._Element, tag: str) -> dict[str, str]:
    """What HTML's elements need to know: spans of cells, the language of code."""
    if tag in ("td", "th"):
        columns, rows = attribute(element, "colspan") or attribute(element, "cols"), attribute(element, "rowspan")
        first, last = attribute(element, "namest")[-2:].lstrip("c"), attribute(element, "nameend")[-2:].lstrip("c")
        if first.isdecimal() and last.isdecimal():
            columns = str(int(last) - int(first) + 1)
        more = attribute(element, "morerows")
        if more.isascii() and more.isdecimal():
            rows = str(int(more[:5]) + 1)
        return {"colspan": columns, "rowspan": rows or attribute(element, "rows")}
    language = attribute(element, "language") if tag == "pre" else ""
    return {"class": f"language-{language}"} if language else {}


def _note_target(element: etree._Element, name: str) -> str:
    """The id of the footnote that a reference of JATS or FictionBook points to; "" if it is none."""
    if name == "xref" and attribute(element, "ref-type") == "fn":
        return attribute(element, "rid")
    return attribute(element, "href").lstrip("#") if name == "a" and attribute(element, "type") == "note" else ""


def _has_paragraphs(children: list[Child]) -> bool:
    return any(isinstance(child, Element) and child.tag in BLOCKS for child in children)


def _in_text(element: etree._Element) -> bool:
    """Whether an unknown element stands among words, as emphasis does."""
    parent = element.getparent()
    if parent is None:
        return False
    known = ELEMENTS.get(local_name(parent).lower(), "")
    if known and known not in ("section", "div", "table", "tr", "dl", "ul", "ol", "list"):
        return True
    beside = (parent.text or "").strip() or any((child.tail or "").strip() for child in parent)
    return bool(beside) or (not known and _in_text(parent))
