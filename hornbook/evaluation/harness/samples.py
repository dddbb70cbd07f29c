"""The questions of tasks, read back from the records of an evaluation."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hornbook.base.errors import HornbookError


class KeptItem(NamedTuple):
    """A question as it was asked, and its right answer."""

    prompt: str
    answer: str


def read_items(folder: Path, wanted: set[str]) -> dict[str, KeptItem]:
    """The questions with these ids ("task/number") of which the text was kept.

    Raises HornbookError for a damaged file.
    """
    found: dict[str, KeptItem] = {}
    for task in sorted({name.rpartition("/")[0] for name in wanted}):
        file = folder / f"samples_{task}.jsonl"
        if not file.exists():
            continue
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            try:
                record = msgspec.json.decode(line)
            except msgspec.MsgspecError:
                raise HornbookError(f"{file}:{number}: not a line of JSON") from None
            name = f"{task}/{record['doc_id']}"
            if name in wanted and "arguments" in record:
                found[name] = _item(record)
    return found


def _item(record: dict[str, Any]) -> KeptItem:
    """Of a question with choices, whose target is the number of one, the answer is that choice."""
    asked = list(record["arguments"].values())
    answer = str(record["target"])
    if len(asked) > 1 and answer.isdigit() and int(answer) < len(asked):
        answer = str(asked[int(answer)]["arg_1"]).strip()
    return KeptItem(str(asked[0]["arg_0"]), answer)
