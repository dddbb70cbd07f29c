"""A question's `entry` field, parsed."""

from typing import Any

import msgspec

from hornbook.base.records import Question


def entry_of(question: Question) -> dict[str, Any]:
    """Raises ValueError when the entry is not a JSON object."""
    if not question.entry:
        return {}
    try:
        return msgspec.json.decode(question.entry, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"the entry of question {question.id} is not a JSON object ({error})") from None
