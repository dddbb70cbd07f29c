"""Texts of programs in languages with braces: a header and what a reply makes of it, put together."""

import re
from typing import NamedTuple

_NOT_CODE = re.compile(
    r"//[^\n]*|/\*(?:.*?\*/|.*\Z)|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\[^'\n]{1,10}|[^'\\\n])'|`[^`]*`?", re.DOTALL
)
_NOT_CODE_JS = re.compile(
    r"//[^\n]*|/\*(?:.*?\*/|.*\Z)|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?|`(?:\\.|[^`\\])*`?", re.DOTALL
)
_DEFINES = {  # how a function of a name is defined
    "go": r"\bfunc\s+(?:\([^()]*\)\s*)?{name}\s*[\[(]",
    "rust": r"\bfn\s+{name}\s*[<(]",
    "javascript": r"\bfunction\s*\*?\s*{name}\s*\(|\b(?:const|let|var)\s+{name}\s*=|\bclass\s+{name}\b",
}
_DEFINES_C = r"[\w>\]&*]\s+[&*]*{name}\s*\([^;{{}}]*\)[^;{{}}()=]*\{{"
_LAST_NAME = {
    "go": r"\bfunc\s+(?:\([^()]*\)\s*)?(\w+)",
    "rust": r"\bfn\s+(\w+)",
    "javascript": r"\b(?:function\s*\*?\s*|const\s+|let\s+|var\s+)(\w+)",
}


class Joined(NamedTuple):
    """The program, complete, and the tests that follow it."""

    program: str
    tests: str


def is_header(prompt: str) -> bool:
    """Whether a prompt is the beginning of a program, up to the brace that opens a function."""
    return prompt.rstrip().endswith("{")


def joined(prefix: str, code: str, tests: str, language: str) -> Joined:
    """The header's program out of a reply's code: the rest of the function, or the whole of it again.

    Tests may begin with the braces that close what the header opened. As many braces are added to the code or taken
    from its end as make the whole balance.
    """
    if not prefix.strip():
        program = code
    elif _repeats(prefix, code, language):
        program = f"{_before_function(prefix, code, language)}\n{code}"
    else:
        program = f"{prefix.rstrip()}\n{code}"
    missing = _balance(program, language) + _balance(tests, language)
    if missing > 0:
        program += "\n" + "}" * min(missing, 3)
    for _ in range(min(-missing, 3)):
        program = program[: program.rindex("}")] if "}" in program else program
    while tests.lstrip().startswith("}"):
        program, tests = program + "\n}", tests.lstrip()[1:]
    return Joined(program, tests)


def bare(text: str, language: str) -> str:
    """The text with blanks for comments and for what stands in quotes; every place stays where it is."""
    pattern = _NOT_CODE_JS if language == "javascript" else _NOT_CODE
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def closing_brace(plain: str, start: int) -> int:
    """Where the block that opens at or after `start` is closed, in bare text; -1 if it is not."""
    depth = 0
    for place in range(start, len(plain)):
        depth += (plain[place] == "{") - (plain[place] == "}")
        if plain[place] == "}" and depth <= 0:
            return place
    return -1


def renamed(text: str, language: str, pattern: str, name: str) -> str:
    """The text with the first group of each match of a pattern in its bare text renamed, the second one name_2 …"""
    plain, parts, end = bare(text, language), [], 0
    for number, match in enumerate(re.finditer(pattern, plain), 1):
        parts += [text[end : match.start(1)], name if number == 1 else f"{name}_{number}"]
        end = match.end(1)
    return "".join([*parts, text[end:]])


def _balance(text: str, language: str) -> int:
    plain = bare(text, language)
    return plain.count("{") - plain.count("}")


def _repeats(prefix: str, code: str, language: str) -> bool:
    name = _function(prefix, language)
    pattern = _DEFINES.get(language, _DEFINES_C)
    pattern = pattern.replace("{name}", re.escape(name)).replace("{{", "{").replace("}}", "}")
    return bool(name and re.search(pattern, bare(code, language)))


def _function(prefix: str, language: str) -> str:
    """The name of the function that the header ends with."""
    found = re.findall(_LAST_NAME.get(language, r"(\w+)\s*\("), bare(prefix, language)[-2000:])
    return found[-1] if found else ""


def _before_function(prefix: str, code: str, language: str) -> str:
    """What the header has before its last function, without what the code has itself."""
    plain, name = bare(prefix, language), _function(prefix, language)
    place = [match.start() for match in re.finditer(rf"\b{re.escape(name)}\b", plain)][-1]
    kept = prefix[: prefix.rfind("\n", 0, place) + 1]
    own_class = re.search(r"\b(?:class|impl|struct)\s+\w+", bare(code, language))
    opened = re.search(r"^[^\n]*\b(?:class|impl)\s+\w+[^\n;]*\{", bare(kept, language), re.MULTILINE)
    if own_class and opened and language in ("java", "rust", "cpp"):
        kept = kept[: opened.start()]
    lines = {line.strip() for line in code.split("\n") if re.match(r"\s*(?:use|import)\s.*;\s*$", line)}
    return "\n".join(line for line in kept.split("\n") if line.strip() not in lines)
