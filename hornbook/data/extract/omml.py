"""Equations of Word (OMML) → TeX, by way of the elements of MathML."""

from lxml import etree

from hornbook.data.extract.html_tree import Child, Element
from hornbook.data.extract.mathml import mathml_to_tex
from hornbook.data.extract.xml_elements import made
from hornbook.data.extract.xml_tree import attribute, local_name

# An element of OMML → one of MathML, and those of its children that become its children, in that order.
PARTS = {
    "f": ("mfrac", ("num", "den")), "sSup": ("msup", ("e", "sup")), "sSub": ("msub", ("e", "sub")),
    "sSubSup": ("msubsup", ("e", "sub", "sup")), "limLow": ("munder", ("e", "lim")), "limUpp": ("mover", ("e", "lim")),
    "sPre": ("mmultiscripts", ("e", "sub", "sup")), "groupChr": ("mrow", ("e",)), "borderBox": ("mrow", ("e",)),
    "box": ("mrow", ("e",)), "phant": ("mrow", ("e",)), "bar": ("mover", ("e",)), "acc": ("mover", ("e",)),
}  # fmt: skip
DEEPEST = 60


def omml_to_tex(element: etree._Element) -> str:
    """TeX of an `<m:oMath>`."""
    return mathml_to_tex(made("math", _children(element, 0)))


def _children(element: etree._Element, depth: int) -> list[Child]:
    return [made for child in element if (name := local_name(child)) for made in _converted(child, name, depth + 1)]


def _converted(element: etree._Element, name: str, depth: int) -> list[Child]:
    if depth > DEEPEST:
        return [made("mtext", ["".join(element.itertext())])]
    if name == "r":
        return _run(element)
    if name.endswith("Pr"):  # properties
        return []
    if name == "rad":
        degree, root = _row(element, "deg", depth), _row(element, "e", depth)
        return [made("mroot", [root, degree]) if degree.children else made("msqrt", [root])]
    if name == "nary":
        return [_nary(element, depth), _row(element, "e", depth)]
    if name == "d":
        return [_delimited(element, depth)]
    if name == "m" or name == "eqArr":
        return [_matrix(element, name, depth)]
    if name == "func":
        return [_row(element, "fName", depth), _row(element, "e", depth)]
    if name == "f" and _property(element, "type") == "noBar":
        return [made("mfrac", [_row(element, "num", depth), _row(element, "den", depth)], {"linethickness": "0"})]
    if name in PARTS:
        tag, parts = PARTS[name]
        children: list[Child] = [_row(element, part, depth) for part in parts]
        if name in ("bar", "acc"):
            children.append(made("mo", [_property(element, "chr") or ("‾" if name == "bar" else "^")]))
        return [made(tag, children)]
    return _children(element, depth)


def _run(element: etree._Element) -> list[Child]:
    """Letters one by one, numbers as wholes, and signs; upright text stays text."""
    text = "".join(child.text or "" for child in element if local_name(child) == "t")
    plain = any(
        local_name(e) == "nor" or (local_name(e) == "sty" and attribute(e, "val") == "p") for e in element.iter()
    )
    if plain and text.strip().isalpha() and len(text.strip()) > 1:
        return [made("mi", [text.strip()])] if text.strip().isascii() else [made("mtext", [text])]
    return [made("mn" if letter.isdecimal() or letter == "." else "mo", [letter]) for letter in text]


def _nary(element: etree._Element, depth: int) -> Element:
    sign = made("mo", [_property(element, "chr") or "∫"])
    below, above = _row(element, "sub", depth), _row(element, "sup", depth)
    if below.children and above.children:
        return made("munderover", [sign, below, above])
    if below.children:
        return made("munder", [sign, below])
    return made("mover", [sign, above]) if above.children else sign


def _delimited(element: etree._Element, depth: int) -> Element:
    begin, end = _property(element, "begChr", "("), _property(element, "endChr", ")")
    separator = _property(element, "sepChr", "|")
    children: list[Child] = [made("mo", [begin])] if begin else []
    for number, child in enumerate(c for c in element if local_name(c) == "e"):
        children += [made("mo", [separator])] if number else []
        children += _children(child, depth)
    return made("mrow", children + ([made("mo", [end])] if end else []))


def _matrix(element: etree._Element, name: str, depth: int) -> Element:
    rows = [child for child in element if local_name(child) in ("mr", "e")]
    cells = [[row] if name == "eqArr" else [c for c in row if local_name(c) == "e"] for row in rows]
    table: list[Child] = [made("mtr", [made("mtd", _children(cell, depth)) for cell in row]) for row in cells]
    return made("mtable", table)


def _row(element: etree._Element, part: str, depth: int) -> Element:
    found = next((child for child in element if local_name(child) == part), None)
    return made("mrow", [] if found is None else _children(found, depth))


def _property(element: etree._Element, name: str, default: str = "") -> str:
    """The value of a character property; a property without a value means no character."""
    for child in element:
        if local_name(child).endswith("Pr"):
            found = next((e for e in child if local_name(e) == name), None)
            if found is not None:
                return attribute(found, "val")
    return default
