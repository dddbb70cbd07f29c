r"""Equations of a page → TeX: MathML, scripts and delimiters of MathJax, KaTeX, images whose alt text is TeX."""

import re

from hornbook.data.extract.html_tree import Element, build_tree, parse
from hornbook.data.extract.mathml import mathml_to_tex

RENDERED = frozenset({"MathJax", "MathJax_Display", "MathJax_SVG", "MathJax_SVG_Display", "MathJax_CHTML", "mjx-chtml"})
PREVIEW = "MathJax_Preview"
IMAGE_OF_TEX = frozenset({"math", "tex", "latex", "mwe-math-fallback-image-inline", "mwe-math-fallback-image-display"})
MATH_SIGNS = ("math", "katex", "displaystyle", "mjx", "latex", '"tex"', "'tex'", "equation")
MATH_CLASSES = frozenset({"math", "tex", "latex", "equation"})
DELIMITED = re.compile(r"\\\(((?:[^\\]|\\[^()])+)\\\)|\\\[((?:[^\\]|\\[^\[\]])+)\\\]|\$\$([^$]+)\$\$")
WHOLE_STYLE = re.compile(r"^\{\s*\\(?:display|text)style\s*(.*)\}$", re.DOTALL)
ENVIRONMENT = re.compile(r"^\\begin\{.*\\end\{[a-z*]+\}$", re.DOTALL)


def uses_tex(lowered: str) -> bool:
    """Whether a script of the page, given in lower case, turns TeX delimiters in its text into equations."""
    return "mathjax" in lowered or "katex" in lowered


def has_math(lowered: str) -> bool:
    """Whether a page, given in lower case, may have equations at all; looking for them takes time."""
    return any(sign in lowered for sign in MATH_SIGNS)


def find_formula(element: Element) -> tuple[str, bool] | None:
    r"""The TeX of an element that is an equation, and whether it is displayed; None if it is not one.

    The TeX is "" for an element that only repeats an equation, as a rendered copy or a preview.
    """
    tag = element.tag
    if tag == "math":
        display = element.get("display") == "block" or element.get("mode") == "display"
        return _plain(mathml_to_tex(element)), display
    if tag == "script":
        return _script_formula(element)
    if tag == "img":
        return _image_formula(element)
    if not element.attributes:
        return ("", False) if tag == "mjx-container" and not _inner_math(element) else None
    classes = element.get("class").split()
    names = element.names()
    if tag == "mjx-container" or "katex" in names or not RENDERED.isdisjoint(classes):
        return _rendered_formula(element, names)
    if PREVIEW in classes:
        return "", False
    if not names.isdisjoint(MATH_CLASSES):
        return _delimited_element(element)
    return None


def convert_delimiters(text: str) -> str:
    r"""`\(x\)`, `\[x\]` and `$$x$$` in the text of a page that uses MathJax → the delimiters of Markdown."""
    return DELIMITED.sub(_converted, text)


def _converted(match: re.Match[str]) -> str:
    inline, *displayed = match.groups()
    if inline is not None:
        return f"${' '.join(inline.split())}$"
    tex = next(part for part in displayed if part is not None)
    return f"\x00$$\x00{' '.join(tex.split())}\x00$$\x00"


def _script_formula(element: Element) -> tuple[str, bool]:
    kind = element.get("type")
    tex = element.text().strip()
    if kind.startswith("math/mml"):
        return _parsed_mathml(tex), "mode=display" in kind.replace(" ", "")
    return _plain(tex.removeprefix("% <![CDATA[").removesuffix("%]]>")), "mode=display" in kind.replace(" ", "")


def _image_formula(element: Element) -> tuple[str, bool] | None:
    alt = element.get("alt").strip()
    names = element.names()
    if not alt or not (not names.isdisjoint(IMAGE_OF_TEX) or WHOLE_STYLE.match(alt) or alt.startswith(("\\", "$"))):
        return None
    return _plain(alt), "mwe-math-fallback-image-display" in names


def _rendered_formula(element: Element, names: set[str]) -> tuple[str, bool]:
    """What a script made of an equation: MathML for screen readers is in it, or the TeX stands beside it."""
    display = element.get("display") == "true" or any("display" in name for name in names)
    math = _inner_math(element)
    if math is not None:
        return _plain(mathml_to_tex(math)), display or math.get("display") == "block"
    if source := element.get("data-mathml"):
        return _parsed_mathml(source), display
    return "", False


def _delimited_element(element: Element) -> tuple[str, bool] | None:
    r"""An element that holds nothing but one equation: with its delimiters, `\(...\)` or `\[...\]`, or as an image."""
    if not element.length:
        images = [inner for inner in element.elements() if inner.tag == "img" and inner.get("alt")]
        return (_plain(images[0].get("alt")), element.tag == "div") if len(images) == 1 else None
    if any(isinstance(child, Element) for child in element.children):
        return None
    text = element.text().strip()
    for begin, end, display in (("\\(", "\\)", False), ("\\[", "\\]", True), ("$$", "$$", True), ("$", "$", False)):
        if text.startswith(begin) and text.endswith(end) and len(text) > len(begin + end):
            inner = text[len(begin) : -len(end)]
            return None if begin in inner else (_plain(inner), display)
    return (text, True) if ENVIRONMENT.match(text) else None


def _parsed_mathml(source: str) -> str:
    math = _inner_math(build_tree(parse(source)).body)
    return "" if math is None else _plain(mathml_to_tex(math))


def _inner_math(element: Element) -> Element | None:
    return next((inner for inner in element.elements() if inner.tag == "math"), None)


def _plain(tex: str) -> str:
    """TeX without its delimiters, the style that wraps all of it, and empty lines, which TeX does not allow."""
    tex = tex.strip()
    for begin, end in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if tex.startswith(begin) and tex.endswith(end) and len(tex) >= len(begin + end):
            tex = tex[len(begin) : -len(end)].strip()
            break
    if (match := WHOLE_STYLE.match(tex)) and _is_balanced(match[1]):
        tex = match[1].strip()
    return "\n".join(line.rstrip() for line in tex.split("\n") if line.strip())


def _is_balanced(tex: str) -> bool:
    """Whether no brace closes one that stands before the text."""
    depth = 0
    for sign in re.findall(r"\\.|[{}]", tex):
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return True
