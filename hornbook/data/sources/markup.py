"""HTML → plain text that keeps headings, lists, tables, equations and code blocks (report §2.3)."""

import re
from html.parser import HTMLParser

from hornbook.data.extract.markdown import clean_markdown as clean_markdown

SKIPPED_TAGS = {"script", "style", "noscript", "nav", "header", "footer", "aside", "form", "button", "svg", "template"}
SKIPPED_NAMES = re.compile(
    r"\b(navbar|nav|menu|sidebar|breadcrumbs?|footer|cookies?|advert\w*|banner|popup|headerlink|linenos|share)\b"
)
VOID_TAGS = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BLOCK_TAGS = {"p", "div", "section", "article", "main", "ul", "ol", "dl", "dt", "dd", "table", "blockquote", "figure"}
HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "##### ", "h6": "###### "}


def html_to_text(html: str) -> str:
    """The readable text of a page, without menus, scripts, forms and advertisements."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return _tidy("".join(reader.parts))


class _Reader(HTMLParser):
    """Collects text. Inside a skipped element it only looks for the end of that element."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.skipped_tag = ""
        self.skipped_depth = 0
        self.code_depth = 0
        self.cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.skipped_tag:
            self.skipped_depth += tag == self.skipped_tag
        elif _unwanted(tag, attrs):
            self._skip(tag)
        elif tag == "math":
            formula = dict(attrs).get("alttext")
            if formula:
                self.parts.append(f" ${formula}$ ")
                self._skip(tag)
        else:
            self._open(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.skipped_tag:
            self.skipped_depth -= tag == self.skipped_tag
            if not self.skipped_depth:
                self.skipped_tag = ""
        elif tag == "pre" and self.code_depth:
            self.code_depth -= 1
            self.parts.append("\n```\n\n")
        elif tag in BLOCK_TAGS or tag in HEADINGS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.skipped_tag:
            self.parts.append(data if self.code_depth else re.sub(r"\s+", " ", data))

    def _skip(self, tag: str) -> None:
        self.skipped_tag, self.skipped_depth = tag, 1

    def _open(self, tag: str) -> None:
        if tag == "pre":
            self.code_depth += 1
            self.parts.append("\n\n```\n")
        elif tag == "tr":
            self.cells = 0
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" | " if self.cells else "")
            self.cells += 1
        elif tag in HEADINGS:
            self.parts.append("\n\n" + HEADINGS[tag])
        elif tag in BLOCK_TAGS:
            self.parts.append("\n\n")
        else:
            self.parts.append({"li": "\n- ", "br": "\n"}.get(tag, ""))


def _unwanted(tag: str, attrs: list[tuple[str, str | None]]) -> bool:
    if tag in VOID_TAGS or tag in ("html", "body", "main", "article"):
        return False
    names = " ".join(value or "" for key, value in attrs if key in ("class", "id", "role"))
    return tag in SKIPPED_TAGS or bool(SKIPPED_NAMES.search(names.lower()))


def _tidy(text: str) -> str:
    """Remove trailing spaces and repeated empty lines; code keeps its indentation."""
    pieces = re.split(r"(\n```\n.*?\n```\n)", text, flags=re.DOTALL)
    for place in range(0, len(pieces), 2):
        pieces[place] = re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"[ \t]{2,}", " ", pieces[place]))
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip()
