"""A row → a Question record, with the oracle that judges it."""

import ast
import re
import string
from collections.abc import Mapping
from typing import Any

import msgspec

from hornbook.base.records import Question
from hornbook.data.readers.columns import rename_columns
from hornbook.data.readers.questions import QuestionRow, read_question
from hornbook.oracles import compiled_text
from hornbook.oracles.auto import fitting_oracle, source_dataset
from hornbook.oracles.languages import language_named


def parse_question(row: Mapping[str, Any] | QuestionRow, oracle: str) -> Question:
    """The question in `row`. Its oracle is `oracle`; if that is "", the one that the row names, else one that fits it.

    A Question record keeps its prompt unchanged; for other rows the choices are listed below it.
    Raises ValueError when there is no question in it, or a field has a wrong type.
    """
    if not isinstance(row, QuestionRow):
        row = rename_columns(dict(row), ())
    found = row if isinstance(row, QuestionRow) else read_question(row | ({"oracle": oracle} if oracle else {}))
    entry = found.entry | _code(found)
    written = found.entry_text or (msgspec.json.encode(entry).decode() if entry else "")
    name = oracle or found.oracle or fitting_oracle(found.answer, found.choices, entry)
    prompt = found.question if found.is_prompt else _with_choices(found.question, found.choices)
    return Question(
        id=found.id,
        parents=found.parents,
        calls=found.calls,
        task=found.task or source_dataset(entry) or name.rpartition(":")[2],
        prompt=prompt,
        answer=found.answer,
        oracle=name,
        entry=written,
        choices=found.choices,
        solution=found.solution,
        before=found.before,
        level=found.level,
    )


def _code(found: QuestionRow) -> dict[str, Any]:
    """The entry of a code question: tests, set-up (MBPP), entry point and the header that defines it (HumanEval)."""
    if not found.tests or found.is_prompt:
        return {}
    language = _language(found)
    entry: dict[str, Any] = {"tests": found.tests}
    if found.setup:
        entry["setup"] = found.setup
    if found.entry_point:
        entry["entry_point"] = found.entry_point
    if language != "python":
        entry["language"] = language
    header = is_python_header(found.question) if language == "python" else compiled_text.is_brace_header(found.question)
    if "prefix" not in found.entry and header:
        entry["prefix"] = found.question
    return entry


def _language(found: QuestionRow) -> str:
    try:
        return language_named(found.language)
    except ValueError:
        return "python"


def is_python_header(prompt: str) -> bool:
    """Whether a prompt is the beginning of a Python program, which a reply may continue."""
    if not re.search(r"^\s*(?:async def|def|class|import|from)\s", prompt, re.MULTILINE):
        return False
    for ending in ("", "\n    pass\n"):
        try:
            ast.parse(prompt + ending)
            return True
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return False


def _with_choices(prompt: str, choices: list[str]) -> str:
    """The prompt with its lettered choices below, unless it contains them already."""
    lettered = list(zip(string.ascii_uppercase, choices, strict=False))
    if all(_shows(prompt, letter, choice) for letter, choice in lettered):
        return prompt
    return "\n".join([prompt.rstrip(), *(f"{letter}) {choice}" for letter, choice in lettered)])


def _shows(prompt: str, letter: str, choice: str) -> bool:
    """Whether a prompt contains a choice with its letter, or on a line of its own."""
    text = re.escape(choice.strip())
    return bool(re.search(rf"(?:^|[\s(]){letter}\s*[).:]\s*{text}(?!\w)|^[ \t*-]*{text}[ \t]*$", prompt, re.MULTILINE))
