"""Threads of forums: above each post stands who wrote it, and whom it answers."""

import re
from typing import NamedTuple

from hornbook.data.extract.html_tree import Element

POST_NAMES = frozenset(  # classes, as whole words
    {"post", "comment", "reply", "answer", "question", "message", "forum-post", "topic-post", "thread-post"}
)
POST_TYPES = frozenset({"question", "answer", "comment", "discussionforumposting"})  # of schema.org
AUTHOR_NAMES = frozenset(
    {"author", "username", "user-name", "user", "poster", "postauthor", "post-author", "comment-author"}
    | {"commenter", "comment-user", "user-details", "nickname", "fn", "byline"}
)
PARENT_ATTRIBUTES = ("data-parent-id", "data-parent", "data-reply-to", "data-in-reply-to")
LONGEST_NAME = 60  # characters
QUOTED = re.compile(r"^(.{1,60}?)\s+(?:wrote|said|writes|schrieb)\b", re.I)


class Post(NamedTuple):
    element: Element
    author: str
    byline: Element  # where its author's name stands
    around: Element | None  # the post that it stands in


def mark_threads(body: Element) -> None:
    """Put a line with the author above each post, where a page has at least two posts with authors."""
    posts = _find_posts(body)
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
    """The posts in their order. Each is the outermost element of its mark that has an author of its own."""
    posts: list[Post] = []
    stack: list[tuple[Element, Element | None]] = [(body, None)]
    while stack:
        element, around = stack.pop()
        inner = around
        if element.has_blocks and element.attributes and _is_post(element) and (found := _find_author(element)):
            author, byline = found
            if not any(post.byline is byline for post in posts[-1:]):
                posts.append(Post(element, author, byline, around))
                inner = element
        stack.extend((child, inner) for child in reversed(element.children) if isinstance(child, Element))
    return posts


def _is_post(element: Element) -> bool:
    kind = element.get("itemtype").lower().rpartition("/")[2]
    return kind in POST_TYPES or not POST_NAMES.isdisjoint(element.get("class").lower().split())


def _is_kind(element: Element, kind: str) -> bool:
    return element.get("itemtype").lower().endswith("/" + kind) or kind in element.get("class").lower().split()


def _find_author(post: Element) -> tuple[str, Element] | None:
    """The name and the element that has it; not one of a post within this post."""
    stack = [child for child in reversed(post.children) if isinstance(child, Element)]
    while stack:
        element = stack.pop()
        if element.attributes and _is_author(element):
            link = next((inner for inner in element.elements() if inner.tag == "a" and inner.length), None)
            named = link if link is not None and element.length > link.length else element
            name = " ".join(named.text().split()).removeprefix("by ").rstrip(":")
            if 0 < len(name) <= LONGEST_NAME:
                return name, named
        if not (element.attributes and element.has_blocks and _is_post(element)):
            stack.extend(child for child in reversed(element.children) if isinstance(child, Element))
    return None


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
    """Who is quoted at the begin of a post, as "Ann wrote:"."""
    quoted = next((inner for inner in post.elements() if inner.tag == "blockquote"), None)
    cite = None if quoted is None else next((inner for inner in quoted.elements() if inner.tag == "cite"), None)
    match = None if cite is None else QUOTED.match(" ".join(cite.text().split()))
    return match[1] if match else ""


def _put_author(post: Post, line: str) -> None:
    post.byline.children = []  # the line has the name
    paragraph = Element("p", {})
    paragraph.children.append(line)
    paragraph.measure()
    post.element.children.insert(0, paragraph)
