"""What extraction gives: a text with its title, language and metadata, or the reason why there is none."""

import msgspec


class ExtractedDocument(msgspec.Struct):
    """The main text of a document as Markdown, without navigation, page numbers and markup of its source.

    Headings are `#` lines, code stands in fences with its language, equations are TeX in `$...$` or `$$...$$`, tables
    have a row for each line with ` | ` between cells and a line of dashes below the header, footnotes are `[^1]`.
    `metadata` has what the source says of itself: author, date, license, url, format; all values are text.
    """

    text: str
    title: str = ""
    language: str = ""  # as the source declares it, ISO 639; "" if it does not
    metadata: dict[str, str] = {}


class NotExtractable(ValueError):
    """A source from which no text can be taken. The message is the reason for setting it aside: one line."""
