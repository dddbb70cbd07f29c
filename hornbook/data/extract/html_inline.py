"""The text within a block: words, inline code, equations, references of footnotes."""

import re
from typing import NamedTuple

from hornbook.data.extract.html_controls import is_anchor, is_bracketed_control
from hornbook.data.extract.html_footnotes import NO_FOOTNOTES, Footnotes
from hornbook.data.extract.html_math import convert_delimiters, find_formula
from hornbook.data.extract.html_tree import Child, Element
from hornbook.data.extract.markdown_writer import formula

CODE = frozenset({"code", "tt", "samp", "kbd"})
LINE = "\x00"  # a line end in a text whose other white space is not yet collapsed
INVISIBLE = {ord(letter): None for letter in "\u00ad\u200b\u2060\ufeff"}
ORDINAL = frozenset({"st", "nd", "rd", "th", "er", "re", "e", "ème", "º", "ª", "tm", "™", "®"})


class Page(NamedTuple):
    """What holds for the whole page."""

    footnotes: Footnotes = NO_FOOTNOTES
    math: bool = False  # equations may be in it
    tex: bool = False  # TeX delimiters in its text are equations


def inline_text(children: list[Child], page: Page) -> str:
    """The text of a paragraph: lines only where the page has a `<br>`."""
    parts: list[str] = []
    _collect(children, page, parts)
    text = "".join(parts)
    if page.tex and ("\\(" in text or "\\[" in text or "$$" in text):
        text = convert_delimiters(text)
    if not text.isascii():
        text = text.translate(INVISIBLE)
    if LINE not in text:
        return " ".join(text.split())
    lines = (" ".join(line.split()) for line in text.split(LINE))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _collect(children: list[Child], page: Page, parts: list[str]) -> None:
    for child in children:
        if isinstance(child, str):
            parts.append(child)
            continue
        tag = child.tag
        if page.math and (found := find_formula(child)) is not None:
            _add_formula(*found, child.tag == "img", parts)
        elif tag == "br":
            parts.append(LINE)
        elif tag == "a":
            _add_link(child, page, parts)
        elif tag in CODE:
            _add_code(child, page, parts)
        elif tag in ("sub", "sup"):
            _add_script(child, page, parts)
        elif tag == "q":
            parts.append("“")
            _collect(child.children, page, parts)
            parts.append("”")
        elif tag == "rp":
            continue
        else:
            _collect(child.children, page, parts)
            if tag == "rt":
                parts.append(" ")


def _add_formula(tex: str, display: bool, image: bool, parts: list[str]) -> None:
    if not tex:
        return
    written = formula(tex, display)
    if display:
        written = f"{LINE}{written.replace(chr(10), LINE)}{LINE}"
    before = next((part for part in reversed(parts[-3:]) if part.strip()), "")
    if not (image and before.strip(f"{LINE}$ ") == tex):  # an image of the equation follows its MathML
        parts.append(written)


def _add_link(link: Element, page: Page, parts: list[str]) -> None:
    if (name := page.footnotes.references.get(id(link))) is not None:
        parts.append(f"[^{name}]")
    elif id(link) not in page.footnotes.returns and not is_anchor(link) and not is_bracketed_control(link):
        _collect(link.children, page, parts)


def _add_code(element: Element, page: Page, parts: list[str]) -> None:
    inner: list[str] = []
    _collect(element.children, page, inner)
    code = (
        " ".join("".join(inner).replace("`", "").split()) if element.tag != "code" else " ".join("".join(inner).split())
    )
    if not code:
        return
    if "`" in code:
        code = code if code.startswith("`") and code.endswith("`") else f"`` {code} ``"
    else:
        code = f"`{code}`"
    parts.append(code)


def _add_script(element: Element, page: Page, parts: list[str]) -> None:
    inner: list[str] = []
    _collect(element.children, page, inner)
    text = " ".join("".join(inner).split())
    if not text or text.startswith("[") or text.lower() in ORDINAL or not parts or not parts[-1][-1:].strip():
        parts.append(text)
    else:
        sign = "_" if element.tag == "sub" else "^"
        parts.append(f"{sign}{text}" if len(text) == 1 else f"{sign}{{{text}}}")
