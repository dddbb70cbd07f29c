"""HTML pages → their main text (report §2.3): parse, choose the main content, write it as Markdown."""

from selectolax.lexbor import LexborHTMLParser

from hornbook.data.extract.document import ExtractedDocument, NotExtractable
from hornbook.data.extract.encoding import decode
from hornbook.data.extract.extract import Source
from hornbook.data.extract.html_beside import take_out_comments
from hornbook.data.extract.html_footnotes import find_footnotes
from hornbook.data.extract.html_inline import Page
from hornbook.data.extract.html_main import main_content
from hornbook.data.extract.html_math import has_math, uses_tex
from hornbook.data.extract.html_metadata import is_article, page_language, page_metadata, page_title
from hornbook.data.extract.html_render import render_blocks
from hornbook.data.extract.html_threads import mark_threads
from hornbook.data.extract.html_tree import build_tree, parse
from hornbook.data.extract.markdown_writer import join_blocks


def extract_html(source: Source) -> ExtractedDocument:
    """A page's main text, title, language, author, date, licence and address.

    Raises NotExtractable for a page without text, and for one nested too deeply.
    """
    html = decode(source.data, source.charset)
    parser = parse(html)
    text = _main_text(html, parser)
    if not text:
        raise NotExtractable("HTML without text")
    title = page_title(parser) or _first_heading(text)
    return ExtractedDocument(text, title, page_language(parser), page_metadata(parser, source.url))


def html_to_text(html: str) -> str:
    """The main text of a page or a fragment of HTML as Markdown; "" if it has none.

    Raises NotExtractable for a page nested too deeply.
    """
    return _main_text(html, parse(html))


def whole_text(html: str) -> str:
    """As `html_to_text` for a page that is content as a whole, such as a chapter of a book: nothing is left out.

    Delimiters of TeX in its text are equations. Raises NotExtractable for a page nested too deeply.
    """
    tree = build_tree(parse(html))
    page = Page(find_footnotes(tree.named, tree.body), math=True, tex=True)
    return join_blocks(render_blocks(tree.body, page))


def _first_heading(text: str) -> str:
    return next((line.lstrip("# ") for line in text.split("\n", 20)[:20] if line.startswith("#")), "")


def _main_text(html: str, parser: LexborHTMLParser) -> str:
    tree = build_tree(parser)
    article = is_article(parser)
    if article:
        take_out_comments(tree.body, tree.body.prose)
    mark_threads(tree)
    content = main_content(tree, article)
    lowered = html.lower()
    page = Page(find_footnotes(tree.named, content), has_math(lowered), uses_tex(lowered))
    return join_blocks(render_blocks(content, page))
