"""Parse JSON answers of models, with thinking, prose and common mistakes → a struct."""

import math
import re
import types
import typing
from collections.abc import Iterator
from typing import Any, TypeVar

import json_repair
import msgspec

from hornbook.base.code_fences import fenced_blocks
from hornbook.base.errors import one_line
from hornbook.base.thinking import without_thinking

Shape = TypeVar("Shape", bound=msgspec.Struct)

MOST_STARTS = 24  # opening brackets at which parsing is tried
_LABELS = ("json", "json5", "jsonc", "javascript", "js", "python")  # of fences around JSON
_FULL_WIDTH = str.maketrans("｛｝［］：，＂　", '{}[]:," ')
# LaTeX commands that begin like a JSON escape; models write them with one backslash. Those that could also be a line
# end and a word ("\nexists") are left out; \f and \b before a letter are never escapes.
_NEWLINE = "nabla|neq?|neg|nu|notin|not|ngeq|nleq|nsubseteq|newcommand|nonumber|nolimits|natural|ncong|nsim"
_RETURN = "rho|right(?:arrow|harpoonup)?|rangle|rceil|rfloor|rbrace|rbrack|rvert|rVert|rm|real|restriction"
_TAB = (
    "theta|times|text\\w*|tan|tanh|tau|to|top|triangle\\w*|tfrac|therefore|tilde|thinspace|tbinom|tag|tt|table"
    "|thicksim|thickapprox|two\\w*arrow\\w*"
)
_ESCAPE = re.compile(
    rf'\\\\|\\"|\\(?=[fb][a-zA-Z]|(?:{_NEWLINE}|{_RETURN}|{_TAB})(?![a-zA-Z])|u(?![0-9a-fA-F]{{4}})|[^"\\/bfnrtu])',
)


def read(text: str, shape: type[Shape]) -> tuple[Shape | None, str]:
    """(the struct, "") or (None, why the answer does not fit).

    Thinking and prose are dropped, LaTeX backslashes kept. Of several objects that fit, the last one counts, since
    drafts come before the answer. Accepted too: keys in another case, an object wrapped in a key or a list, a number
    for a text, and null for a field with a default.
    """
    answer = without_thinking(text)
    if answer is None:
        return None, "the thinking is cut off: no answer"
    reason = ""  # of the likeliest object
    for candidate in _candidates(answer):
        for value in _values(candidate):
            try:
                return msgspec.convert(_fitted(value, shape), shape, strict=False), ""
            except (msgspec.ValidationError, UnicodeEncodeError) as error:
                reason = reason or one_line(error)
    return None, reason or "no JSON object in the answer"


def _candidates(text: str) -> Iterator[str]:
    """Parts of the text that may be the object, the most likely first: complete objects, the last one first, then
    broken ones."""
    text = text.replace("\ufeff", "").replace("\u200b", "")
    if "{" not in text:
        text = text.translate(_FULL_WIDTH)
    for block in [*reversed(fenced_blocks(text, _LABELS)), text]:
        starts = [match.start() for match in re.finditer(r"[{\[]", block)][:MOST_STARTS]
        whole = [block[start:end] for start in starts if (end := _end(block, start))]
        outer = [part for part in whole if not any(part in other and part != other for other in whole)]
        yield from reversed(outer)
        for start in starts:
            if block[start] == "{":
                close = block.rfind("}")
                yield block[start : close + 1] if close > start else block[start:]
                yield block[start:]


def _end(text: str, start: int) -> int:
    """The end of the object or list that begins at `start`; 0 if it is not closed."""
    depth, quoted, escaped = 0, False, False
    for place in range(start, len(text)):
        letter = text[place]
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = quoted
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter in "{[":
            depth += 1
        elif not quoted and letter in "}]":
            depth -= 1
            if depth == 0:
                return place + 1
    return 0


def _values(candidate: str) -> Iterator[Any]:
    """The value of a JSON text, repaired if it is not valid."""
    kept = _ESCAPE.sub(lambda found: found[0] if len(found[0]) == 2 else "\\\\", candidate)
    try:
        yield msgspec.json.decode(kept)
    except (msgspec.DecodeError, UnicodeEncodeError):
        try:
            yield json_repair.loads(kept)
        except (RecursionError, ValueError):
            return


def _fitted(value: Any, kind: Any) -> Any:
    """A value converted to a type, for the usual deviations of models."""
    if value is None:
        return None
    kind = _without_none(kind)
    origin = typing.get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _object(value, kind)
    if origin is list or kind is list:
        inner = (typing.get_args(kind) or (Any,))[0]
        items = value if isinstance(value, list) else [value]
        return [_fitted(item, inner) for item in items]
    if kind is str:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return str(value)
        return _whole_characters(value) if isinstance(value, str) else value
    return value


def _object(value: Any, shape: type[msgspec.Struct]) -> Any:
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    names = {_plain(name): name for name in fields}
    while not (isinstance(value, dict) and {_plain(key) for key in value} & {*names}):
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict | list):
            value = value[0]  # [{...}]
        elif (
            isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), dict | list)
        ):
            value = inner  # {"result": {...}}
        else:
            return value
    hints = typing.get_type_hints(shape)
    made: dict[str, Any] = {}
    for key, item in value.items():
        name = names.get(_plain(key))
        if name is None or (key != name and name in value):
            continue
        field = fields[name]
        missing = item is None or (isinstance(item, float) and not math.isfinite(item))
        empty_list = item == "" and typing.get_origin(_without_none(hints[field.name])) is list
        if not field.required and (missing or empty_list):
            continue  # the default is meant
        made[name] = _fitted(item, hints[field.name])
    return made


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kinds = [part for part in typing.get_args(kind) if part is not type(None)]
        return kinds[0] if len(kinds) == 1 else kind
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def _plain(key: Any) -> str:
    return re.sub(r"[\s_-]+", "", str(key)).casefold()


def _whole_characters(text: str) -> str:
    """A text without a lone surrogate, which is left if an answer is cut off."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
