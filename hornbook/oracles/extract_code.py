"""Extract the program from a reply, and join it to the header that it was given."""

import ast
import re
import textwrap
from collections.abc import Collection, Iterator
from typing import NamedTuple

LONGEST = 100_000  # characters of a reply that are read, from its end
DEEPEST = 150  # brackets open at a time: Python's own parser crashes on some hostile nesting
MOST_TRIED = 60  # first and last lines of unfenced code that are tried

LANGUAGES = {  # fence labels by language
    "python": ("python", "py", "python3", "py3", "ipython", "ipython3", "pycon", "sage", "python2"),
    "cpp": ("cpp", "c++", "cc", "cxx", "hpp"),
    "c": ("c", "h"),
    "java": ("java",),
    "javascript": ("javascript", "js", "node", "mjs", "jsx"),
    "go": ("go", "golang"),
    "rust": ("rust", "rs"),
}
_FENCE = re.compile(r"(`{3,}|~{3,})")
_TAGS = re.compile(r"\[(/?)(?:PYTHON|CODE|SOLUTION)\]|<(/?)(?:code|pre|answer|solution|python)>", re.IGNORECASE)
_TURN = re.compile(r"<\|[a-z_]+\|>|</s>|<end_of_turn>|<eos>|<eot>", re.IGNORECASE)
_QUOTES = str.maketrans("“”„‘’‚", "\"\"\"'''")
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\x00"))
_SPACES = str.maketrans(dict.fromkeys("\xa0\u2002\u2003\u2007\u2009\u202f\u3000", " "))
_TYPING = {
    *("Any", "Callable", "DefaultDict", "Deque", "Dict", "FrozenSet", "Generator", "Iterable", "Iterator", "List"),
    *("Optional", "Sequence", "Set", "Tuple", "Type", "Union"),
}


class Block(NamedTuple):
    """A fenced code block: the label of its fence ("" for none) and its content."""

    label: str
    text: str


def code_in(reply: str, names: Collection[str] = (), language: str = "python") -> str:
    """The program in a reply: the last block that defines what the tests call, with the earlier blocks that it needs.

    `names` are the names that the tests call; without them, the last block in the language is taken. Of a reply without
    blocks, the longest part that is Python and defines the names is taken; if there is none, the whole reply.
    """
    reply = clean_reply(reply)
    blocks = [block for block in blocks_in(reply) if block.text.strip()]
    labels = LANGUAGES[language]
    ours = [block for block in blocks if block.label in labels] or [block for block in blocks if not block.label]
    if language != "python":
        return ours[-1].text if ours else (blocks[-1].text if blocks else reply)
    if not any(defines(block.text, names) for block in ours):  # the right block may have a wrong label or none
        ours = [block for block in blocks if defines(block.text, names)] or ours
    if not ours:
        return blocks[-1].text if len(blocks) == 1 and parse_program(blocks[-1].text) else _unfenced(reply, names)
    texts = [tidied(block.text) for block in ours]
    defining = [place for place, text in enumerate(texts) if defines(text, names)]
    place = defining[-1] if defining else len(texts) - 1
    return _with_needed(texts[:place], texts[place], names)


def assembled(prefix: str, code: str, names: Collection[str] = ()) -> str:
    """The program made of a header and a reply's code, which may be only the body or repeat the whole function.

    Of the ways to join them, the first that is Python and defines the names; if none is, the code alone.
    Missing imports from `typing` (`List`, `Optional` …) are added.
    """
    ways = [code]
    if prefix.strip():
        indented = textwrap.indent(textwrap.dedent(code), _indent_after(prefix))
        future, rest = _future_first(code)
        if not _repeats(code, names):
            ways = [prefix + code, f"{prefix.rstrip()}\n{code}", f"{prefix.rstrip()}\n{indented}"]
        else:
            ways = [f"{future}{prefix.rstrip()}\n{_indent_after(prefix)}pass\n\n{rest}", f"{future}{prefix}\n{rest}"]
        ways += [f"{future}{_imports(prefix)}{rest}", code]
    program = next((way for way in ways if defines(way, names)), None) or next(
        (w for w in ways if parse_program(w)), code
    )
    missing = _missing_typing(program)
    if not missing:
        return program
    future, rest = _future_first(program)
    return f"{future}from typing import {', '.join(missing)}\n{rest}"


