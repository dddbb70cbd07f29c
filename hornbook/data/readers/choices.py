"""The choices of a question, and the right one: by index, letter, label or text."""

import re
import string
from typing import Any

from hornbook.data.readers.fields import Row, loaded

KEYS = (
    "answer_index", "answerkey", "answer_idx", "correct_option", "correct", "gold", "answer", "target", "ideal",
    "label", "cop", "correct_answer",
)  # fmt: skip
_LETTERED = re.compile(r"^\s*\(?([A-Za-z])\s*[).:]\s*(?=\S)")


def choices_of(value: Any) -> list[str]:
    """The texts of choices, given as a list, as {"text": [...], "label": [...]}, as {"A": ..., "B": ...}, or as texts
    with letters. Raises ValueError for an empty choice."""
    return [text for _, text in labelled(value)]


def labelled(value: Any) -> list[tuple[str, str]]:
    """Choices with their labels in the row, by default A, B, C ..."""
    value = loaded(value)
    if value is None or value == "" or value == [] or value == {}:
        return []
    if isinstance(value, dict):
        texts, labels = value.get("text"), value.get("label")
        if isinstance(texts, list):
            pairs = list(zip(labels if isinstance(labels, list) else string.ascii_uppercase, texts, strict=False))
        else:
            pairs = [(label, text) for label, text in value.items() if text is not None]  # unused letters are null
    elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
        names = ("text", "content", "value", "choice", "option")
        pairs = [
            (one.get("label") or one.get("key") or letter, next((one[name] for name in names if name in one), None))
            for letter, one in zip(string.ascii_uppercase, value, strict=False)
        ]
    elif isinstance(value, list):
        pairs = list(zip(_letters(len(value)), _without_letters(value), strict=True))
    else:
        raise ValueError(f"choices: expected a list, got {type(value).__name__}")
    for label, text in pairs:
        if text is None or isinstance(text, dict | list) or not str(text).strip():
            raise ValueError(f"choices: {label} has no text")
    return [(str(label).strip(), str(text)) for label, text in pairs]


def right_choice(row: Row, choices: list[str]) -> str:
    """The text of the right choice.

    Raises ValueError if the row does not say which is right, or the answer is none of the choices.
    """
    name = next((name for name in KEYS if row.get(name) not in (None, "", [])), "")
    if not name:
        raise ValueError("no answer: there are choices, but none is marked as right")
    given = loaded(row[name])
    if isinstance(given, list):
        if len(given) != 1:
            raise ValueError(f"{name}: {len(given)} choices are right; expected one")
        given = given[0]
    written = row.get("choices") if row.get("choices") is not None else row.get("options")
    return choices[_place(given, loaded(written), choices, name)]


def _place(given: Any, written: Any, choices: list[str], name: str) -> int:
    labels = [label for label, _ in labelled(written)]
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError(f"{name}: expected a letter, an index or a text, got {type(given).__name__}")
    if isinstance(given, int | float) or (
        re.fullmatch(r"\d+", given.strip()) and name in ("answer_index", "answer_idx")
    ):
        number = int(given)
        if str(number) in labels:
            return labels.index(str(number))
        if 0 <= number < len(choices):  # an index, even if the choices are numbers (MMLU)
            return number
        if str(given) in choices:
            return choices.index(str(given))
        raise ValueError(f"{name}: index {given} of {len(choices)} choices")
    text, texts = given.strip(), [choice.strip() for choice in choices]
    own_labels = not isinstance(written, list) or any(isinstance(one, dict) for one in written)
    if texts.count(text) == 1 and not (own_labels and text in labels):
        return texts.index(text)
    letter = re.fullmatch(r"\(?([A-Za-z])[).:]?\)?", text)
    if text in labels:
        return labels.index(text)
    if letter and letter[1].upper() in labels:
        return labels.index(letter[1].upper())
    folded = [choice.casefold() for choice in texts]
    if text.casefold() in folded:
        return folded.index(text.casefold())
    if text.isdigit() and int(text) < len(choices):
        return int(text)
    lettered = _LETTERED.match(text)
    if lettered and lettered[1].upper() in labels:
        return labels.index(lettered[1].upper())
    raise ValueError(f"{name}: {text[:60]!r} is none of the {len(choices)} choices")


def _letters(count: int) -> list[str]:
    return [string.ascii_uppercase[place] if place < 26 else str(place) for place in range(count)]


def _without_letters(texts: list[Any]) -> list[Any]:
    """["A. x", "B. y"] as ["x", "y"]."""
    found = [_LETTERED.match(text) if isinstance(text, str) else None for text in texts]
    letters = [match[1].upper() for match in found if match]
    if len(letters) == len(texts) and letters == _letters(len(texts)):
        return [text[match.end() :] for text, match in zip(texts, found, strict=True) if match]
    return texts
