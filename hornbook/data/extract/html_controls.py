"""Links and lines that operate a page and say nothing of its subject, known by their text."""

from hornbook.data.extract.html_tree import Element

PHRASES = frozenset({  # a block that says only this
    "edit", "edit this page", "edit page", "edit source", "edit on github", "view on github", "improve this page",
    "suggest an edit", "view source", "show source", "page source", "view page source", "report an issue",
    "report a bug", "skip to content", "skip to main content", "skip navigation", "back to top", "to top", "top",
    "print", "print this page", "share", "share this", "share this page", "tweet", "copy link", "permalink",
    "previous", "next", "previous topic", "next topic", "previous page", "next page", "« previous", "next »", "prev",
    "navigation", "table of contents", "on this page", "in this article", "quick search", "toggle navigation",
    "log in", "sign in", "sign up", "subscribe", "read more", "copy", "copied!", "loading...", "advertisement"
})  # fmt: skip
DIRECTIONS = frozenset({"prev", "previous", "next", "up", "home", "top", "contents", "index", "back", "first", "last"})
NETWORKS = ("facebook", "twitter", "linkedin", "pinterest", "whatsapp", "reddit", "telegram", "tumblr", "google+")
LONGEST_NETWORK = 60  # characters, as "Click to share on Facebook (Opens in new window)"
BARS = frozenset({"div", "table", "p", "ul", "ol", "header", "footer", "center", "section", "hr"})
LONGEST_BAR = 300  # characters
LONGEST = max(map(len, PHRASES))
ANCHOR_MARKS = frozenset({
    "¶", "#", "§", "🔗", "⚓", "⚓︎", "∞", "\uf0c1", "¶¶", "link", "permalink", "anchor", "link to this heading", ""
})  # fmt: skip
BRACKETED = frozenset({
    "[source]", "[src]", "[edit]", "[docs]", "[view source]", "[edit source]", "[top]", "[permalink]", "[back to top]"
})  # fmt: skip
IN_TEXT = frozenset({"td", "th", "dt", "dd", "span", "pre"})


def is_control_block(element: Element, links: float) -> bool:
    """Whether a block says only a phrase as "Edit this page". `links` is the share of links in its text."""
    if element.length > LONGEST + 8 or element.tag in IN_TEXT or (links < 0.5 and element.tag in ("a", "li", "label")):
        return False
    text = element.text().strip()
    return text.lower() in PHRASES or (text.startswith(("©", "Copyright ©")) and element.tag != "a")


def shares_page(element: Element) -> bool:
    """Whether a block is a list of links that send the page to others, as "Share on Facebook"."""
    if element.length > LONGEST_NETWORK * len(NETWORKS) or element.linked < 0.7 * element.length:
        return False
    links = [inner.text().lower() for inner in element.elements() if inner.tag == "a" and inner.length]
    named = sum(len(text) <= LONGEST_NETWORK and any(name in text for name in NETWORKS) for text in links)
    return named > 1 and named >= 0.5 * len(links)


def is_navigation_bar(element: Element) -> bool:
    """Whether a block leads to the pages before and after: at least two links, as "Prev", "Up", "Next chapter"."""
    if element.tag not in BARS or element.length > LONGEST_BAR:
        return False
    found = set()
    for inner in element.elements():
        if inner.tag == "a" and inner.length < 120:
            first = inner.text().strip(" \n\t\xa0«»<>←→‹›|[]").lower().partition(" ")[0].rstrip(":")
            found.add(first if first in DIRECTIONS else "")
    return len(found - {""}) > 1


def is_anchor(link: Element) -> bool:
    """Whether a link only marks its own place, as the pilcrow after a heading."""
    if link.length > 20 or "#" not in link.get("href"):
        return False
    return link.text().strip().lower() in ANCHOR_MARKS


def is_bracketed_control(link: Element) -> bool:
    return link.length <= 16 and link.text().strip().lower() in BRACKETED
