"""Choose an oracle for a row that names none."""

import re
from typing import Any

from hornbook.oracles.number import is_plain

_NO_FORMULA = re.compile(r"\d\s?:\s?\d|\d{4}-\d{1,2}-\d{1,2}|\d\.\d+\.\d|\.\.|->|<-|[#&|@\"?]|[^\x00-\x7fπ√∞≤≥≠°×·−]")
_LIST = re.compile(r"\d,(?!\d{3}(?!\d)|\d{2},)")  # 0,1 is two numbers; 1,234 and 1,00,000 are one
_WORD = re.compile(r"(?<![\\a-zA-Z])(?!(?:sqrt|sin|cos|tan|log|ln|exp|pi|infty|or|and)\b)[a-zA-Z]{2,}")
_FORMULA = re.compile(r"[\d=<>^*/+(\[{!]|^-?[a-z]$|\b(?:sqrt|pi)\b|[π√∞≤≥≠°−-]\s?\w")


def fitting_oracle(answer: str, choices: list[str], entry: dict[str, Any]) -> str:
    """The oracle that fits a question's tests, choices, reasoning-gym entry, or answer.

    `number` is for one plain number; `math` for a list, an interval, a quantity with its unit or an expression;
    `exact` for words, names, dates and times.
    """
    if entry.get("tests"):
        return "code"
    if choices:
        return "choice"
    if source_dataset(entry):
        return "reasoning-gym"
    answer = answer.strip()
    if entry.get("aliases") and not is_plain(answer):  # several names of one thing
        return "trivia"
    if "\\" in answer:  # LaTeX
        return "math"
    if is_plain(answer) and not re.search(r"[%$€£¥₹]|\d[a-zA-Z]\b", answer) and not _LIST.search(answer):
        return "number"
    if _NO_FORMULA.search(answer) or _WORD.search(answer) or not answer:
        return "exact"
    return "math" if _FORMULA.search(answer) else "exact"


def source_dataset(entry: dict[str, Any]) -> str:
    """The reasoning-gym task that an entry names; "" if none."""
    metadata = entry.get("metadata")
    return str(metadata.get("source_dataset") or "") if isinstance(metadata, dict) else ""
