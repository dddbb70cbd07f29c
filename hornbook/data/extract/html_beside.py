"""What stands beside the running text of a page: links to other articles, remarks of readers, offers.

A page that says of itself that it is one article (Open Graph, schema.org) holds little else that belongs to it, so that
more is dropped there than on a page that says nothing, such as one of a manual.
"""

import re
from collections.abc import Set
from typing import TypeAlias

from hornbook.data.extract.html_tree import HEADINGS, Child, Element

COMMENTS = frozenset({"comments", "comment-list", "commentlist", "comments-area", "respond", "disqus_thread"})
# Words within the classes and ids of what stands beside the text of an article (`article-gallery`, `relatedLinks`).
BESIDE = frozenset({
    "ad", "ads", "advert", "advertisement", "breaking", "byline", "comments", "dropdown", "footer", "headlines",
    "modal", "nav", "navbar", "newsletter", "outbrain", "player", "popup", "promo", "recommended", "related", "respond",
    "share", "sharing", "social", "sponsored", "subscribe", "subscription", "taboola", "timestamp", "trending"
})  # fmt: skip
PICTURES = frozenset({"carousel", "gallery", "slideshow"})
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
MOST_BESIDE = 0.3  # of the page's running text, for an element that is beside it by its name
MOST_PICTURES = 0.6  # the same for pictures with their captions
WRITTEN = frozenset({"p", "pre", "ul", "ol", "dl", "table", "blockquote", "figure", "math", "hr"})  # tags of content
LISTED = frozenset({"ul", "ol", "dl", "table"})  # what a heading in the text may stand above
BOXES = frozenset({
    "nav", "header", "footer", "aside", "div", "section", "ul", "ol", "form", "table", "details", "center", "menu",
    "span", "a"
})  # fmt: skip
LEAST_FORM = 0.3  # of the page's running text, for a form that holds content
MOST_TEXT = 0.75  # of the page's running text, for the element that holds its text
LEAST_ARTICLE = 600  # characters of running text; a page with less may be an index or a reference, whatever it says
SHORT = 400  # characters
FEW_LINKS = 0.2  # share of links in running text
LINKS = 0.6  # share of links in a block of navigation

Dropped: TypeAlias = list[tuple[Element, Element]]  # each element with the one that holds it


def take_out_comments(element: Element, prose: int) -> None:
    """Take out the comments below an article and the form for another one. `prose` is that of the whole page, which
    must have text besides them.
    """
    kept: list[Child] = []
    for child in element.children:
        if isinstance(child, Element) and child.has_blocks:
            if not child.names().isdisjoint(COMMENTS) and prose - child.prose >= SHORT:
                continue
            if child.tag == "form" and child.prose < LEAST_FORM * prose:
                continue
            take_out_comments(child, prose)
        kept.append(child)
    element.children = kept
    element.measure()


def running_text(element: Element, gone: Set[int] = frozenset(), found: dict[int, int] | None = None) -> int:
    """Characters of running text without lists, asides and teasers of other pages. `gone` has the ids of elements that
    do not count; `found` gets the figure of each element by its id.
    """
    inner = [child for child in element.children if isinstance(child, Element) and child.prose]
    total = sum(running_text(child, gone, found) for child in inner if id(child) not in gone)
    if not inner and element.tag != "li" and element.linked <= FEW_LINKS * element.length:
        total = element.prose
    if element.tag == "aside" or (element.prose < SHORT and _is_teaser(element)):
        total = 0
    if found is not None:
        found[id(element)] = total
    return total


