"""Which oracle fits a row that names none."""

from typing import Any

from hornbook.oracles.number import parse_number


def fitting_oracle(answer: str, choices: list[str], entry: dict[str, Any]) -> str:
    """The oracle that fits what a question carries: its tests, its choices, a reasoning-gym entry, or its answer."""
    if entry.get("tests"):
        return "code"
    if choices:
        return "choice"
    if source_dataset(entry):
        return "reasoning-gym"
    if "\\" in answer:  # LaTeX
        return "math"
    # A number and nothing else: "6 apples" is more than that.
    alone = not answer.strip("0123456789.,+-−/eE%$ ") and parse_number(answer) is not None
    return "number" if alone else "exact"


def source_dataset(entry: dict[str, Any]) -> str:
    """The reasoning-gym task that an entry names; "" if none."""
    metadata = entry.get("metadata")
    return str(metadata.get("source_dataset") or "") if isinstance(metadata, dict) else ""