def clean_reply(reply: str) -> str:
    """The reply without byte-order marks, unusual spaces, end-of-turn tokens and tags around code."""
    text = reply[-LONGEST:].replace("\r\n", "\n").replace("\r", "\n")
    text = text.encode("utf-8", "replace").decode("utf-8").translate(_INVISIBLE).translate(_SPACES)
    text = _TURN.sub("", text)
    if "```" not in text and "~~~" not in text:
        if "\n" not in text.strip() and text.count("\\n") > 1:  # the inside of a JSON string
            text = text.strip().strip('"').replace("\\n", "\n").replace('\\"', '"').replace("\\t", "\t")
        text = _TAGS.sub(lambda tag: "\n```\n" if tag[1] or tag[2] else "\n```python\n", text)
    return text


def blocks_in(text: str) -> list[Block]:
    """All fenced blocks, in order; one that is not closed ends with the text."""
    if re.search(r"^\s*>\s*(?:```|~~~)", text, re.MULTILINE):  # quoted
        text = re.sub(r"^\s*> ?", "", text, flags=re.MULTILINE)
    blocks: list[Block] = []
    lines = text.split("\n")
    inside: list[str] | None = None
    fence, label = "", ""
    for line in lines:
        if inside is not None:
            stripped = line.strip()
            if stripped.startswith(fence) and not stripped.strip(fence[0]) and not _in_docstring(inside):
                blocks.append(Block(label, _dedented(inside)))
                inside = None
            elif fence in line and not line.strip().startswith(fence) and line.rstrip().endswith(fence):
                blocks.append(Block(label, _dedented([*inside, line.rstrip().rstrip(fence[0])])))
                inside = None
            else:
                inside.append(line)
            continue
        match = _FENCE.search(line)
        if not match:
            continue
        fence, after = match[1], line[match.end() :]
        if fence in after:  # opened and closed in one line
            blocks += _in_one_line(after[: after.index(fence)])
            continue
        label, rest = _label(after)
        inside = [rest] if rest else []
    if inside is not None:
        blocks.append(Block(label, _dedented(inside)))
    return blocks


def _in_docstring(lines: list[str]) -> bool:
    """Whether code ends within a triple-quoted string: a fence there is part of the string."""
    code = "\n".join(lines)
    return code.count('"""') % 2 == 1 or code.count("'''") % 2 == 1


def defines(code: str, names: Collection[str]) -> bool:
    """Whether code is Python and defines one of the names at its top level (any statement, if there are no names)."""
    tree = parse_program(code)
    if tree is None:
        return False
    if not names:
        return bool(tree.body)
    return any(name in names for name in _bound(tree))


def parse_program(code: str) -> ast.Module | None:
    """None for code that is not Python, has a `return` outside functions, or is nested too deeply to parse safely."""
    if _depth(code) > DEEPEST:
        return None
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return None if _returns_outside(tree) else tree


def _returns_outside(tree: ast.Module) -> bool:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return False


def tidied(code: str) -> str:
    """Repaired code: without shell prompts and magics, evenly indented, with straight quotes.

    Repairs are applied one after another until the code parses; if it never does, it is returned unchanged.
    """
    changed = code
    for change in (str, _without_prompts, _without_magics, textwrap.dedent, _with_spaces, _with_straight_quotes):
        changed = change(changed)
        if parse_program(changed) is not None:
            return changed
    return code


def _without_prompts(code: str) -> str:
    if not re.search(r"^\s*>>> ", code, re.MULTILINE):
        return code
    lines = [line.strip() for line in code.split("\n") if line.strip().startswith((">>>", "..."))]
    return "\n".join(re.sub(r"^(?:>>>|\.\.\.) ?", "", line) for line in lines)


def _without_magics(code: str) -> str:
    return re.sub(r"^\s*(?:%{1,2}\w|![\w./]).*$", "", code, flags=re.MULTILINE)


def _with_spaces(code: str) -> str:
    return code.expandtabs(4)


def _with_straight_quotes(code: str) -> str:
    return code.translate(_QUOTES)


