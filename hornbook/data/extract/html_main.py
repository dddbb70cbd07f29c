"""The main content of a page: by tags, roles and classes as whole words, length of text and share of links in it."""

from hornbook.data.extract.html_inline import is_anchor
from hornbook.data.extract.html_tree import HEADINGS, Child, Element

MAIN_NAMES = frozenset("main main-content maincontent content article post-content entry-content article-body".split())
NAVIGATION_ROLES = frozenset(
    "navigation search banner contentinfo menu menubar toolbar tablist dialog alertdialog complementary".split()
)
LINK_BLOCKS = frozenset(  # dropped where half of their text is links
    "nav navbar navigation menu sidebar breadcrumb breadcrumbs toc footer header related pagination pager topbar".split()
)
ASIDE_BLOCKS = frozenset(  # dropped where they are short: they are about the page or the site, not its subject
    "share sharing social cookie cookies cookie-banner cookie-notice cookie-consent consent gdpr advert adverts ad ads"
    " advertisement popup newsletter subscribe promo copyright skip-link skiplink skip-links screen-reader-text sr-only"
    " visually-hidden".split()
)
KEPT = frozenset("body main article table tbody tr td pre p blockquote dl dd h1 h2 h3 h4 h5 h6".split())
PHRASES = frozenset(  # a block that says only this is a control of the page
    "edit|edit this page|edit page|edit source|edit on github|view on github|improve this page|suggest an edit"
    "|view source|show source|page source|view page source|report an issue|report a bug|skip to content"
    "|skip to main content|skip navigation|back to top|to top|top|print|print this page|share|share this|share this page"
    "|tweet|copy link|permalink|previous|next|previous topic|next topic|previous page|next page|« previous|next »|prev"
    "|navigation|table of contents|contents|on this page|in this article|search|quick search|menu|toggle navigation"
    "|home|index|log in|sign in|sign up|subscribe|read more|copy|copied!|loading...|advertisement".split("|")
)
SHORT = 400  # characters
LEAST_SHARE = 0.25  # of the page's text outside of links, for an element marked as its main content
LEAST_KEPT = 0.4  # of the content's text; where less is left, the choice was wrong and only navigation by tag goes


def main_content(body: Element) -> Element:
    """The element that holds the main content, with what is not content taken out of it."""
    main = _marked_main(body)
    strict, by_tag = _pruned(main, strict=True), _pruned(main, strict=False)
    if strict.length >= LEAST_KEPT * by_tag.length and _plain(strict) >= LEAST_KEPT * _plain(main):
        return strict
    return by_tag if by_tag.length and _plain(by_tag) >= LEAST_KEPT * _plain(main) else main


def _plain(element: Element) -> int:
    return element.length - element.linked


def _marked_main(body: Element) -> Element:
    """The element marked as main content that has the most text, if it has enough of the page's; else the body."""
    main, articles, named = [], [], []
    for element in body.elements():
        if element.tag == "main" or element.get("role") == "main":
            main.append(element)
        elif element.tag == "article" or element.get("itemprop") == "articleBody":
            articles.append(element)
        elif element.attributes and element.has_blocks and not element.names().isdisjoint(MAIN_NAMES):
            named.append(element)
    for marked, share in ((main, LEAST_SHARE), (articles, 0.6), (named, 0.6)):
        if marked:
            largest = max(marked, key=_plain)
            if largest.length and _plain(largest) >= share * _plain(body):
                return largest
    return body


def _pruned(element: Element, strict: bool, in_content: bool = False) -> Element:
    """A copy without what is not content. `strict`: blocks of links go as well, not only navigation by tag."""
    copy = Element(element.tag, element.attributes)
    in_content = in_content or element.tag in ("main", "article") or element.get("role") == "main"
    kept: list[Child] = copy.children
    for child in element.children:
        if isinstance(child, str):
            kept.append(child)
        elif not child.has_blocks and child.tag not in DROPPABLE:
            kept.append(child)
        elif not _is_dropped(child, strict, in_content):
            kept.append(_pruned(child, strict, in_content))
    copy.measure()
    return copy


DROPPABLE = frozenset("nav header footer aside div section ul ol p li form table span a label menu".split())


def _is_dropped(element: Element, strict: bool, in_content: bool) -> bool:
    tag = element.tag
    if tag in ("main", "body") or tag in HEADINGS:
        return False
    share = element.linked / element.length if element.length else 0.0
    if tag == "nav" or (element.attributes and element.get("role") in NAVIGATION_ROLES):
        return share > 0.3 or element.length < SHORT
    if tag == "header":
        return strict and not in_content and share > 0.3 and not _has_title(element)
    if tag == "footer":
        return strict and (share > 0.5 or (not in_content and element.length < 2 * SHORT))
    if tag == "aside":
        return strict and (share > 0.5 or (not in_content and element.length < SHORT))
    if not strict:
        return False
    if element.length <= 24 and tag != "table" and element.text().strip().lower() in PHRASES:
        return (
            tag not in ("td", "th", "dt", "span")
            and (tag != "li" or share > 0.5)
            and (tag != "a" or is_anchor(element))
        )
    if not element.attributes:
        return False
    names = element.names()
    if not names.isdisjoint(ASIDE_BLOCKS):
        return element.length < SHORT and tag not in KEPT | {"article"} or (tag == "p" and element.length < 80)
    return share > 0.5 and not names.isdisjoint(LINK_BLOCKS) and tag not in ("td", "tr", "tbody", "article")


def _has_title(element: Element) -> bool:
    return any(inner.tag == "h1" for inner in element.elements())
