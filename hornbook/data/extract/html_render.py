"""The tree of a page → blocks of Markdown."""

import re

from hornbook.data.extract.html_code import code_language, code_text, is_code
from hornbook.data.extract.html_inline import Page, inline_text
from hornbook.data.extract.html_math import find_formula
from hornbook.data.extract.html_tables import table_blocks
from hornbook.data.extract.html_tree import BLOCKS, HEADINGS, Child, Element
from hornbook.data.extract.markdown_writer import code_block, footnote, formula, heading, list_item

EDIT_LINKS = re.compile(r"\s*\[\s*(edit|edit source)(\s*\|\s*edit source)?\s*\]$", re.I)  # of wikis
NOT_QUOTED = frozenset({"pre", "table", "ul", "ol", "dl"})
LISTS = frozenset({"ul", "ol", "menu", "dir"})


def render_blocks(element: Element, page: Page, around: tuple[Element, ...] = ()) -> list[str]:
    """The blocks in an element, in order. `around` has the elements that hold it, innermost last."""
    blocks: list[str] = []
    run: list[Child] = []  # inline children that make one paragraph
    inside = (*around[-3:], element)
    for child in element.children:
        if isinstance(child, str) or not (child.has_blocks or child.tag in BLOCKS):
            run.append(child)
            continue
        if run:
            _add_paragraph(run, page, blocks)
            run = []
        blocks += _block(child, page, inside)
    if run:
        _add_paragraph(run, page, blocks)
    return blocks


def _add_paragraph(run: list[Child], page: Page, blocks: list[str]) -> None:
    if text := inline_text(run, page):
        blocks.append(text)


def _block(element: Element, page: Page, around: tuple[Element, ...]) -> list[str]:
    if (name := page.footnotes.notes.get(id(element))) is not None and element.tag != "dt":
        return [_note(name, _content(element, page, around))]
    if page.math and (found := find_formula(element)) is not None:
        return [formula(found[0], True)] if found[0] else []
    tag = element.tag
    if is_code(element):
        code = code_text(element)
        return [code_block(code, code_language(element, list(around)))] if code.strip() else []
    if tag in HEADINGS:
        text = (
            inline_text(element.children, page) if not element.has_blocks else " ".join(_content(element, page, around))
        )
        text = EDIT_LINKS.sub("", text)
        return [heading(text, int(tag[1]))] if text else []
    if tag in LISTS:
        return _list(element, page, around)
    if tag == "dl":
        return _definitions(element, page, around)
    if tag == "table":
        return table_blocks(element, lambda cell: _content(cell, page, around))
    if tag == "li":
        return [list_item(_item_body(_content(element, page, around)))]
    if tag == "blockquote":
        return _quotation(element, _content(element, page, around))
    return _content(element, page, around)


def _quotation(element: Element, blocks: list[str]) -> list[str]:
    """Quoted words are marked as such. Other blocks stay as they are: generators use the tag to indent them."""
    if not blocks or any(inner.tag in NOT_QUOTED for inner in element.elements()):
        return blocks
    return ["\n".join(f"> {line}".rstrip() for line in "\n\n".join(blocks).split("\n"))]


def _content(element: Element, page: Page, around: tuple[Element, ...]) -> list[str]:
    return render_blocks(element, page, around)


def _list(element: Element, page: Page, around: tuple[Element, ...]) -> list[str]:
    start = element.get("start")
    number = int(start) if start.isascii() and start.isdecimal() and len(start) < 9 else 1
    bodies: list[list[str]] = []
    notes: list[str] = []
    for child in element.children:
        if isinstance(child, str):
            if child.strip():
                bodies.append([inline_text([child], page)])
        elif (name := page.footnotes.notes.get(id(child))) is not None:
            notes.append(_note(name, _content(child, page, (*around, element))))
        elif child.tag == "li" or not bodies:
            bodies.append(_content(child, page, (*around, element)))
        else:  # a list directly in a list belongs to the item before
            bodies[-1] += (
                _block(child, page, (*around, element)) if child.tag in BLOCKS else _content(child, page, around)
            )
    items = []
    for body in bodies:
        if text := _item_body(body):
            items.append(list_item(text, number if element.tag == "ol" else None))
            number += 1
    return (["\n".join(items)] if items else []) + notes


def _item_body(blocks: list[str]) -> str:
    """The blocks of an item: a list follows its text directly, other blocks after an empty line."""
    body = ""
    for block in blocks:
        gap = "\n" if block.startswith(("- ", "1. ")) else "\n\n"
        body += gap + block if body else block
    return body


def _definitions(element: Element, page: Page, around: tuple[Element, ...]) -> list[str]:
    """Terms, each with its definitions below it; a short definition begins with a colon."""
    blocks: list[str] = []
    name = None
    after_term = False
    for child in _terms(element):
        content = _content(child, page, (*around, element))
        if child.tag == "dt":
            name = page.footnotes.notes.get(id(child))
            after_term = name is None and bool(content)
            if after_term:
                blocks.append("\n".join(content))
            continue
        if name is not None:
            blocks.append(_note(name, content))
        elif after_term and len(content) == 1 and "\n" not in content[0]:
            blocks[-1] += f"\n: {content[0]}"
        else:
            blocks += content
        after_term = False
    return blocks


def _terms(element: Element) -> list[Element]:
    """The `<dt>` and `<dd>`, also where a `<div>` groups them."""
    terms: list[Element] = []
    for child in element.children:
        if isinstance(child, str):
            if child.strip():
                wrapper = Element("dd", {})
                wrapper.children.append(child)
                terms.append(wrapper)
        elif child.tag == "div" and any(isinstance(c, Element) and c.tag in ("dt", "dd") for c in child.children):
            terms += _terms(child)
        else:
            terms.append(child)
    return terms


def _note(name: str, blocks: list[str]) -> str:
    text = "\n\n".join(blocks).strip()
    label = text.partition(" ")[0].strip("[]().:")
    if label == name:  # the note's own number
        text = text.partition(" ")[2]
    return footnote(name, text.replace("\n", "\n    "))
