"""HTML → a tree of elements without what no reader sees: scripts, styles, controls of forms, hidden elements."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hornbook.data.extract.document import NotExtractable

UNSEEN = frozenset({
    "head", "script", "style", "noscript", "template", "iframe", "object", "embed", "applet", "canvas", "audio",
    "video", "svg", "select", "datalist", "input", "textarea", "dialog", "map", "progress", "meter", "button",
    "-comment", "!doctype"
})  # fmt: skip
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dir", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
    "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "ul", "caption", "hgroup", "legend", "optgroup", "search"
})  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
SOLID = frozenset({"pre", "table", "dl", "math", "blockquote"})
LABELLED = HEADINGS | {"summary", "dt"}  # a button in one of these is its text
SWALLOWING = frozenset({  # not shown, and without its end tag it takes all that follows
    "title", "textarea", "button", "select", "iframe", "noscript", "dialog", "object", "video", "canvas", "svg"
})  # fmt: skip
NEVER_HIDDEN = frozenset({"html", "body", "main", "article"})
PROSE = 60  # characters outside of links that make a block running text
DEEPEST = 150  # levels of the tree; what is nested deeper is put into the last one
DEEPEST_SOURCE = 20_000  # open elements at once: the parser takes a time that grows with their number
HIDING_STYLE = re.compile(r"(display\s*:\s*none|visibility\s*:\s*hidden)", re.I)
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"
})  # fmt: skip
MOST_UNCLOSED = 50  # elements of one kind of formatting
FORMATTING = re.compile(r"<(/?)(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)\b", re.I)
TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:-]*")
MUST_CLOSE = re.compile(
    r"<(/?)(?:div|section|article|span|ul|ol|dl|table|blockquote|center|main|nav|aside|form)\b", re.I
)


class Element:
    """An element. `children` has text as str.

    `length` counts the characters of its text, `linked` those in links, `prose` those in blocks of running text.
    `titles` counts its headings, `teasers` those that are links to other pages, `solid` its tables, code and the like.
    """

    __slots__ = (
        "attributes",
        "children",
        "has_blocks",
        "length",
        "linked",
        "prose",
        "solid",
        "tag",
        "teasers",
        "titles",
    )

    def __init__(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Child] = []
        self.length = 0
        self.linked = 0
        self.prose = 0
        self.titles = 0
        self.teasers = 0
        self.solid = 0
        self.has_blocks = False

    def get(self, name: str) -> str:
        return self.attributes.get(name) or ""

    def names(self) -> set[str]:
        """Its classes and its id, each as a whole word in lower case."""
        if not self.attributes:
            return set()
        return {*self.get("class").lower().split(), *self.get("id").lower().split()}

    def elements(self) -> Iterator["Element"]:
        """The elements in it, in the order of the document; not itself."""
        stack = [child for child in reversed(self.children) if isinstance(child, Element)]
        while stack:
            element = stack.pop()
            yield element
            stack.extend(child for child in reversed(element.children) if isinstance(child, Element))

    def text(self) -> str:
        """All text in it, as it stands in the source."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def measure(self) -> None:
        """Set the counts, and whether it has blocks in it, from its children."""
        length = linked = prose = titles = teasers = solid = 0
        has_blocks = False
        for child in self.children:
            if isinstance(child, str):
                if not child.isspace():
                    length += len(child)
            else:
                length += child.length
                linked += child.linked
                prose += child.prose
                titles += child.titles
                teasers += child.teasers
                solid += child.solid
                if not has_blocks and (child.has_blocks or child.tag in BLOCKS):
                    has_blocks = True
        tag = self.tag
        if tag == "a" and "href" in self.attributes:
            linked = length
            if titles and not self.get("href").startswith("#"):
                teasers = titles
        elif tag in HEADINGS:
            titles = 1
            teasers = int(tag != "h1" and linked > 0.8 * length and self._leads_away())
        elif tag in SOLID:
            solid += 1
        if not has_blocks:
            prose = length - linked if length - linked >= PROSE and self.tag in BLOCKS else 0
        elif not prose and length - linked >= 4 * PROSE:  # running text with line breaks instead of paragraphs
            prose = sum(len(child) for child in self.children if isinstance(child, str) and not child.isspace())
        if tag == "a" and linked:
            prose = 0
        self.length, self.linked, self.prose, self.has_blocks = length, linked, prose, has_blocks
        self.titles, self.teasers, self.solid = titles, teasers, solid

    def _leads_away(self) -> bool:
        return not any(inner.tag == "a" and inner.get("href").startswith("#") for inner in self.elements())


class Tree(NamedTuple):
    body: Element
    named: list[Element]  # those that have attributes or mark main content, in the order of the document