def drop_beside(main: Element, is_article: bool, dropped: Dropped) -> None:
    """Go from the outermost element that holds the running text inwards, and drop what stands beside it."""
    gone = {id(child) for _, child in dropped}
    text: dict[int, int] = {}
    total = running_text(main, gone, text)
    least = MOST_TEXT * total
    is_article = is_article and total >= LEAST_ARTICLE
    holder = main
    while least > 0:
        children = _elements(holder, gone)
        inner = max(children, key=lambda child: text.get(id(child), 0), default=None)
        if inner is None or not inner.has_blocks or text.get(id(inner), 0) < least:
            break
        is_apart = _is_apart if is_article else _is_box
        dropped += [(holder, child) for child in children if child is not inner and is_apart(child, inner)]
        holder = inner
    if is_article and least > 0:
        _drop_around(holder, _elements(holder, gone), text, dropped)
        gone = {id(child) for _, child in dropped}
        _drop_named(main, total, text, gone, dropped)


def _elements(element: Element, gone: Set[int]) -> list[Element]:
    """The elements in it that have text."""
    return [
        child for child in element.children if isinstance(child, Element) and child.length and id(child) not in gone
    ]


def _is_teaser(element: Element) -> bool:
    """Whether each heading in it leads to another page."""
    return 0 < element.titles == element.teasers


def _is_apart(child: Element, text: Element) -> bool:
    """Whether it is no part of the article whose text is in the other element."""
    share = child.linked / child.length
    if child.tag == text.tag and child.get("class") == text.get("class"):
        return False
    if child.tag in HEADINGS or has_title(child):
        return child.length > SHORT
    if child.tag in WRITTEN:
        return share > 0.5
    if not child.has_blocks and child.prose and share < FEW_LINKS:
        return False
    return not _is_solid(child)


def _is_box(child: Element, _text: Element) -> bool:
    """Whether it is a box of links, or a short one, that has no heading of its own."""
    if child.tag not in BOXES or child.solid:
        return False
    share = child.linked / child.length
    if child.titles > child.teasers and share < LINKS:
        return False
    return share > 0.4


def _drop_around(holder: Element, children: list[Element], text: dict[int, int], dropped: Dropped) -> None:
    """Drop what stands before, after and between the blocks of running text in an article."""
    places = [place for place, child in enumerate(children) if text.get(id(child))]
    if not places:
        return
    for place, child in enumerate(children):
        before = children[place - 1] if place else None
        after = children[place + 1] if place + 1 < len(children) else None
        is_between = places[0] < place < places[-1]
        if text.get(id(child)) or child.tag in WRITTEN - LISTED or _is_solid(child) or has_title(child):
            continue
        if child.tag in HEADINGS:
            ends = place > places[-1] and (after is None or after.tag not in LISTED)
            unwanted = child.tag != "h1" and (child.teasers > 0 or ends)
        elif child.tag in LISTED and before is not None and before.tag in HEADINGS and not before.teasers:
            unwanted = False
        elif is_between:
            unwanted = child.linked > 0.8 * child.length or _is_teaser(child)
        else:
            unwanted = child.linked > FEW_LINKS * child.length or child.length < SHORT or child.teasers > 0
        if unwanted:
            dropped.append((holder, child))


def _drop_named(element: Element, total: int, text: dict[int, int], gone: Set[int], dropped: Dropped) -> None:
    """Drop what its class or id calls no part of the text, unless it has too much of the `total` running text."""
    for child in _elements(element, gone):
        words = words_of_names(child)
        most = 0.0 if words.isdisjoint(BESIDE) else MOST_BESIDE
        most = most if words.isdisjoint(PICTURES) else MOST_PICTURES
        if most and text.get(id(child), 0) <= most * total and not has_title(child):
            dropped.append((element, child))
        elif child.has_blocks:
            _drop_named(child, total, text, gone, dropped)


def words_of_names(element: Element) -> set[str]:
    """The words of its classes and its id, in lower case."""
    if not element.attributes:
        return set()
    return {word.lower() for word in WORDS.findall(f"{element.get('class')} {element.get('id')}")}


def _is_solid(element: Element) -> bool:
    """Whether it has code, tables or the like in it, and is no table of links."""
    return element.solid > 0 and element.linked < 0.3 * element.length and not element.teasers


def has_title(element: Element) -> bool:
    """Whether the title of a page stands in it."""
    return any(inner.tag == "h1" for inner in element.elements())
