"""HTML and Markdown → plain text that keeps headings, lists, tables, equations and code blocks (report §2.3)."""

import re

from hornbook.data.extract.html import html_to_text as html_to_text


def clean_markdown(text: str) -> str:
    """Markdown or reStructuredText without badges, images, comments, raw HTML tags and link targets."""
    pieces = re.split(r"(^```.*?^```[ \t]*$)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(piece if place % 2 else _clean_prose(piece) for place, piece in enumerate(pieces)).strip()


def _clean_prose(text: str) -> str:
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"!\[[^\]]*\](\([^)\s]*(\s[^)]*)?\)|\[[^\]]*\])", "", text)  # images
    text = re.sub(r"\[([^\[\]]*)\](\([^()]*(\([^()]*\)[^()]*)*\)|\[[^\]]*\])", r"\1", text)  # links: keep the words
    text = re.sub(r"^\s*\[[^\]]+\]:\s*\S+.*$", "", text, flags=re.MULTILINE)  # link definitions
    text = re.sub(r"^\.\. (image|figure|_|\|).*(\n[ \t]+:.*)*$", "", text, flags=re.MULTILINE)  # the same in rst
    text = re.sub(r"</?[a-zA-Z][^<>\n]*>", "", text)
    return re.sub(r"\n\s*\n\s*\n+", "\n\n", text)