Child: TypeAlias = Element | str


def parse(html: str) -> LexborHTMLParser:
    """Raises NotExtractable where more than `DEEPEST_SOURCE` elements are open at once."""
    if html.count("<") - 2 * html.count("</") > DEEPEST_SOURCE:
        _check_depth(html)
    if "/>" in html:
        html = _with_end_tags(html)
    if html.count("<") - 2 * html.count("</") > MOST_UNCLOSED:
        html = _without_unclosed(html)
    lowered = html.lower()
    for name in SWALLOWING:
        if (opened := lowered.count("<" + name)) and opened > lowered.count("</" + name):
            html = re.sub(rf"</?{name}\b[^<>]*>", " ", html, flags=re.I)
    if "<noscript" in lowered:
        html = _without_noscript(html)
    return LexborHTMLParser(html)


def build_tree(parser: LexborHTMLParser) -> Tree:
    """The body. Formulas stay even where they are hidden or scripts, since pages show an image of them instead."""
    body = parser.body
    top = Element("body", {} if body is None else body.attributes)
    named: list[Element] = []
    if body is None or body.child is None:
        return Tree(top, named)
    node: LexborNode | None = body.child
    element = top
    opened: list[tuple[LexborNode, Element]] = []
    while node is not None:
        inside = None
        tag = node.tag or ""
        if tag == "-text":
            element.children.append(node.text_content or "")
        else:
            attributes = node.attributes
            if (tag not in UNSEEN or _is_seen(tag, attributes, element)) and not (
                attributes and _is_hidden(tag, attributes, node)
            ):
                child = Element(tag if len(opened) < DEEPEST else "div", attributes)
                inside = node.child
                if attributes or tag in ("main", "article"):
                    named.append(child)
                if len(opened) <= DEEPEST:
                    element.children.append(child)
                else:  # too deep: its text stands in the last level, on a line of its own
                    element.children.append(Element("br", {}))
        if inside is not None:
            opened.append((node, element))
            element = child if len(opened) <= DEEPEST + 1 else element
            node = inside
            continue
        while (following := node.next) is None and opened:
            node, parent = opened.pop()
            if parent is not element:
                element.measure()
            element = parent
        node = following
    top.measure()
    return Tree(top, named)


def _is_seen(tag: str, attributes: dict[str, str | None], parent: Element) -> bool:
    if tag == "script":
        return (attributes.get("type") or "").startswith(("math/tex", "math/latex", "math/mml"))
    return tag == "button" and parent.tag in LABELLED


def _is_hidden(tag: str, attributes: dict[str, str | None], node: LexborNode) -> bool:
    hidden = (
        ("hidden" in attributes and attributes["hidden"] != "until-found")
        or attributes.get("aria-hidden") == "true"
        or ("style" in attributes and HIDING_STYLE.search(attributes["style"] or "") is not None)
    )
    if not hidden or tag in NEVER_HIDDEN or tag == "math":
        return False
    return not (tag == "img" and attributes.get("alt")) and node.css_first("math") is None


def _without_unclosed(html: str) -> str:
    """Without the tags of formatting that is opened again and again: each paragraph would repeat all that is open."""
    open_now = Counter(f"{name.lower()}{sign}" for sign, name in FORMATTING.findall(html))
    for name in {key.rstrip("/") for key in open_now}:
        if open_now[name] - open_now[name + "/"] > MOST_UNCLOSED:
            html = re.sub(rf"</?{name}\b[^<>]*>", "", html, flags=re.I)
    return html


def _with_end_tags(html: str) -> str:
    """`<div/>` as XHTML means it. A parser of HTML takes it for open, with all that follows in it."""
    parts = []
    done = 0
    for match in re.finditer("/>", html):
        start = html.rfind("<", done, match.start())
        name = TAG_NAME.match(html, start + 1, match.start()) if start >= 0 else None
        if name is not None and name[0].lower() not in VOID and ">" not in html[start : match.start()]:
            parts += [html[done : match.start()], f"></{name[0]}>"]
            done = match.end()
    return "".join([*parts, html[done:]])


def _without_noscript(html: str) -> str:
    """The parser would take a `<noscript>` in the head for the begin of the body."""
    first, *parts = re.split(r"<noscript\b[^>]*>", html, flags=re.I)
    return first + "".join(re.split(r"</noscript\s*>", part, maxsplit=1, flags=re.I)[-1] for part in parts)


def _check_depth(html: str) -> None:
    depth = 0
    for match in MUST_CLOSE.finditer(html):
        depth = max(0, depth + (-1 if match[1] else 1))
        if depth > DEEPEST_SOURCE:
            raise NotExtractable(f"HTML with more than {DEEPEST_SOURCE:,} elements open at once")
