"""The main content of a page: by tags, roles and classes as whole words, length of text and share of links in it."""

from hornbook.data.extract.html_beside import (
    BOXES,
    LINKS,
    SHORT,
    Dropped,
    drop_beside,
    has_title,
    running_text,
    words_of_names,
)
from hornbook.data.extract.html_controls import is_control_block, is_navigation_bar, shares_page
from hornbook.data.extract.html_tree import HEADINGS, Child, Element, Tree

MAIN_NAMES = frozenset({
    "main", "main-content", "maincontent", "content", "article", "post-content", "entry-content", "article-body"
})  # fmt: skip
NAVIGATION_ROLES = frozenset({
    "navigation", "search", "banner", "contentinfo", "menu", "menubar", "toolbar", "tablist", "dialog", "alertdialog",
    "complementary"
})  # fmt: skip
LINK_BLOCKS = frozenset({  # dropped where half of their text is links
    "nav", "navbar", "navigation", "menu", "sidebar", "breadcrumb", "breadcrumbs", "footer", "related",
    "pagination", "pager", "topbar"
})  # fmt: skip
ASIDE_BLOCKS = frozenset({  # dropped where they are short: they are about the page or the site, not its subject
    "share", "sharing", "social", "cookie", "cookies", "cookie-banner", "cookie-notice", "cookie-consent", "consent",
    "gdpr", "advert", "adverts", "ad", "ads", "advertisement", "popup", "newsletter", "subscribe", "promo",
    "copyright", "footer", "skip-link", "skiplink", "skip-links", "screen-reader-text", "sr-only", "visually-hidden"
})  # fmt: skip
DROPPABLE = frozenset({
    "nav", "header", "footer", "aside", "div", "section", "ul", "ol", "p", "li", "form", "table", "dl", "details",
    "span", "a", "label", "menu"
})  # fmt: skip
EDGES = BOXES | {"p", "dl"}
FOOTER_LINKS = 0.4  # share of links in what a class or id calls a footer
LEAST_SHARE = 0.25  # of the page's running text, for an element marked as its main content
NAMED_SHARE = 0.6  # the same for an article, and for one marked by its class or id
LEAST_KEPT = 0.4  # of the content's text; where less is left, the choice was wrong and only navigation by tag goes


def main_content(tree: Tree, is_article: bool = False) -> Element:
    """The element that holds the main content. What is not content is taken out of it.

    `is_article`: the page says that it is one article.
    """
    main, is_marked = _marked_main(tree)
    for strict, beside in ((True, is_article or not is_marked), (True, False), (False, False)):
        dropped = _choose(main, strict, is_marked)
        if beside:
            drop_beside(main, is_article, dropped)
        if _leaves_enough(main, dropped) or (is_article and beside and _leaves_text(main, dropped)):
            _take_out(dropped)
            break
    return main


def _leaves_enough(main: Element, dropped: Dropped) -> bool:
    gone = sum(child.length for _, child in dropped)
    gone_plain = gone - sum(child.linked for _, child in dropped)
    left = main.length - sum(child.length for _, child in dropped if _is_navigation(child))
    plain = main.length - main.linked
    few = gone_plain < SHORT or plain - gone_plain >= LEAST_KEPT * plain
    return few and left > 0 and main.length - gone >= LEAST_KEPT * left


def _leaves_text(main: Element, dropped: Dropped) -> bool:
    """Whether enough of the running text is left; there may be more of other things on the page."""
    gone = {id(child) for _, child in dropped}
    return running_text(main, gone) >= LEAST_KEPT * running_text(main) > 0


def _marked_main(tree: Tree) -> tuple[Element, bool]:
    """The element marked as main content that has the most text, if it has enough of the page's; else the body.

    The second value says whether all in it is content, and not only most of it.
    """
    main, articles, named = [], [], []
    for element in tree.named:
        if element.tag == "main" or element.get("role") == "main":
            main.append(element)
        elif element.tag == "article" or element.get("itemprop") == "articleBody":
            articles.append(element)
        elif element.has_blocks and not element.names().isdisjoint(MAIN_NAMES):
            named.append(element)
    body = tree.body
    if main:
        largest = max(main, key=lambda element: (element.prose, element.length))
        prose = body.prose - sum(element.prose for element in tree.named if _is_navigation(element))
        if largest.length and (largest.prose >= LEAST_SHARE * prose or prose - largest.prose < SHORT):
            return largest, True
    for marked in filter(None, (articles, named)):
        largest = max(marked, key=lambda element: element.prose)
        if largest.prose and largest.prose >= NAMED_SHARE * body.prose and (has_title(largest) or not has_title(body)):
            return largest, marked is articles
    return body, False


