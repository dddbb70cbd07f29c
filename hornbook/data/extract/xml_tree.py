"""Bytes of XML → its elements, without anything fetched or expanded from outside."""

import html
import html.entities
import re

from lxml import etree

from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.encoding import decode

DEEPEST = 200  # levels; libxml2 itself stops at 256
SUBSET = re.compile(r"<!DOCTYPE[^\[<>]*(\[.*?\])?\s*>", re.S)
ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+(?:"([^"<&%]{0,1000})"|'([^'<&%]{0,1000})')\s*>""")
DECLARED = re.compile(r"<!ENTITY\s+([\w.-]+)\s")
REFERENCE = re.compile(r"&([A-Za-z][\w.-]{0,60});")
OF_XML = frozenset(["amp", "lt", "gt", "quot", "apos"])
DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
MOST_EXPANDED = 10_000_000  # characters that the document's own entities may add


def parse_xml(data: bytes, charset: str = "") -> etree._Element:
    """The root. Entities that stand for plain text are put in, those of HTML too; of one that is declared elsewhere
    (often a product's name) its name is; others that the document declares, files and nested ones, are dropped.

    Raises NotExtractable for what is not XML, is nested too deeply, or expands without end.
    """
    text = DECLARATION.sub("", decode(data, charset), count=1)
    if match := SUBSET.search(text):
        own = dict.fromkeys(DECLARED.findall(match[1] or ""), "")
        own |= {name: first or second for name, first, second in ENTITY.findall(match[1] or "")}
        text = _without_entities(text[: match.start()] + text[match.end() :], own)
    else:
        text = _without_entities(text, {})
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(text.strip().encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotExtractable(f"not readable as XML: {str(error).splitlines()[0]}") from None
    if root is None:
        raise NotExtractable("not readable as XML: there is no element in it")
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        raise NotExtractable("XML nested more than 256 levels deep")
    return root


def local_name(element: etree._Element) -> str:
    """The name without its namespace, or its prefix if that is not declared; "" for comments and instructions."""
    return element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""


def attribute(element: etree._Element, name: str) -> str:
    """The value of an attribute in any namespace; "" if it is not there."""
    found = element.get(name)
    if found is not None:
        return str(found)
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), "")


def first_text(root: etree._Element, *paths: str, between: str = "") -> str:
    """The text of the first element that one of the paths finds; in paths, names stand for any namespace.

    `between` stands between the texts of its parts, as the blank between first name and surname.
    """
    for path in paths:
        steps = "/".join(f"*[local-name()='{step}']" if step else "" for step in path.split("/"))
        for found in root.xpath(f".//{steps}"):
            if text := " ".join(between.join(found.itertext()).split()):
                return text
    return ""


def _without_entities(text: str, own: dict[str, str]) -> str:
    if "&" not in text:
        return text
    added = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal added
        name = match[1]
        if name in OF_XML:
            return match[0]
        value = own.get(name)
        if value is None:
            value = html.escape(html.unescape(match[0]), quote=False) if name + ";" in html.entities.html5 else name
        added += len(value)
        if added > MOST_EXPANDED:
            raise NotExtractable("XML whose entities expand to more than 10 MB")
        return value

    return REFERENCE.sub(replaced, text)
