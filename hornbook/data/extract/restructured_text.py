"""reStructuredText, unchanged but for what is not text: images, badges, raw HTML and comments."""

import re

from hornbook.data.extract.document import ExtractedDocument
from hornbook.data.extract.encoding import decode
from hornbook.data.extract.extract import Source
from hornbook.data.extract.plain_text import check_lines

# Only directives at the margin: what is indented may be an example of the markup.
_BODY = r"(?>(?:[ \t]*\n)*[ \t]+\S[^\n]*(?:\n|\Z))*"
IMAGE = re.compile(rf"^\.\. (?:image::|raw:: *html|\|[^|\n]{{1,100}}\| *image::)[^\n]*(?:\n|\Z){_BODY}", re.MULTILINE)
NAMED_IMAGE = re.compile(r"^\.\. \|([^|\n]{1,100})\| *image::", re.MULTILINE)
FIGURE = re.compile(r"^\.\. figure::[^\n]*\n(?:[ \t]+:[^\n]*\n)*", re.MULTILINE)
COMMENT = re.compile(
    rf"^\.\.(?:[ \t]+(?!_|\[|\||[\w:+.-]{{1,60}}::)[^\n]*\n{_BODY}|[ \t]*\n(?=\S|[ \t]*\n))", re.MULTILINE
)
HEADING = re.compile(r"^(?:([=\-~#*^])\1*\n)? ?(\S[^\n]{0,200})\n([=\-~#*^])\3{2,}[ \t]*$", re.MULTILINE)


def extract_restructured_text(source: Source) -> ExtractedDocument:
    """The title is the first heading."""
    text = decode(source.data, source.charset)
    check_lines(text)
    heading = HEADING.search(text[:20_000])
    return ExtractedDocument(clean_restructured_text(text), heading[2].strip() if heading else "")


def clean_restructured_text(text: str) -> str:
    """The text without images, badges (images that are named and used as `|name|`), raw HTML and comments.

    The captions of figures are kept. A text that has none of them comes back as it is.
    """
    names = NAMED_IMAGE.findall(text)
    cleaned = FIGURE.sub("", COMMENT.sub("", IMAGE.sub("", text)))
    if names:
        used = "|".join(re.escape(name) for name in names)
        cleaned = re.sub(
            rf"^(?:[ \t]*\|(?:{used})\|_{{0,2}})+[ \t]*\n|\|(?:{used})\|_{{0,2}}", "", cleaned, flags=re.MULTILINE
        )
    return text if cleaned == text else re.sub(r"\n{4,}", "\n\n\n", cleaned).strip("\n") + "\n" * text.endswith("\n")
