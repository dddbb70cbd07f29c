"""What stands beside the text of an article: a page → parts that its text must have, and others that it must not."""

import pytest

from hornbook.data.extract.html import html_to_text
from tests.data.extract.test_html import TEXT

ARTICLE = "<meta property='og:type' content='article'>"
TEASERS = "".join(f"<div><h3><a href='/{n}'>Story {n}</a></h3><p>What story {n} tells.</p></div>" for n in range(4))
REMARK = "<div class='comments'><div class='comment'><b class='author'>Ann</b><p>I doubt it very much.</p></div></div>"

ROWS = {
    "teasers of other articles": (
        f"{ARTICLE}<div><article><h1>Laws</h1>{TEXT}</article><div>{TEASERS}</div></div>",
        ["# Laws", "first law"],
        ["Story 2", "story 2"],
    ),
    "teasers between paragraphs": (
        f"{ARTICLE}<div>{TEXT}<div>{TEASERS}</div>{TEXT.replace('first', 'second')}</div>",
        ["first law", "second law"],
        ["Story 2"],
    ),
    "comments below an article": (f"{ARTICLE}<article>{TEXT}</article>{REMARK}", ["first law"], ["doubt"]),
    "comments of a page that is no article": (f"<div>{TEXT}</div>{REMARK}", ["first law", "doubt"], []),
    "links to share it": (
        f"<main><h1>Laws</h1><ul><li><a href='/f'>Share on Facebook</a><li><a href='/t'>Twitter</a></ul>{TEXT}</main>",
        ["# Laws", "first law"],
        ["Facebook", "Twitter"],
    ),
    "further reading below an article": (
        f"{ARTICLE}<article>{TEXT}<h2>See also</h2><ul><li><a href='/o'>Orbits</a></ul></article>",
        ["first law", "## See also\n\n- Orbits"],
        [],
    ),
    "code beside the text of an article": (
        f"{ARTICLE}<article><div>{TEXT * 3}</div><div><pre>a = 1</pre></div></article>",
        ["first law", "a = 1"],
        [],
    ),
    "sections of an article": (
        f"{ARTICLE}<article><section>{TEXT * 4}</section><section><h2>Proof</h2><p>Omitted.</p></section></article>",
        ["first law", "## Proof\n\nOmitted."],
        [],
    ),
    "what the name of a class calls no part of an article": (
        f"{ARTICLE}<article><h1>Laws</h1><p class='byline'>By Ann Writer</p>{TEXT * 3}"
        "<div class='photo-gallery'><p>A comet, seen from a mountain in the south at night</p></div>"
        f"<div id='relatedStories'><p>Story 2 tells of the orbits of moons and how to see them.</p></div></article>",
        ["# Laws", "first law"],
        ["Ann Writer", "comet", "Story 2"],
    ),
    "the same names in a manual": (
        f"<main><h1>Laws</h1><p class='byline'>By Ann Writer</p>{TEXT * 3}"
        "<div class='gallery'><p>A comet</p></div></main>",
        ["Ann Writer", "comet"],
        [],
    ),
    "an article whose text a class calls related": (
        f"{ARTICLE}<article class='no-sharing related-on'><h1>Laws</h1>{TEXT * 3}</article>",
        ["# Laws", "first law"],
        [],
    ),
    "comments within two boxes": (
        f"{ARTICLE}<div>{TEXT * 4}</div><div><div class='comments'>{REMARK * 4}</div></div>",
        ["first law"],
        ["doubt"],
    ),
    "a post of WordPress": (
        f"<body class='single-post'><article><h1>Laws</h1>{TEXT * 3}<p class='byline'>Ann</p></article>",
        ["first law"],
        ["Ann"],
    ),
    "a dated article of schema.org": (
        "<div itemtype='http://schema.org/Article'><meta itemprop='datePublished' content='2020'><h1>Laws</h1>"
        f"{TEXT * 3}<p class='byline'>Ann</p></div>",
        ["first law"],
        ["Ann"],
    ),
    "a box of links that a class calls a footer": (
        f"<div>{TEXT}</div><div class='site-footer-wrap'><p>We are a shop. <a href='/a'>About</a> "
        "<a href='/c'>Contact us</a></p></div>",
        ["first law"],
        ["a shop", "Contact"],
    ),
    "a text in a link": (
        f"<div><a href='/s'><div>{TEXT.replace('first', 'last')}</div></a></div><article>{TEXT}</article>",
        ["first law"],
        ["last law"],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_article_has_its_text_and_nothing_else(name):
    html, present, absent = ROWS[name]
    text = html_to_text(html)
    assert [part for part in present if part not in text] == [], text
    assert [part for part in absent if part in text] == [], text
