"""Threads of forums: above each post stands who wrote it, and whom it answers."""

import re
from typing import NamedTuple

from hornbook.data.extract.html_tree import Element, Tree

POST_NAMES = frozenset(  # classes, as whole words
    {"post", "comment", "reply", "answer", "question", "message", "forum-post", "topic-post", "thread-post"}
)
POST_TYPES = frozenset({"question", "answer", "comment", "discussionforumposting"})  # of schema.org
AUTHOR_NAMES = frozenset(
    {"author", "username", "user-name", "user", "poster", "postauthor", "post-author", "comment-author"}
    | {"commenter", "comment-user", "user-details", "nickname", "fn", "byline"}
)
POST_ID = re.compile(r"(?:post|comment|reply|answer|message|msg)[-_]?\d+", re.I)
AUTHOR_LINK = re.compile(
    r"(?:^|/)(?:users?|u|members?|profiles?|people)(?:/|\.php)|(?:^|/)(?:user|member|profile)\?", re.I
)
QUOTE_ATTRIBUTES = ("data-username", "data-quote", "data-author")
TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th"})
CLIMB = 3  # levels above a post's text at which its author may stand
PARENT_ATTRIBUTES = ("data-parent-id", "data-parent", "data-reply-to", "data-in-reply-to")
LONGEST_NAME = 60  # characters
QUOTED = re.compile(r"^(.{1,60}?)\s+(?:wrote|said|writes|schrieb)\b", re.I)
POSTED = re.compile(r"originally posted by (.{1,60})", re.I)


class Post(NamedTuple):
    element: Element
    author: str
    byline: Element  # where its author's name stands
    around: Element | None  # the post that it stands in


def mark_threads(tree: Tree) -> None:
    """Put a line with the author above each post, where a page has at least two posts with authors."""
    if sum(map(_is_post, tree.named)) < 2:
        return
    posts = _find_posts(tree.body)
    if len(posts) < 2:
        return
    by_element = {id(post.element): post for post in posts}
    by_name = {name: post for post in reversed(posts) for name in _ids(post.element)}
    question = next((post for post in posts if _is_kind(post.element, "question")), None)
    for post in posts:
        answered = _quoted_author(post.element)
        parent = by_name.get(next(filter(None, (post.element.get(name) for name in PARENT_ATTRIBUTES)), ""))
        if parent is None and post.around is not None:
            parent = by_element[id(post.around)]
        if parent is None and _is_kind(post.element, "answer"):
            parent = question
        if parent is not None and parent is not post:
            answered = parent.author
        _put_author(post, f"{post.author}, in reply to {answered}:" if answered else f"{post.author}:")


def _find_posts(body: Element) -> list[Post]:
    """The posts in their order. Each is the outermost element of its mark that has an author of its own; the author may
    stand beside the marked element, within an element around both that holds no other post.
    """
    marked: dict[int, int] = {}
    _count_posts(body, marked)
    posts: list[Post] = []
    bylines: set[int] = set()
    stack: list[tuple[Element, Element | None, tuple[Element, ...]]] = [(body, None, ())]
    while stack:
        element, around, above = stack.pop()
        inner = around
        if element.length and _is_post(element):
            for holder in (element, *reversed(above)):
                if holder is around or marked[id(holder)] > marked[id(element)]:
                    break
                if (found := _find_author(holder)) and id(found[1]) not in bylines:
                    bylines.add(id(found[1]))
                    posts.append(Post(holder, *found, around))
                    inner = element
                    break
        above = (*above, element)[-CLIMB:]
        stack.extend((child, inner, above) for child in reversed(element.children) if isinstance(child, Element))
    return posts


def _count_posts(element: Element, marked: dict[int, int]) -> int:
    """How many marked posts each element holds, itself included, by its id."""
    inner = sum(_count_posts(child, marked) for child in element.children if isinstance(child, Element))
    marked[id(element)] = inner + (element.length > 0 and _is_post(element))
    return marked[id(element)]


def _is_post(element: Element) -> bool:
    if not element.attributes:
        return False
    kind = element.get("itemtype").lower().rpartition("/")[2]
    if kind in POST_TYPES or not POST_NAMES.isdisjoint(element.get("class").lower().split()):
        return True
    return POST_ID.fullmatch(element.get("id")) is not None


def _is_kind(element: Element, kind: str) -> bool:
    return element.get("itemtype").lower().endswith("/" + kind) or kind in element.get("class").lower().split()


def _find_author(post: Element) -> tuple[str, Element] | None:
    """The name and the element that has it; not one of a post within this post. If nothing is marked as the author, it
    is a link to a user's page that stands before the text.
    """
    linked: tuple[str, Element] | None = None
    in_text = False
    stack = [child for child in reversed(post.children) if isinstance(child, Element)]
    while stack:
        element = stack.pop()
        if element.attributes and _is_author(element):
            link = next((inner for inner in element.elements() if inner.tag == "a" and inner.length), None)
            named = link if link is not None and element.length > link.length else element
            if name := _name(named):
                return name, named
        if element.tag == "a" and linked is None and not in_text and AUTHOR_LINK.search(element.get("href")):
            linked = (name, element) if (name := _name(element)) else None
        in_text = in_text or (element.prose > 0 and not element.has_blocks)
        if not (element.has_blocks and _is_post(element)):
            stack.extend(child for child in reversed(element.children) if isinstance(child, Element))
    return linked


def _name(element: Element) -> str:
    name = " ".join(element.text().split()).removeprefix("by ").rstrip(":") if element.length < 4 * LONGEST_NAME else ""
    return name if len(name) <= LONGEST_NAME else ""


def _is_author(element: Element) -> bool:
    if element.get("itemprop") in ("author", "creator") or element.get("rel") == "author":
        return True
    return not AUTHOR_NAMES.isdisjoint(element.get("class").lower().split())


def _ids(element: Element) -> list[str]:
    """The names by which another post can refer to this one."""
    own = element.get("id")
    return [
        name for name in (own, own.rpartition("-")[2], element.get("data-id"), element.get("data-comment-id")) if name
    ]


def _quoted_author(post: Element) -> str:
    """Who is quoted at the begin of a post: as "Ann wrote:", or in an attribute of the quotation."""
    for inner in post.elements():
        if name := next(filter(None, (inner.get(attribute) for attribute in QUOTE_ATTRIBUTES)), ""):
            return name if len(name) <= LONGEST_NAME else ""
        if inner.tag == "cite" and (match := QUOTED.match(" ".join(inner.text().split()))):
            return match[1]
        if inner.length < 2 * LONGEST_NAME and (match := POSTED.fullmatch(" ".join(inner.text().split()))):
            return match[1]
    return ""


def _put_author(post: Post, line: str) -> None:
    post.byline.children = []  # the line has the name
    _unfold(post.element)
    paragraph = Element("p", {})
    paragraph.children.append(line)
    paragraph.measure()
    post.element.children.insert(0, paragraph)


def _unfold(element: Element) -> None:
    """Make blocks of a table that a post is laid out in; tables within its cells stay."""
    if element.tag in TABLE_PARTS:
        element.tag = "div"
        for child in element.children:
            if isinstance(child, Element):
                _unfold(child)
