"""Footnotes: two links that point to each other. The first one in the page is the reference, the other the way back."""

from collections.abc import Mapping
from typing import NamedTuple

from hornbook.data.extract.html_controls import is_anchor
from hornbook.data.extract.html_tree import Element

NOTE_TAGS = frozenset({"li", "dt", "dd", "aside", "div", "p", "tr", "section"})
LONGEST_MARK = 8  # characters of a reference's text: 12, [12], *, †, [a]


class Footnotes(NamedTuple):
    """Elements by their `id()`."""

    references: dict[int, str]  # link → name of the note
    notes: dict[int, str]  # element that holds the note → its name
    returns: set[int]  # links back, which are no text


NO_FOOTNOTES = Footnotes({}, {}, set())


def find_footnotes(named: list[Element], content: Element) -> Footnotes:
    """The footnotes of a page, whatever markup it uses for them. `named` has its elements with attributes."""
    links = [
        element
        for element in named
        if element.tag == "a"
        and element.length <= LONGEST_MARK
        and element.get("href").startswith("#")
        and not is_anchor(element)
    ]
    if len(links) < 2:
        return NO_FOOTNOTES
    targets = _targets(named)
    parents = {id(child): parent for parent in [content, *content.elements()] for child in parent.children}
    found = Footnotes({}, {}, set())
    names: dict[int, str] = {}
    taken: set[str] = set()
    places = {id(link): place for place, link in enumerate(links)}
    back_from: dict[tuple[int, str], list[Element]] = {}  # a note and where links in it point to → those links
    for link in links:
        for around in _ancestors(link, parents):
            back_from.setdefault((id(around), link.get("href")[1:]), []).append(link)
    for place, link in enumerate(links):
        note = targets.get(link.get("href")[1:])
        if note is None or id(link) in found.returns:
            continue
        holder = next((e for e in [note, *_ancestors(note, parents)] if e.tag in NOTE_TAGS), None)
        if holder is None:
            continue
        back = [other for name in _own_ids(link, parents) for other in back_from.get((id(holder), name), [])]
        if not back or places[id(back[0])] <= place:
            continue
        if id(holder) not in names:
            names[id(holder)] = _name(link, taken)
            taken.add(names[id(holder)])
        found.references[id(link)] = found.notes[id(holder)] = names[id(holder)]
        found.returns.update(map(id, back))
    return found


def _targets(named: list[Element]) -> dict[str, Element]:
    targets: dict[str, Element] = {}
    for element in named:
        if name := element.get("id") or (element.get("name") if element.tag == "a" else ""):
            targets.setdefault(name, element)
    return targets


def _ancestors(element: Element, parents: Mapping[int, Element], most: int = 6) -> list[Element]:
    """The elements around it, innermost first, as far as a note's own markup reaches."""
    around: list[Element] = []
    parent = parents.get(id(element))
    while parent is not None and len(around) < most:
        around.append(parent)
        parent = parents.get(id(parent))
    return around


def _own_ids(link: Element, parents: Mapping[int, Element]) -> set[str]:
    """The names by which another link can point to this one."""
    parent = parents.get(id(link))
    near = [link, *link.elements()] + ([parent] if parent is not None and parent.tag in ("sup", "span") else [])
    return {name for element in near for name in (element.get("id"), element.get("name")) if name}


def _name(link: Element, taken: set[str]) -> str:
    name = "".join(letter for letter in link.text() if letter.isalnum())
    return name if name and name not in taken else str(len(taken) + 1)