def _choose(main: Element, strict: bool, in_content: bool) -> Dropped:
    """What is no content. `strict`: blocks of links go as well, not only navigation by tag."""
    dropped: Dropped = []
    stack = [(main, in_content)]
    while stack:
        parent, inside = stack.pop()
        for child in parent.children:
            if isinstance(child, str) or not (child.has_blocks or child.tag in DROPPABLE):
                continue
            if _is_dropped(child, strict, inside):
                dropped.append((parent, child))
            elif child.has_blocks:
                stack.append((child, inside or child.tag in ("main", "article") or child.get("role") == "main"))
    if strict and not in_content:
        _trim(main, False, False, dropped)
        _trim(main, True, False, dropped)
    return dropped


def _take_out(dropped: Dropped) -> None:
    gone = {id(child) for _, child in dropped}
    for parent in {id(parent): parent for parent, _ in dropped}.values():
        parent.children = [child for child in parent.children if id(child) not in gone]


def _is_dropped(element: Element, strict: bool, in_content: bool) -> bool:
    tag = element.tag
    if tag == "main" or tag in HEADINGS or element.get("role") == "main":
        return False
    share = element.linked / element.length if element.length else 0.0
    if _is_navigation(element):
        return share > 0.3 or element.length < SHORT
    if not in_content and share > 0.1 and is_navigation_bar(element):
        return True
    if not strict:
        return False
    if tag == "header":
        return not in_content and share > 0.3 and not has_title(element)
    if tag in ("footer", "aside"):
        if in_content:
            return share > 0.5 and not any(link.get("href").startswith("#") for link in _links(element))
        return share > 0.5 or element.length < (2 * SHORT if tag == "footer" else SHORT)
    if is_control_block(element, share) or shares_page(element):
        return True
    if not element.attributes or tag in ("article", "td", "tr", "tbody"):
        return False
    if not in_content and share > FOOTER_LINKS and "footer" in words_of_names(element) and not has_title(element):
        return True
    names = element.names()
    if not names.isdisjoint(ASIDE_BLOCKS) and element.length < (SHORT if tag != "p" else 80) and not has_title(element):
        return True
    return share > 0.5 and not names.isdisjoint(LINK_BLOCKS)


def _is_navigation(element: Element) -> bool:
    return element.tag == "nav" or (bool(element.attributes) and element.get("role") in NAVIGATION_ROLES)


def _links(element: Element) -> list[Element]:
    return [inner for inner in element.elements() if inner.tag == "a" and inner.get("href")]


def _trim(parent: Element, at_end: bool, in_header: bool, dropped: Dropped) -> bool:
    """Drop the blocks of links before the first running text of the page, or after its last. True: it was reached."""
    gone = {id(child) for _, child in dropped}
    in_header = in_header or parent.tag == "header"
    edges = EDGES - {"p"} if at_end and parent.prose else EDGES  # a source or a list of them ends the text
    children = [
        child for child in parent.children if isinstance(child, str) or (child.length and id(child) not in gone)
    ]
    for place in range(len(children) - 1, -1, -1) if at_end else range(len(children)):
        child = children[place]
        if isinstance(child, str):
            if len(child.strip()) > 20:
                return True
        elif child.tag in edges and child.linked >= LINKS * child.length and not _has_headings(child):
            if at_end and _follows_heading(children, place):
                return True
            dropped.append((parent, child))
        elif child.tag in HEADINGS:
            if not in_header:
                return True
        elif child.has_blocks:
            if _trim(child, at_end, in_header, dropped):
                return True
        elif child.length - child.linked > 20:
            return True
    return False


def _follows_heading(children: list[Child], place: int) -> bool:
    before = next((child for child in reversed(children[:place]) if isinstance(child, Element)), None)
    return before is not None and before.tag in HEADINGS


def _has_headings(element: Element) -> bool:
    return element.has_blocks and any(inner.tag in HEADINGS for inner in element.elements())
