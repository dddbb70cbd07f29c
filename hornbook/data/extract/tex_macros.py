r"""The author's own macros and environments: their definitions are collected, their uses replaced."""

import re
from collections.abc import Callable
from typing import NamedTuple

from hornbook.data.extract.document import NotExtractable
from hornbook.data.extract.tex_source import outside_verbatim

DEFINITION = re.compile(
    r"\\(?P<new>(?:re|provide)?newcommand|providecommand|DeclareRobustCommand|DeclareMathOperator|newtheorem"
    r"|(?:re)?newenvironment)(?P<star>\*?)\s*"
    r"|\\(?:long\s*|global\s*)*(?P<def>[egx]?def)\s*(?P<name>\\(?:[A-Za-z@]+|.))(?P<params>(?:\s*#\d)*)\s*(?=\{)"
    r"|\\let\s*(?P<let>\\[A-Za-z@]+)\s*=?\s*(?P<as>\\(?:[A-Za-z@]+|.))"
)
COMMAND = re.compile(r"\\([A-Za-z@]+)\*?")
BEGIN_OR_END = re.compile(r"\\(begin|end)\s*\{([^{}]+)\}")
PARAMETER = re.compile(r"#([1-9])")
# What pandoc and classes define for layout alone; their standard meaning is the better one.
KNOWN = frozenset(
    ("section", "subsection", "subsubsection", "paragraph", "chapter", "part", "caption", "footnote", "label", "ref",
     "cite", "item", "title", "author", "date", "maketitle", "textbf", "emph", "url", "href", "includegraphics", "verb",
     "thanks", "and", "eqref", "cref", "Cref", "autoref", "citep", "citet", "texttt", "textit")
)  # fmt: skip
TOKENS = re.compile(r"\\.|[{}\]]", re.S)
ONE_TOKEN = re.compile(r"\\(?:[A-Za-z@]+|.)|.", re.S)
LONGEST = 100_000  # characters of an argument
ROUNDS = 30  # macros within macros
MOST_GROWTH = 10_000_000  # characters that expansion may add


class Macro(NamedTuple):
    arguments: int
    default: str | None  # of the first argument, if it is optional
    body: str


class Definitions(NamedTuple):
    """Names without backslash. `theorems` are environments → their titles."""

    macros: dict[str, Macro]
    environments: dict[str, tuple[Macro, Macro]]
    theorems: dict[str, str]


def expand_macros(text: str) -> tuple[str, Definitions]:
    """The text without definitions and with all uses of them replaced; equations too, verbatim parts not.

    Raises NotExtractable for macros that expand without end.
    """
    found = Definitions({}, {}, {})
    text = outside_verbatim(text, lambda part: _without_definitions(part, found))
    for name in list(found.macros):
        if name in KNOWN:
            del found.macros[name]
    budget = [MOST_GROWTH]
    if found.macros or found.environments:
        text = outside_verbatim(text, lambda part: _expanded(part, found, budget))
    return text, found


def _without_definitions(text: str, found: Definitions) -> str:
    parts: list[str] = []
    place = 0
    while match := DEFINITION.search(text, place):
        parts.append(text[place : match.start()])
        place = _defined(text, match, found)
    return "".join([*parts, text[place:]])


def _defined(text: str, match: re.Match[str], found: Definitions) -> int:
    """Note one definition; the place behind it."""
    if name := match["let"]:
        found.macros[name[1:]] = Macro(0, None, match["as"])
        return match.end()
    if name := match["name"]:
        body, end = argument(text, match.end())
        found.macros[name[1:]] = Macro(match["params"].count("#"), None, body)
        return end
    name, end = argument(text, match.end())
    name = name.strip().lstrip("\\")
    if match["new"] == "DeclareMathOperator":
        body, end = argument(text, end)
        found.macros[name] = Macro(0, None, rf"\operatorname{match['star']}{{{body}}}")
        return end
    if match["new"] == "newtheorem":
        _, end = optional(text, end)
        title, end = argument(text, end)
        found.theorems[name] = title
        return optional(text, end)[1]
    count, end = optional(text, end)
    default, end = optional(text, end)
    arguments = int(count) if count and count.strip().isdecimal() and len(count) < 3 else 0
    body, end = argument(text, end)
    if match["new"].endswith("environment"):
        closing, end = argument(text, end)
        found.environments[name] = Macro(arguments, default, body), Macro(0, None, closing)
    else:
        found.macros[name] = Macro(arguments, default, body)
    return end


def _expanded(text: str, found: Definitions, budget: list[int]) -> str:
    names = "|".join(sorted(map(re.escape, found.macros), key=len, reverse=True))
    uses = re.compile(rf"\\({names})(?![A-Za-z@])" if names else r"(?!)")
    for _ in range(ROUNDS):
        before = text
        if found.environments:
            text = _replaced(text, BEGIN_OR_END, lambda match: _environment(match, found), budget)
        text = _replaced(text, uses, lambda match: found.macros[match[1]], budget)
        if text == before:
            break
    return text


def _environment(match: re.Match[str], found: Definitions) -> Macro | None:
    pair = found.environments.get(match[2])
    return pair[match[1] == "end"] if pair else None


def _replaced(
    text: str, pattern: re.Pattern[str], macro_of: Callable[[re.Match[str]], Macro | None], budget: list[int]
) -> str:
    parts: list[str] = []
    place = 0
    while match := pattern.search(text, place):
        macro = macro_of(match)
        parts.append(text[place : match.start()])
        if macro is None:
            parts.append(match[0])
            place = match.end()
            continue
        body, place = _applied(text, match.end(), macro)
        budget[0] -= len(body)
        if budget[0] < 0:
            raise NotExtractable("TeX macros that expand without end")
        follows = text[place : place + 1]
        parts.append(body + (" " if body[-1:].isalpha() and follows.isalpha() and COMMAND.search(body[-40:]) else ""))
    return "".join([*parts, text[place:]])


def _applied(text: str, place: int, macro: Macro) -> tuple[str, int]:
    """The macro's body with its arguments, and the place behind them."""
    arguments: list[str] = []
    for number in range(macro.arguments):
        if number == 0 and macro.default is not None:
            given, place = optional(text, place)
            arguments.append(macro.default if given is None else given)
        else:
            given, place = argument(text, place)
            arguments.append(given)
    body = PARAMETER.sub(
        lambda match: arguments[int(match[1]) - 1] if int(match[1]) <= len(arguments) else "", macro.body
    )
    return body, place


def argument(text: str, place: int) -> tuple[str, int]:
    """The next argument, a group in braces or a single token, and the place behind it."""
    while place < len(text) and text[place].isspace():
        place += 1
    if text[place : place + 1] != "{":
        match = ONE_TOKEN.match(text, place)
        return (match[0], match.end()) if match else ("", place)
    depth = 0
    for match in TOKENS.finditer(text, place, place + LONGEST):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return text[place + 1 : match.start()], match.end()
    return "", place + 1  # never closed


def optional(text: str, place: int) -> tuple[str | None, int]:
    """An argument in brackets, if there is one, and the place behind it."""
    match = re.compile(r"\s*\[").match(text, place)
    if not match:
        return None, place
    depth = 0
    for token in TOKENS.finditer(text, match.end(), match.end() + LONGEST):
        depth += (token[0] == "{") - (token[0] == "}")
        if token[0] == "]" and depth <= 0:
            return text[match.end() : token.start()], token.end()
    return None, place
