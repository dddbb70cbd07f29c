"""Markdown, unchanged but for what is not text: images, badges and comments.

Code stays as it is: fences of any length, indented blocks, code spans; so do HTML tags, links and formulas.
"""

import re

from hornbook.data.extract.document import ExtractedDocument
from hornbook.data.extract.encoding import decode
from hornbook.data.extract.extract import Source
from hornbook.data.extract.plain_text import check_lines

# Lengths are bounded, so that a text of nothing but brackets takes linear time.
_ALT = r"!\[(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,500}\]"
_TITLE = r"""(?:\s{1,9}(?:"[^"]{0,500}"|'[^']{0,500}'))?"""
_ADDRESS = r"(?:<[^<>\n]{0,2000}>|[^()\s]{0,2000}(?:\([^()\s]{0,200}\)[^()\s]{0,500}){0,3})"
_TARGET = rf"(?:\(\s{{0,9}}{_ADDRESS}{_TITLE}\s{{0,9}}\)|\[[^\[\]\n]{{0,300}}\])"
_IMG = r"<img\b[^<>]{0,4000}>(?:</img>)?"
_PICTURE = (
    rf"<picture\b[^<>]{{0,300}}>(?:\s{{0,20}}<source\b[^<>]{{0,2000}}>){{0,9}}\s{{0,20}}{_IMG}\s{{0,20}}</picture>"
)
_IMAGE = rf"(?:{_ALT}{_TARGET}|{_IMG}|{_PICTURE})"
_IMAGES = rf"\s{{0,9}}(?:{_IMAGE}(?:\s|<br\s?/?>){{0,20}}){{1,9}}"
IMAGE = re.compile(rf"\[{_IMAGES}\]{_TARGET}|<a\b[^<>]{{0,2000}}>{_IMAGES}</a>|{_IMAGE}", re.IGNORECASE)
TOKEN = re.compile(
    r"(?P<fence>^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?P<mark>`{3,}(?=[^`\n]*$)|~{3,})[^\n]*\n?)"
    r"|(?P<indented>(?:\A|(?<=\n\n))(?>(?: {4}| {0,3}\t)[^\n]*\n?(?:[ \t]*\n)*)+)"
    r"|(?P<ticks>`+)"
    r"|(?P<comment><!--)"
    r"|(?P<image>!\[|\[(?=\s{0,9}[!<])|<(?:img|picture|a)\b)",
    re.MULTILINE | re.IGNORECASE,
)
GONE = "\0"  # stands where something was removed
EMPTY_TAGS = re.compile(
    rf"<(p|div|a|center|h[1-6]|span|sub|picture|td)\b[^<>]{{0,500}}>(?:[\s{GONE}]|<br\s?/?>|&nbsp;){{0,200}}</\1>", re.I
)
SEPARATORS = f" \t|-*>·•{GONE}"  # a line of these alone held images
LABEL = re.compile(r"\[([^\[\]\n]{1,300})\]")
DEFINITION = re.compile(r"^ {0,3}\[([^\[\]\n]{1,300})\]:[ \t]*\S[^\n]*\n?", re.MULTILINE)
HEADING = re.compile(r"^ {0,3}#[ \t]+([^\n]{1,300}?)[ \t]*#*$|^([^\s][^\n]{0,200})\n=+[ \t]*$", re.MULTILINE)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,10000}?)\n---[ \t]*\n", re.DOTALL)
FRONT_FIELD = re.compile(r"^(title|author|date|license|licence|lang|language):[ \t]*[\"']?([^\n]+?)[\"']?[ \t]*$", re.M)


def extract_markdown(source: Source) -> ExtractedDocument:
    """The title is that of the front matter, else the first heading of level 1."""
    text = decode(source.data, source.charset)
    check_lines(text)
    front = FRONT_MATTER.match(text)
    fields = {
        name.replace("licence", "license"): value for name, value in FRONT_FIELD.findall(front[1] if front else "")
    }
    heading = HEADING.search(text[:20_000])
    title = fields.pop("title", "") or (heading[1] or heading[2] if heading else "")
    language = fields.pop("language", "") or fields.pop("lang", "")
    return ExtractedDocument(clean_markdown(text), title.strip(), language, fields)


def clean_markdown(text: str) -> str:
    """The text without images, badges and comments, and without the definitions of links that only these used.

    A text that has none of them comes back as it is.
    """
    removed = [] if GONE in text else _not_text(text)
    if not removed:
        return text
    kept, end = [], 0
    for begin, after in removed:
        kept += [text[end:begin], GONE]
        end = after
    left = _without_empty_lines(_without_empty_tags("".join([*kept, text[end:]])))
    labels = {label.lower() for begin, after in removed for label in LABEL.findall(text[begin:after])}
    return _without_definitions(left, labels).strip("\n") + "\n" * text.endswith("\n")


def _not_text(text: str) -> list[tuple[int, int]]:
    """Where the images, badges and comments are: (begin, end) of each."""
    found: list[tuple[int, int]] = []
    unclosed: set[str] = set()  # code marks that do not occur again: searching for each would take quadratic time
    place = 0
    while token := TOKEN.search(text, place):
        place = token.end()
        if token["fence"]:
            place = _end_of_fence(text, token["mark"], place)
        elif token["ticks"]:
            if token["ticks"] not in unclosed:
                end = _end_of_span(text, token["ticks"], place)
                unclosed |= set() if end else {token["ticks"]}
                place = end or place
        elif token["comment"]:
            end = -1 if "-->" in unclosed else text.find("-->", place)
            if end < 0:
                unclosed.add("-->")
            else:
                place = end + 3
                found.append((token.start(), place))
        elif token["image"] and (image := IMAGE.match(text, token.start())):
            place = image.end()
            found.append(image.span())
    return found


def _end_of_fence(text: str, mark: str, place: int) -> int:
    closing = re.compile(rf"^[ \t>]*{re.escape(mark)}{re.escape(mark[0])}*[ \t]*$", re.MULTILINE).search(text, place)
    return closing.end() if closing else len(text)


def _end_of_span(text: str, ticks: str, place: int) -> int:
    """The end of a code span, which is in one paragraph; 0 if it has none."""
    closing = re.compile(rf"(?<!`){ticks}(?!`)").search(text, place)
    if not closing:
        return 0
    return place if "\n\n" in text[place : closing.start()] else closing.end()


def _without_empty_tags(text: str) -> str:
    for _ in range(4):  # a paragraph in a division in a link ...
        text, count = EMPTY_TAGS.subn(lambda tag: GONE if GONE in tag[0] else tag[0], text)
        if not count:
            break
    return text


def _without_empty_lines(text: str) -> str:
    """Drop lines in which nothing is left, and one of two empty lines that meet thereby."""
    lines: list[str] = []
    dropped = False
    for line in text.split("\n"):
        if GONE in line and not line.strip(SEPARATORS):
            dropped = True
        elif not (dropped and not line.strip() and (not lines or not lines[-1].strip())):
            lines.append(
                re.sub(rf"^{GONE}[ \t]*|[ \t]*{GONE}+[ \t]*$|(?<= ){GONE} |{GONE}", "", line) if GONE in line else line
            )
            dropped = dropped and not line.strip()
    return "\n".join(lines)


def _without_definitions(text: str, labels: set[str]) -> str:
    """Drop the definitions of `labels` to which nothing else refers."""
    uses = [label.lower() for label in LABEL.findall(text)] if labels else []
    unused = {label for label in labels if uses.count(label) == 1}
    return DEFINITION.sub(lambda line: "" if line[1].lower() in unused else line[0], text) if unused else text
