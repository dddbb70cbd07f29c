"""Footnotes: two links that point to each other. The first one in the page is the reference, the other the way back."""

from typing import NamedTuple

from hornbook.data.extract.html_tree import Element

NOTE_TAGS = frozenset("li dt dd aside div p tr section".split())
LONGEST_MARK = 8  # characters of a reference's text: 12, [12], *, †, [a]


class Footnotes(NamedTuple):
    """Elements by their `id()`."""

    references: dict[int, str]  # link → name of the note
    notes: dict[int, str]  # element that holds the note → its name
    returns: set[int]  # links back, which are no text


NO_FOOTNOTES = Footnotes({}, {}, set())


def find_footnotes(top: Element) -> Footnotes:
    """The footnotes of a page, whatever markup it uses for them."""
    links, targets, parents = _links_and_targets(top)
    if not links:
        return NO_FOOTNOTES
    found = Footnotes({}, {}, set())
    names: dict[int, str] = {}
    places = {id(link): place for place, link in enumerate(links)}
    by_note: dict[int, list[Element]] = {}
    for link in links:
        for holder in _ancestors(link, parents):
            by_note.setdefault(id(holder), []).append(link)
    for place, link in enumerate(links):
        note = targets.get(link.get("href")[1:])
        if note is None or id(link) in found.returns:
            continue
        holder = next((e for e in [note, *_ancestors(note, parents)] if e.tag in NOTE_TAGS), None)
        if holder is None:
            continue
        own = _own_ids(link, parents)
        back = [other for other in by_note.get(id(holder), []) if other.get("href")[1:] in own and other is not link]
        if not back or places[id(back[0])] < place:
            continue
        name = names.setdefault(id(holder), _name(link, set(names.values())))
        found.references[id(link)] = name
        found.notes[id(holder)] = name
        found.returns.update(map(id, back))
    return found


def _links_and_targets(top: Element) -> tuple[list[Element], dict[str, Element], dict[int, Element]]:
    links: list[Element] = []
    targets: dict[str, Element] = {}
    parents: dict[int, Element] = {}
    for element in [top, *top.elements()]:
        for child in element.children:
            if isinstance(child, Element):
                parents[id(child)] = element
        if element.attributes:
            if name := element.get("id") or (element.tag == "a" and element.get("name")):
                targets.setdefault(str(name), element)
            if element.tag == "a" and element.length <= LONGEST_MARK and element.get("href").startswith("#"):
                links.append(element)
    return links, targets, parents


def _ancestors(element: Element, parents: dict[int, Element], most: int = 6) -> list[Element]:
    """The elements around it, innermost first, as far as a note's own markup reaches."""
    around: list[Element] = []
    parent = parents.get(id(element))
    while parent is not None and len(around) < most:
        around.append(parent)
        parent = parents.get(id(parent))
    return around


def _own_ids(link: Element, parents: dict[int, Element]) -> set[str]:
    """The names by which another link can point to this one."""
    parent = parents.get(id(link))
    near = [link, *link.elements()] + ([parent] if parent is not None and parent.tag in ("sup", "span") else [])
    return {name for element in near for name in (element.get("id"), element.get("name")) if name}


def _name(link: Element, taken: set[str]) -> str:
    name = "".join(letter for letter in link.text() if letter.isalnum())
    return name if name and name not in taken else str(len(taken) + 1)
