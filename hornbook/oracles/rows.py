"""A user's row with a question → a Question record: the names and forms that public data sets use."""

import ast
import re
import string
from collections.abc import Mapping
from typing import Any

import msgspec

from hornbook.base.records import Question, make_id
from hornbook.oracles import compiled_text
from hornbook.oracles.auto import fitting_oracle, source_dataset
from hornbook.oracles.languages import language_named

PROMPT = ("prompt", "question", "problem", "text")
ANSWER = ("answer", "target", "solution")
TESTS = ("tests", "test_list")
SETUP = ("setup", "test_imports", "test_setup_code")

Row = Mapping[str, Any]


def question_of(row: Row, oracle: str) -> Question:
    """The question in `row`, to be judged by `oracle`, or if that is "" by what the row says, else by what fits it.

    A row with `task` and `oracle` is a Question record: its prompt stays as it is. Others have their choices shown.
    Raises ValueError when there is no question in it, or a field is not what it should be.
    """
    ours = "task" in row and "oracle" in row
    prompt = _text(row, PROMPT)
    if not prompt.strip():
        raise ValueError(f"no question: expected a text in one of {', '.join(PROMPT)}")
    entry = _entry(row)
    choices = _strings(row.get("choices") or row.get("options"), "choices")
    answer, solution = (_text(row, ("answer",)), _text(row, ("solution",))) if ours else _answer(row, choices)
    name = oracle or str(row.get("oracle") or "") or fitting_oracle(answer, choices, entry)
    written = _text(row, ("entry",)) if ours else msgspec.json.encode(entry).decode() if entry else ""
    return Question(
        id=str(row.get("id") or make_id("question", prompt, answer, *choices, written)),
        parents=_strings(row.get("parents"), "parents"),
        calls=_strings(row.get("calls"), "calls"),
        task=str(row.get("task") or source_dataset(entry) or name.rpartition(":")[2]),
        prompt=prompt if ours else _with_choices(prompt, choices),
        answer=answer,
        oracle=name,
        entry=written,
        choices=choices,
        solution=solution,
    )


def _answer(row: Row, choices: list[str]) -> tuple[str, str]:
    """The reference answer, and the worked solution if the row holds one ("... #### 42" is both in one)."""
    name = next((name for name in ANSWER if row.get(name) not in (None, "")), "")
    given = row.get(name)
    if isinstance(given, int) and not isinstance(given, bool) and choices:
        if 0 <= given < len(choices):  # an index, whatever the choices say: MMLU has choices that are numbers
            return choices[given], _text(row, ("solution",))
        if str(given) not in choices:
            raise ValueError(f"{name}: index {given} of {len(choices)} choices")
    if given is not None and not isinstance(given, str | int | float):
        raise ValueError(f"{name}: expected a text or a number, got {type(given).__name__}")
    answer = "" if given is None else str(given).strip()
    worked, mark, final = answer.rpartition("####")
    if mark:
        return final.strip(), worked.strip()
    if name == "solution" and (boxed := _boxed(answer)):
        return boxed, answer
    return answer, "" if name == "solution" else _text(row, ("solution",))


def _entry(row: Row) -> dict[str, Any]:
    """What the oracle needs besides the answer: a reasoning-gym entry, tests, aliases, a tolerance."""
    entry = dict(_object(row, "entry"))
    # A reasoning-gym entry may also be the row itself. Other people's metadata is no business of an oracle's.
    if not entry and source_dataset({"metadata": row.get("metadata")}):
        entry = {name: row.get(name) for name in ("question", "answer", "metadata")}
    return entry | _code(row, entry)


def _code(row: Row, entry: dict[str, Any]) -> dict[str, Any]:
    """Tests with what they need: imports and set-up (MBPP), an entry point and the header that it is in (HumanEval)."""
    tests = next((row[name] for name in TESTS if row.get(name)), None)
    language = _language(row)
    found: dict[str, Any] = {}
    if tests is not None:
        found["tests"] = [tests] if isinstance(tests, str) else tests
    test = row.get("test")
    if isinstance(test, str) and (row.get("entry_point") or language != "python" or _holds_tests(test)):
        found["tests"] = [*found.get("tests", []), test]  # MBPP+ has both: the few of MBPP and all
    if not found:
        return {}
    setup = [part for name in SETUP for part in _lines(row.get(name)) if part.strip()]
    if setup:
        found["setup"] = setup
    if row.get("entry_point"):
        found["entry_point"] = str(row["entry_point"])
    prompt = _text(row, PROMPT)
    if language != "python":
        found["language"] = language
    if "prefix" not in entry and (is_header(prompt) if language == "python" else compiled_text.is_header(prompt)):
        found["prefix"] = prompt
    return found


def _holds_tests(text: str) -> bool:
    """Whether a text is Python that asserts something; a field named test may be anything."""
    if "assert" not in text:
        return False
    try:
        return bool(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _language(row: Row) -> str:
    """The language of a row with tests, by its `language` (MultiPL-E) or its `task_id` (HumanEval-X's "CPP/7")."""
    name = row.get("language")
    if not isinstance(name, str):
        name = str(row.get("task_id") or "").partition("/")[0]
    try:
        return language_named(name)
    except ValueError:
        return "python"


def is_header(prompt: str) -> bool:
    """Whether a prompt is the beginning of a Python program, which a reply may go on from."""
    if not re.search(r"^\s*(?:async def|def|class|import|from)\s", prompt, re.MULTILINE):
        return False
    for ending in ("", "\n    pass\n"):
        try:
            ast.parse(prompt + ending)
            return True
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return False


def _lines(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(part) for part in value or []]


def _object(row: Row, name: str) -> dict[str, Any]:
    """A field that is a JSON object, or the text of one; {} where it is empty."""
    value = row.get(name) or "{}"
    try:
        return msgspec.convert(msgspec.json.decode(value) if isinstance(value, str) else value, dict[str, Any])
    except msgspec.DecodeError:
        raise ValueError(f"{name}: expected a JSON object") from None


def _with_choices(prompt: str, choices: list[str]) -> str:
    """The prompt with its choices lettered below it, unless it shows them already."""
    if all(choice in prompt for choice in choices):
        return prompt
    lettered = zip(string.ascii_uppercase, choices, strict=False)
    return "\n".join([prompt.rstrip(), *(f"{letter}) {choice}" for letter, choice in lettered)])


def _text(row: Row, names: tuple[str, ...]) -> str:
    for name in names:
        value = row.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise ValueError(f"{name}: expected a text, got {type(value).__name__}")
            return value
    return ""


def _strings(value: Any, name: str) -> list[str]:
    if isinstance(value, dict) and name == "choices":  # ARC, CommonsenseQA: {"text": [...], "label": [...]}
        value = value.get("text")
    if not isinstance(value, list | None):
        raise ValueError(f"{name}: expected a list, got {type(value).__name__}")
    return [str(item) for item in value or []]


def _boxed(text: str) -> str:
    """What stands in the last \\boxed{...}, braces balanced; "" if there is none."""
    _, mark, rest = text.rpartition("\\boxed{")
    depth = 1
    for place, letter in enumerate(rest if mark else ""):
        depth += (letter == "{") - (letter == "}")
        if depth == 0:
            return rest[:place].strip()
    return ""
