"""What a user relies on in the text of a page. Each row: the page, what must be in its text, what must not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.extract import Source, no_files
from hornbook.data.extract.html import extract_html, html_to_text

MENU = "<ul>" + "".join(f"<li><a href='/{n}'>Menu entry {n}</a></li>" for n in range(12)) + "</ul>"
TEXT = "<p>" + "The first law of motion says that a body at rest stays at rest. " * 8 + "</p>"

CONTENT = {
    "navigation by tag": (f"<nav>{MENU}</nav>{TEXT}", ["first law"], ["Menu entry"]),
    "navigation by role": (f"<div role='navigation'>{MENU}</div>{TEXT}", ["first law"], ["Menu entry"]),
    "a sidebar of links by its class": (f"<div class='sidebar'>{MENU}</div>{TEXT}", ["first law"], ["Menu entry"]),
    "main content beside the rest": (f"<div>{MENU}</div><main>{TEXT}</main><div>{MENU}</div>", ["law"], ["Menu"]),
    "main content of a theme whose classes have nav in them": (
        f"<div class='wy-nav-content-wrap'><div class='wy-nav-content'><div role='main'>{TEXT}</div></div></div>",
        ["first law"],
        [],
    ),
    "a page within a form": (f"<form id='aspnetForm'><div class='content'>{TEXT}</div></form>", ["first law"], []),
    "a main element that is almost empty": (f"<main><p>Loading</p></main><div>{TEXT * 4}</div>", ["first law"], []),
    "navigation that is never closed": ("<nav><a href='/'>Home</a><p>" + "A body at rest stays. " * 30, ["rest"], []),
    "a cookie note": (f"<div class='cookie-banner'>We use cookies</div>{TEXT}", ["law"], ["cookies"]),
    "a page of links": (f"<h1>Contents</h1>{MENU}", ["Contents", "Menu entry 3"], []),
    "edit this page": (f"<h1>Laws</h1>{TEXT}<p><a href='/e'>Edit this page</a></p>", ["# Laws"], ["Edit this"]),
    "Wikipedia's edit links": (
        "<h2>History<span class='mw-editsection'><span>[</span><a href='/e'>edit</a><span>]</span></span></h2>" + TEXT,
        ["## History\n"],
        ["edit"],
    ),
    "pilcrows": ("<h2>Laws<a class='headerlink' href='#laws'>¶</a></h2>" + TEXT, ["## Laws\n"], ["¶"]),
    "hidden elements": (f"{TEXT}<div style='display: none'>secret</div><p hidden>secret</p>", ["law"], ["secret"]),
    "a button in a heading": ("<h3><button>Question?</button></h3><p>Answer.</p>", ["### Question?", "Answer."], []),
    "an unclosed button": (f"<button>Go{TEXT}", ["first law"], []),
    "an unclosed title": (f"<title>Laws{TEXT}", ["first law"], []),
    "noscript in the head": ("<noscript>Enable JS</noscript><p>Text</p>", ["Text"], ["Enable"]),
    "soft hyphens": ("<p>Unter\u00adnehmen</p>", ["Unternehmen"], ["\u00ad"]),
}

BLOCKS = {
    "nested lists": (
        "<ul><li>a<ol><li>b<li>c</ol><li>d</ul>",
        ["- a\n  1. b\n  2. c\n- d"],
        [],
    ),
    "an ordered list that begins at 3": ("<ol start=3><li>third<li>fourth</ol>", ["3. third\n4. fourth"], []),
    "a definition list": ("<dl><dt>atom<dd>smallest part<dt>ion<dd>charged atom</dl>", ["atom\n: smallest part"], []),
    "a quotation": ("<blockquote><p>one<p>two</blockquote>", ["> one\n>\n> two"], []),
    "a line break": ("<p>one<br>two</p>", ["one\ntwo"], []),
    "sub and sup": ("<p>CO<sub>2</sub> and 10<sup>-6</sup>, 1<sup>st</sup></p>", ["CO_2 and 10^{-6}, 1st"], []),
    "inline code": ("<p>Use <code>List&lt;String&gt;</code> here</p>", ["Use `List<String>` here"], []),
    "a table with a header": (
        "<table><tr><th>a<th>b<tr><td>1<td>2</table>",
        ["a | b\n--- | ---\n1 | 2"],
        [],
    ),
    "spans": (
        "<table><tr><th colspan=2>ab<th>c<tr><td rowspan=2>1<td>2<td>3<tr><td>4<td>5</table>",
        ["ab |  | c\n--- | --- | ---\n1 | 2 | 3\n | 4 | 5"],
        [],
    ),
    "a table that only places": (
        "<table><tr><td><h2>Laws</h2><p>one</p></td></tr></table>",
        ["## Laws\n\none"],
        ["|"],
    ),
    "footnotes of Pandoc": (
        "<p>Text<a href='#fn1' id='fnref1'><sup>1</sup></a>.</p><section><ol><li id='fn1'><p>A note."
        "<a href='#fnref1'>↩︎</a></p></li></ol></section>",
        ["Text[^1].", "[^1]: A note."],
        ["↩"],
    ),
    "footnotes of docutils": (
        "<p>Text<a href='#f' id='r'>[7]</a>.</p><dl><dt id='f'><span><a href='#r'>7</a></span></dt><dd><p>A note.</p>",
        ["Text[^7].", "[^7]: A note."],
        [],
    ),
}

CODE = {
    "language of Sphinx": ("<div class='highlight-python3'><div><pre><span>if</span> x:\n    y\n</pre>",
                           ["```python\nif x:\n    y\n```"], []),
    "language of Markdown": ("<pre><code class='language-rust'>fn main() {}</code></pre>",
                             ["```rust\nfn main() {}"], []),
    "language of Pandoc": ("<div class='sourceCode'><pre class='sourceCode haskell'><code>x = 1</code></pre></div>",
                           ["```haskell\nx = 1"], []),
    "line numbers in a column": (
        "<table class='highlighttable'><tr><td class='linenos'><div><pre>1\n2</pre></div></td>"
        "<td class='code'><div><pre>a = 1\nb = 2\n</pre></div></td></tr></table>",
        ["```\na = 1\nb = 2\n```"],
        ["1\n2", "|"],
    ),
    "line numbers in the lines": (
        "<pre><span class='lineno'>1 </span>a = 1\n<span class='lineno'>2 </span>b = 2</pre>",
        ["a = 1\nb = 2"],
        ["2 b"],
    ),
    "an element for each line": ("<pre><div>a</div><div>  b</div></pre>", ["a\n  b"], []),
    "lines of Doxygen": (
        "<div class='fragment'><div class='line'><span>if</span> x</div>\n<div class='line'>  y</div>\n</div>",
        ["```\nif x\n  y\n```"],
        [],
    ),
    "code beside its output": (
        "<table><tr><th>Code</th><th>Output</th></tr><tr><td><pre>a\n  b</pre></td><td><pre>c</pre></td></tr></table>",
        ["```\na\n  b\n```\n\n```\nc\n```"],
        ["|"],
    ),
    "a button to copy": ("<div><button>Copy</button><pre>a = 1</pre></div>", ["a = 1"], ["Copy"]),
    "backticks in the code": ("<pre>```\nx\n```</pre>", ["````\n```\nx\n```\n````"], []),
}  # fmt: skip

FORMULAS = {
    "MathML": (
        "<p><math><mfrac><mi>a</mi><msup><mi>x</mi><mn>2</mn></msup></mfrac></math></p>",
        [r"$\frac{a}{x^2}$"],
        [],
    ),
    "MathML with TeX in it": (
        "<p><math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x^2</annotation></semantics></math>",
        ["$x^2$"],
        ["xx"],
    ),
    "alttext": ("<p><math alttext='x^2'><mi>x</mi></math></p>", ["$x^2$"], []),
    "a displayed equation": ("<p>So</p><math display='block'><mi>x</mi></math>", ["$$\nx\n$$"], []),
    "scripts of MathJax": (
        "<p>So <span class='MathJax_Preview'>x2</span><span class='MathJax'>x2</span>"
        "<script type='math/tex'>x^2</script>.</p>",
        ["So $x^2$."],
        ["x2"],
    ),
    "delimiters of MathJax": (
        "<script src='mathjax.js'></script><p>So \\(x^2\\) and \\[y^2\\]</p>",
        ["So $x^2$ and\n$$\ny^2\n$$"],
        [],
    ),
    "delimiters of a page without MathJax": ("<p>find \\( -name x \\)</p>", ["find \\( -name x \\)"], []),
    "Sphinx": (
        "<div class='math'>\\[a\n= b\\]</div><p><span class='math'>\\(x\\)</span></p>",
        ["$$\na\n= b\n$$", "$x$"],
        [],
    ),
    "KaTeX": (
        "<span class='katex'><span class='katex-mathml'><math><semantics><mi>x</mi>"
        "<annotation encoding='application/x-tex'>x</annotation></semantics></math></span>"
        "<span class='katex-html' aria-hidden='true'>x</span></span> is",
        ["$x$ is"],
        ["$x$x"],
    ),
    "Wikipedia": (
        "<p>of <span><span style='display: none;'><math alttext='{\\displaystyle x_{1}}'><mi>x</mi></math></span>"
        "<img class='mwe-math-fallback-image-inline' alt='{\\displaystyle x_{1}}' aria-hidden='true'></span> here</p>",
        ["of $x_{1}$ here"],
        ["displaystyle"],
    ),
    "images of TeX": ("<p>of <img class='math' alt='x^2' src='a.png'> here</p>", ["of $x^2$ here"], []),
    "MathJax 3": (
        "<p>of <mjx-container><mjx-math aria-hidden='true'>x</mjx-math><mjx-assistive-mml><math><mi>x</mi></math>"
        "</mjx-assistive-mml></mjx-container> here</p>",
        ["of $x$ here"],
        [],
    ),
}

THREADS = {
    "nested comments": (
        "<div class='comment'><span class='author'>Ann</span><p>Use a heap.</p><div class='comment'>"
        "<span class='author'>Bob</span><p>A heap is slow.</p></div></div>",
        ["Ann:\n\nUse a heap.", "Bob, in reply to Ann:\n\nA heap is slow."],
        [],
    ),
    "questions and answers": (
        "<div class='question'><h1>Which?</h1><p>Which one?</p><div class='user-details'><a href='/u'>Ann</a> 12</div>"
        "</div>"
        "<div class='answer'><p>A heap.</p><div itemprop='author'><a href='/v'>Bob</a></div>"
        "<ul><li class='comment'><p>Thanks.</p><a rel='author'>Ann</a></li></ul></div>",
        ["Bob, in reply to Ann:\n\nA heap.", "Ann, in reply to Bob:"],
        [],
    ),
    "posts that name the one they answer": (
        "<article class='post' id='p-1'><b class='username'>Ann</b><div>One</div></article>"
        "<article class='post' id='p-2'><b class='username'>Bob</b><div>Two</div></article>"
        "<article class='post' id='p-3' data-parent-id='1'><b class='username'>Cy</b><div>Three</div></article>",
        ["Bob:\n\nTwo", "Cy, in reply to Ann:\n\nThree"],
        [],
    ),
    "posts that quote": (
        "<div class='post'><p class='author'>Ann</p><div>One</div></div><div class='post'><p class='author'>Bob</p>"
        "<blockquote><cite>Ann wrote:</cite><p>One</p></blockquote><div>Two</div></div>",
        ["Bob, in reply to Ann:"],
        [],
    ),
    "posts in tables, with links to their authors": (
        "<table id='post1'><tr><td>10:11<tr><td><a href='member.php?u=1'>Ann</a><td><div>One</div></table>"
        "<table id='post2'><tr><td>10:15<tr><td><a href='member.php?u=2'>Bob</a><td>"
        "<div>Quote:<div>Originally Posted by <b>Ann</b></div>One</div><div>Two</div></table>",
        ["Ann:\n\n10:11\n\nOne", "Bob, in reply to Ann:", "\n\nTwo"],
        ["|"],
    ),
    "authors beside the posts": (
        "<div><p><a href='user?id=ann'>ann</a> 2 hours ago</p><div class='comment'>One</div></div>"
        "<div><p><a href='user?id=bob'>bob</a> 1 hour ago</p><div class='comment'>Two</div></div>",
        ["ann:\n\n2 hours ago\n\nOne", "bob:\n\n1 hour ago\n\nTwo"],
        [],
    ),
    "posts whose quotations name their author": (
        "<div itemtype='https://schema.org/DiscussionForumPosting'><span itemprop='author'><a href='/u/ann'>ann</a>"
        "</span><p>One</p></div>"
        "<div itemtype='https://schema.org/Comment'><span itemprop='author'><a href='/u/bob'>bob</a></span>"
        "<aside data-username='ann'><blockquote>One</blockquote></aside><p>Two</p></div>",
        ["ann:\n\nOne", "bob, in reply to ann:", "Two"],
        [],
    ),
    "a page that is no thread": (
        "<div class='post'><span class='author'>Ann</span><p>One</p></div>",
        ["Ann"],
        ["Ann:"],
    ),
}

ROWS = {**THREADS, **CONTENT, **BLOCKS, **CODE, **FORMULAS}


@pytest.mark.parametrize("name", ROWS)
def test_text_has_the_content_and_nothing_else(name):
    html, present, absent = ROWS[name]
    text = html_to_text(html)
    assert [part for part in present if part not in text] == [], text
    assert [part for part in absent if part in text] == [], text


def extracted(html: str, url: str = "") -> ExtractedDocument:
    return extract_html(Source(html.encode(), "", url, no_files))


def test_a_page_tells_its_title_language_author_date_licence_and_address():
    page = extracted(
        "<html lang='en-GB'><head><title>Laws of motion</title><meta name='author' content='A. Writer'>"
        "<meta property='article:published_time' content='2020-01-02'><link rel='canonical' href='https://x.org/laws'>"
        "<link rel='license' href='https://creativecommons.org/licenses/by/4.0/'></head><body><p>Text</p>",
        "https://x.org/laws?from=1",
    )
    assert (page.title, page.language) == ("Laws of motion", "en")
    assert page.metadata == {
        "author": "A. Writer",
        "date": "2020-01-02",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "url": "https://x.org/laws",
    }


def test_the_first_heading_is_the_title_of_a_page_that_declares_none():
    assert extracted("<h1>Laws</h1><p>Text").title == "Laws"


def test_linked_data_is_read():
    page = extracted(
        '<script type="application/ld+json">{"@graph": [{"author": [{"name": "A"}, {"name": "B"}], '
        '"datePublished": "2021"}]}</script><p>Text'
    )
    assert page.metadata == {"author": "A, B", "date": "2021"}


@pytest.mark.parametrize("html", ["", " ", "<html><body></body></html>", "<script>x</script>", "<p hidden>x</p>"])
def test_a_page_without_text_is_set_aside(html):
    with pytest.raises(NotExtractable, match="without text"):
        extracted(html)


PIECES = [
    *("<p>", "</p>", "<table>", "<tr>", "<th>", "</table>", "<math>", "<mfrac>", "<mi>", "</math>", "<pre>", "<code>"),
    *("<ul>", "<li>", "<dl>", "<dt>", "<dd>", "</a>", "<sup>", "<nav>", "<main>", "<article>", "</script>", "<title>"),
    *("<noscript>", "<svg>", "<template>", "<select>", "<br>", "<h1>", "<mtable>", "<msup>", "<blockquote>", "<!--"),
    *("-->", "<![CDATA[", "&amp", "&#0;", "&#x110000;", "\\(", "\\)", "\\[", "$$", "\x00", "\ufffe", "text", " ", "1"),
    *("<div class='menu'>", "<td colspan=9999999>", "<a href='#x' id='y'>", "<a href='#y' id='x'>", "<p hidden>"),
    *("<script type='math/tex'>", "<img alt='$$' class=math>", "<ol start=-1>", "<span class='katex'>", "<div/>"),
    *("<div class='post'>", "<b class='author'>", "</b>", "</div>"),
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=30).map("".join))
def test_no_markup_raises(html):
    html_to_text(html.encode("utf-8", "replace").decode())


@given(st.binary(max_size=200))
def test_no_bytes_raise_but_to_be_set_aside(data):
    try:
        assert extract_html(Source(data, "", "", no_files)).text
    except NotExtractable as error:
        assert "\n" not in str(error)


HOSTILE = {
    "spaces": lambda size: "<p>a" + " " * size + "b",
    "spaces in code": lambda size: "<pre>a" + " " * size + "b</pre>",
    "line breaks": lambda size: "<p>" + "<br>" * size + "b",
    "nested <div>": lambda size: "<div>" * (size // 2) + "b",
    "nested <b>": lambda size: "<b>" * (size // 2) + "b",
    "nested lists": lambda size: "<ul><li>x" * (size // 2) + "b",
    "nested tables": lambda size: "<table><tr><td>x" * (size // 4) + "b",
    "nested fractions": lambda size: "<math><mfrac>" + "<mfrac>" * (size // 2) + "b",
    "unclosed paragraphs": lambda size: "<p>x" * size + "b",
    "unclosed links": lambda size: "<a href='#x'>x" * (size // 4) + "b",
    "unclosed formatting": lambda size: "".join(f"<p><font size={n}>x" for n in range(size // 4)) + "b",
    "unclosed noscript": lambda size: "<noscript>" * size + "b",
    "open tags": lambda size: "< " * size + "b",
    "delimiters": lambda size: "<p class='uses-mathjax'>" + "\\(" * size + "b",
    "dollars": lambda size: "<p class='uses-mathjax'>" + "$$x" * size + "b",
    "self-closed": lambda size: "<div " * size + "/>b",
    "backticks": lambda size: "<pre>" + "`" * size + "b</pre>",
    "nested posts": lambda size: "<p>b</p>" + "<div class=comment><a href='/u/x'>x</a>" * (size // 50) + "b",
    "posts without authors": lambda size: "<div><i>x</i><div class=comment>x</div></div>" * (size // 50) + "b",
    "nested articles": lambda size: (
        "<meta property=og:type content=article>" + "<article><h2><a href=/x>x</a></h2>" * (size // 50) + "<p>b"
    ),
    "wide cells": lambda size: "<table>" + "<tr><td colspan=1000 rowspan=1000>x" * (size // 100) + "</table>b",
    "links between each other": lambda size: (
        "".join(f"<a id=a{n} href=#a{n + 1}>1</a>" for n in range(size // 4)) + "b"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_length_of_the_page(name):
    html = HOSTILE[name](20_000)
    start = time.process_time()
    assert "b" in html_to_text(html)
    assert time.process_time() - start < 3


def test_a_page_nested_beyond_all_measure_is_set_aside_at_once():
    with pytest.raises(NotExtractable, match="open at once"):
        html_to_text("<div>" * 300_000)
