"""Elements of HTML made from those of XML, so that all formats are written by the same functions."""

from collections.abc import Mapping, Sequence

from lxml import etree

from hornbook.data.extract.html_tree import Child, Element
from hornbook.data.extract.xml_tree import local_name

DEEPEST_EQUATION = 120


def made(tag: str, children: Sequence[Child], attributes: Mapping[str, str] | None = None) -> Element:
    """An element with its lengths measured."""
    element = Element(tag, dict(attributes or {}))
    element.children = list(children)
    element.measure()
    return element


def mathml_element(element: etree._Element, depth: int = 0) -> Element:
    """A `<math>` of a document in XML as an element of HTML."""
    children: list[Child] = [element.text or ""]
    for child in element:
        if local_name(child) and depth < DEEPEST_EQUATION:
            children.append(mathml_element(child, depth + 1))
        children.append(child.tail or "")
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    return made(local_name(element), children, attributes)
