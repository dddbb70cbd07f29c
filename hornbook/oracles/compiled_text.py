"""Source text in languages with braces: join a header and a reply's code."""

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


class JoinedProgram(NamedTuple):
    """The program, complete, and the tests that follow it."""

    program: str
    tests: str


def is_brace_header(prompt: str) -> bool:
    """Whether a prompt ends with the brace that opens a function."""
    return prompt.rstrip().endswith("{")


def join_program(prefix: str, code: str, tests: str, language: str) -> JoinedProgram:
    """Join a header and a reply's code, which is the rest of the function or repeats the whole of it.

    Tests may begin with the braces that close what the header opened. Up to three braces are added to the code or taken
    from its end to balance the whole.
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
    return JoinedProgram(program, tests)


def code_only(text: str, language: str) -> str:
    """The text with comments and quoted strings replaced by blanks; all offsets stay the same."""
    pattern = _NOT_CODE_JS if language == "javascript" else _NOT_CODE
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def closing_brace(plain: str, start: int) -> int:
    """Where the block that opens at or after `start` is closed, in a text from `code_only`; -1 if it is not."""
    depth = 0
    for place in range(start, len(plain)):
        depth += (plain[place] == "{") - (plain[place] == "}")
        if plain[place] == "}" and depth <= 0:
            return place
    return -1


def rename_matches(text: str, language: str, pattern: str, name: str) -> str:
    """Replace the first group of each match of a pattern (outside comments and strings) by `name`, `name_2`, …"""
    plain, parts, end = code_only(text, language), [], 0
    for number, match in enumerate(re.finditer(pattern, plain), 1):
        parts += [text[end : match.start(1)], name if number == 1 else f"{name}_{number}"]
        end = match.end(1)
    return "".join([*parts, text[end:]])


def _balance(text: str, language: str) -> int:
    plain = code_only(text, language)
    return plain.count("{") - plain.count("}")


def _repeats(prefix: str, code: str, language: str) -> bool:
    name = _function(prefix, language)
    pattern = _DEFINES.get(language, _DEFINES_C)
    pattern = pattern.replace("{name}", re.escape(name)).replace("{{", "{").replace("}}", "}")
    return bool(name and re.search(pattern, code_only(code, language)))


def _function(prefix: str, language: str) -> str:
    """The name of the function that the header ends with."""
    found = re.findall(_LAST_NAME.get(language, r"(\w+)\s*\("), code_only(prefix, language)[-2000:])
    return found[-1] if found else ""


def _before_function(prefix: str, code: str, language: str) -> str:
    """The header before its last function, without the imports and the class that the code repeats."""
    plain, name = code_only(prefix, language), _function(prefix, language)
    place = [match.start() for match in re.finditer(rf"\b{re.escape(name)}\b", plain)][-1]
    kept = prefix[: prefix.rfind("\n", 0, place) + 1]
    own_class = re.search(r"\b(?:class|impl|struct)\s+\w+", code_only(code, language))
    opened = re.search(r"^[^\n]*\b(?:class|impl)\s+\w+[^\n;]*\{", code_only(kept, language), re.MULTILINE)
    if own_class and opened and language in ("java", "rust", "cpp"):
        kept = kept[: opened.start()]
    lines = {line.strip() for line in code.split("\n") if re.match(r"\s*(?:use|import)\s.*;\s*$", line)}
    return "\n".join(line for line in kept.split("\n") if line.strip() not in lines)
