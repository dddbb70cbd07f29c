"""What a page says of itself: title, language, author, date, licence, address."""

import json
import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser

AUTHOR = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author")
DATE = (
    "article:published_time", "date", "dc.date", "dcterms.date", "dcterms.created", "citation_publication_date",
    "datepublished", "pubdate", "article:modified_time", "dcterms.modified",
)  # fmt: skip
POST = (
    'meta[property="og:type"][content^=article], [itemtype$="/NewsArticle"], [itemtype$="/BlogPosting"], '
    "body.single-post"
)
DATED = '[itemprop="datePublished"]'
ARTICLE = re.compile(r'"@type"\s*:\s*\[?\s*"(?:NewsArticle|ReportageNewsArticle|BlogPosting)"')
LICENSE = ("license", "dc.rights", "dcterms.rights", "dcterms.license", "rights", "copyright")


def page_title(parser: LexborHTMLParser) -> str:
    """The title without the site's name where both are known; "" if there is none."""
    meta = _meta(parser)
    element = parser.css_first("head title")
    title = " ".join((element.text() if element is not None else "").split())
    shared = meta.get("og:title", "")
    if not title or (shared and title.startswith(shared)):
        return shared or title
    return title


def is_article(parser: LexborHTMLParser) -> bool:
    """Whether the page says that it is one article: by Open Graph, in the terms of schema.org, or as WordPress does.

    Pages of manuals are an "Article" of schema.org too, but have no date.
    """
    if parser.css_first(POST) is not None:
        return True
    if parser.css_first('[itemtype$="/Article"]') is not None and parser.css_first(DATED) is not None:
        return True
    return any(ARTICLE.search(script.text()) for script in parser.css('script[type="application/ld+json"]')[:8])


def page_language(parser: LexborHTMLParser) -> str:
    """The primary subtag of the declared language in lower case: "en" for en-GB; "" if there is none."""
    root = parser.root
    attributes = {} if root is None else root.attributes
    meta = _meta(parser)
    declared = (
        attributes.get("lang") or attributes.get("xml:lang") or meta.get("content-language") or meta.get("og:locale")
    )
    subtag = (declared or "").strip().lower().replace("_", "-").partition("-")[0]
    return subtag if subtag.isascii() and subtag.isalpha() and 2 <= len(subtag) <= 3 else ""


def page_metadata(parser: LexborHTMLParser, url: str) -> dict[str, str]:
    """author, date, license and url, as far as the page has them. `url` is where it was taken from."""
    meta = _meta(parser)
    linked = _linked_data(parser)
    canonical = _href(parser, "link[rel~=canonical]")
    found = {
        "author": _first(meta, AUTHOR) or _name(linked.get("author")),
        "date": _first(meta, DATE) or _name(linked.get("datePublished")),
        "license": _href(parser, "[rel~=license]") or _first(meta, LICENSE) or _name(linked.get("license")),
        "url": (canonical if "://" in canonical else "") or meta.get("og:url", "") or url,
    }
    return {key: value for key, value in found.items() if value}


def _meta(parser: LexborHTMLParser) -> dict[str, str]:
    """The first value of each name, in lower case."""
    found: dict[str, str] = {}
    for element in parser.css("meta[content]"):
        attributes = element.attributes
        name = (
            attributes.get("name")
            or attributes.get("property")
            or attributes.get("itemprop")
            or attributes.get("http-equiv")
        )
        if name and (content := " ".join((attributes.get("content") or "").split())):
            found.setdefault(name.lower(), content)
    return found


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return next((meta[name] for name in names if name in meta), "")


def _href(parser: LexborHTMLParser, selector: str) -> str:
    element = parser.css_first(selector)
    return "" if element is None else (element.attributes.get("href") or "").strip()


def _linked_data(parser: LexborHTMLParser) -> dict[str, Any]:
    """The first object of JSON-LD that is about a text."""
    for script in parser.css('script[type="application/ld+json"]')[:8]:
        try:
            data = json.loads(script.text())
        except (ValueError, RecursionError):
            continue
        items = data.get("@graph", [data]) if isinstance(data, dict) else data
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and ("author" in item or "datePublished" in item):
                return item
    return {}


def _name(value: Any) -> str:
    """The text of a value of JSON-LD: itself, its name, or those of a list."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_name, value[:20])))
    if isinstance(value, dict):
        value = value.get("name") or value.get("url")
    return " ".join(value.split()) if isinstance(value, str) else ""
