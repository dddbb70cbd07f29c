"""`<pre>` → code: its lines and its language, without line numbers and the marks of a highlighter."""

import re
from itertools import pairwise

from hornbook.data.extract.html_tree import Element

LINE_NUMBERS = frozenset({
    "lineno", "linenos", "linenumber", "line-number", "line-numbers", "line-numbers-rows", "gutter", "linenodiv",
    "rouge-gutter", "gl"
})  # fmt: skip
PREFIXES = re.compile(r"(?:language|lang|highlight-source|highlight|brush|src)[-:]\s*([\w+#.-]+)")
HIGHLIGHTERS = frozenset({
    "sourcecode", "prettyprint", "src", "highlight", "hljs", "chroma", "code", "programlisting", "listing"
})  # fmt: skip
NO_LANGUAGE = frozenset({
    "default", "none", "text", "plain", "plaintext", "txt", "nohighlight", "no-highlight", "notranslate", "nocode",
    "highlight", "hljs", "auto"
})  # fmt: skip
ALIASES = {"python3": "python", "py": "python", "ipython3": "python", "ipython": "python", "pycon": "python",
           "pycon3": "python", "js": "javascript", "ts": "typescript", "c++": "cpp", "shell": "bash", "sh": "bash",
           "py3": "python"}  # fmt: skip
LANGUAGE_NAME = re.compile(r"[a-z][a-z0-9+#.-]{0,19}")


def is_code(element: Element) -> bool:
    """Whether its lines are code: `<pre>`, or the lines of Doxygen, each an element."""
    if element.tag != "div" or element.get("class") != "fragment":
        return element.tag == "pre"
    lines = [child for child in element.children if isinstance(child, Element)]
    return bool(lines) and all(line.get("class") == "line" for line in lines)


def code_text(element: Element) -> str:
    """The lines of an element that is code, with their indentation; "" where it holds only line numbers."""
    parts: list[str] = []
    _collect(element, parts)
    code = "".join(parts)
    if element.tag == "div":
        code = code.replace("\n\n", "\n")  # the source has a line end after each element
    code = code.replace("\xa0", " ")
    lines = [line.rstrip() for line in code.split("\n")]
    return "" if _are_line_numbers(lines) else "\n".join(lines)


def code_language(element: Element, around: list[Element]) -> str:
    """The language that the element, the `<code>` in it or an element around it (innermost last) names; or ""."""
    inner = [child for child in element.children if isinstance(child, Element) and child.tag == "code"]
    for candidate in [element, *inner[:1], *reversed(around[-3:])]:
        if candidate.attributes and (language := _declared_language(candidate)):
            return language
    return ""


def _collect(element: Element, parts: list[str]) -> None:
    for child in element.children:
        if isinstance(child, str):
            parts.append(child)
        elif child.tag == "br":
            parts.append("\n")
        elif not (child.attributes and _is_line_number(child)):
            own_line = child.tag in ("div", "li", "tr", "p", "pre")  # a highlighter that puts each line into a block
            if own_line and parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            _collect(child, parts)
            if own_line and parts and not parts[-1].endswith("\n"):
                parts.append("\n")


def _is_line_number(element: Element) -> bool:
    return not element.names().isdisjoint(LINE_NUMBERS) and element.text().strip(" \n0123456789") == ""


def _are_line_numbers(lines: list[str]) -> bool:
    numbers = [line.strip() for line in lines if line.strip()]
    if not numbers or not all(number.isascii() and number.isdecimal() and len(number) < 7 for number in numbers):
        return False
    return len(numbers) > 1 and all(int(b) == int(a) + 1 for a, b in pairwise(numbers))


def _declared_language(element: Element) -> str:
    for name in ("data-lang", "data-language", "data-code-language", "lang-name"):
        if (value := element.get(name).lower()) and LANGUAGE_NAME.fullmatch(value):
            return _known(value)
    classes = element.get("class").lower()
    for match in PREFIXES.finditer(classes):
        if language := _known(match[1]):
            return language
    words = classes.split()
    if len(words) > 1 and element.tag in ("pre", "code", "div") and words[0] in HIGHLIGHTERS:
        return _known(words[1]) if words[1] not in HIGHLIGHTERS and "-" not in words[1] else ""
    return ""


def _known(language: str) -> str:
    language = language.strip(";")
    if language in NO_LANGUAGE or not LANGUAGE_NAME.fullmatch(language):
        return ""
    return ALIASES.get(language, language)
