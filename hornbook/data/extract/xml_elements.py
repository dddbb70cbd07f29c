"""Elements of HTML made from those of other formats, so that all are written by the same functions."""

from collections.abc import Mapping, Sequence

from lxml import etree

from hornbook.data.extract.html_footnotes import Footnotes
from hornbook.data.extract.html_inline import Page
from hornbook.data.extract.html_render import render_blocks
from hornbook.data.extract.html_tree import Child, Element
from hornbook.data.extract.markdown_writer import footnote, join_blocks
from hornbook.data.extract.xml_tree import local_name

DEEPEST_EQUATION = 120


def made(tag: str, children: Sequence[Child], attributes: Mapping[str, str] | None = None) -> Element:
    """An element with its lengths measured."""
    element = Element(tag, dict(attributes or {}))
    element.children = list(children)
    element.measure()
    return element


class NotedText:
    """A text whose footnotes stand where they are referred to: their texts are gathered, and written at its end."""

    def __init__(self) -> None:
        self.page = Page(Footnotes({}, {}, set()), math=True)
        self._names: dict[str, str] = {}  # id in the source → name
        self._notes: dict[str, Element] = {}  # name → content

    def is_known(self, identity: str) -> bool:
        """Whether the note with this id has been referred to."""
        return identity in self._names

    def name_of(self, identity: str = "") -> str:
        """The name of the note with this id in the source, or of another one without an id: "1", "2" ..."""
        return self._names.setdefault(identity or f"#{len(self._names)}", str(len(self._names) + 1))

    def reference(self, name: str) -> Element:
        """The link to the note of this name."""
        link = made("a", [name])
        self.page.footnotes.references[id(link)] = name
        return link

    def add(self, name: str, children: Sequence[Child]) -> None:
        """The content of the note of this name."""
        self._notes[name] = made("div", children)

    def blocks(self, children: Sequence[Child]) -> list[str]:
        """The blocks of Markdown of some content."""
        return render_blocks(made("div", children), self.page)

    def written_notes(self) -> list[str]:
        notes = sorted(self._notes.items(), key=lambda item: int(item[0]))
        return [footnote(name, join_blocks(render_blocks(note, self.page))) for name, note in notes]


def mathml_element(element: etree._Element, depth: int = 0) -> Element:
    """A `<math>` of a document in XML as an element of HTML."""
    children: list[Child] = [element.text or ""]
    for child in element:
        if local_name(child) and depth < DEEPEST_EQUATION:
            children.append(mathml_element(child, depth + 1))
        children.append(child.tail or "")
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    return made(local_name(element), children, attributes)