def _unfenced(reply: str, names: Collection[str]) -> str:
    """The longest run of lines that is Python and defines the names; the whole reply if there is none."""
    text = tidied(reply)
    if parse_program(text) is not None:
        return text
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if _begins_code(line)][:MOST_TRIED]
    for start in starts:
        for end in _ends(lines, start):
            part = "\n".join(lines[start:end])
            if defines(part, names):
                return part
    return text


def _ends(lines: list[str], start: int) -> Iterator[int]:
    """Where unfenced code may end: before a line that is not indented, the last one first."""
    ends = [len(lines)]
    ends += [n for n in range(start + 1, len(lines)) if lines[n].strip() and not lines[n][0].isspace()]
    return iter(sorted(set(ends), reverse=True)[-MOST_TRIED:])


def _begins_code(line: str) -> bool:
    return bool(re.match(r"(?:def|class|async def|import|from|@|for|while|if|print|[A-Za-z_]\w* *[:=(])", line))


def _with_needed(earlier: list[str], code: str, names: Collection[str]) -> str:
    """Prepend the earlier blocks that define names the code lacks and do not define what the tests call."""
    tree = parse_program(code)
    if tree is None:
        return code
    lacking = _used(tree) - _bound(tree)
    kept: list[str] = []
    for block in reversed(earlier):
        other = parse_program(block)
        if other is None:
            continue
        bound = _bound(other)
        if bound & lacking and not bound & set(names):
            kept.insert(0, block)
            lacking = (lacking | _used(other)) - bound
    return "\n\n".join([*kept, code])


def _bound(tree: ast.Module) -> set[str]:
    """Names that a module binds at its top level, also below an `if` or a `try`."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def _used(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _missing_typing(program: str) -> list[str]:
    tree = parse_program(program)
    if tree is None:
        return []
    stars = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))
    return [] if stars else sorted((_used(tree) & _TYPING) - _bound(tree))


def _repeats(code: str, names: Collection[str]) -> bool:
    """Whether code defines the function again, rather than continuing its header."""
    tree = parse_program(code)
    if tree is None:
        return False
    bound = _bound(tree)
    return bool(bound & set(names)) if names else bool(bound)


def _imports(prefix: str) -> str:
    """A header without its last function: imports and helpers."""
    tree = parse_program(prefix) or parse_program(f"{prefix}\n{_indent_after(prefix)}pass\n")
    if tree is None:
        return ""
    return "".join(f"{ast.unparse(node)}\n" for node in tree.body[:-1])


def _indent_after(prefix: str) -> str:
    last = next((line for line in reversed(prefix.split("\n")) if line.strip()), "")
    indent = last[: len(last) - len(last.lstrip())]
    return indent + "    " if last.rstrip().endswith(":") else indent or "    "


def _future_first(code: str) -> tuple[str, str]:
    """Split code into its `from __future__` imports, which must come first, and the rest."""
    lines = code.split("\n")
    future = [line for line in lines if line.startswith("from __future__ import")]
    if not future:
        return "", code
    return "".join(f"{line}\n" for line in future), "\n".join(line for line in lines if line not in future)


def _label(after: str) -> tuple[str, str]:
    """The language after an opening fence, and code that follows it in the same line."""
    match = re.match(r"\s*\{?\.?([A-Za-z0-9_+#-]*)\}?(.*)$", after, re.DOTALL)
    assert match
    label, rest = match[1].lower(), match[2].strip()
    return label, rest if re.match(r"(?:def|class|import|from|print|return)\b", rest) else ""


def _in_one_line(inside: str) -> list[Block]:
    label, rest = _label(inside)
    known = any(label in labels for labels in LANGUAGES.values())
    text = inside.strip()[len(label) :].strip() if known else inside.strip()
    return [Block(label if known else "", rest or text)]


def _dedented(lines: list[str]) -> str:
    return textwrap.dedent("\n".join(lines)) + "\n"


def _depth(code: str) -> int:
    """The largest number of open brackets, including those in strings and comments."""
    deepest = depth = 0
    for letter in code:
        if letter in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in ")]}":
            depth = max(0, depth - 1)
    return deepest
