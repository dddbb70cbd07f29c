"""The recorded answers of a strong model in the forms in which models and servers give them, as files of answers."""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hornbook.teacher.recorded import SHIPPED

LEDGER = SHIPPED / "strong" / "calls.jsonl.gz"
THOUGHTS = "The request asks for one thing.\n\nFirst I plan it: the point, then the reasons. Is 3 < 4? Yes. So."
Message = dict[str, Any]


def is_json(text: str) -> bool:
    return text.lstrip().startswith(("{", "["))


def framed(text: str) -> Message:
    """A preamble, code fences around the whole, an offer of help; the tags are forgotten. What was asked for without
    tags is a reply in a chat: it stays as it is."""
    if is_json(text):
        return {"content": f"Here is the JSON that you asked for:\n\n```json\n{text}\n```"}
    bare = re.sub(r"\A\s*<text>\n?(.*?)\n?</text>\s*\Z", r"\1", text, flags=re.DOTALL)
    if text.lstrip().startswith("<") and (bare == text or "```" in bare):
        return {"content": f"Certainly! Here is what you asked for.\n\n{text}"}
    if bare == text:
        return {"content": text}
    return {
        "content": f"Sure! Here is the text:\n\n```markdown\n{bare}\n```\n\nLet me know if I should change anything!"
    }


def in_parts(text: str) -> Message:
    middle = len(text) // 2
    return {"content": [{"type": "text", "text": part} for part in (text[:middle], text[middle:])]}


FORMS: dict[str, Callable[[str], Message]] = {
    "plain": lambda text: {"content": text},
    "preamble and fences": framed,
    "thinking in the text": lambda text: {"content": f"<think>\n{THOUGHTS}\n</think>\n\n{text}"},
    "thinking apart": lambda text: {"content": text, "reasoning_content": THOUGHTS},
    "in parts": in_parts,
}


def recorded_calls() -> Iterable[dict[str, Any]]:
    with gzip.open(LEDGER, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def write_answers(
    folder: Path,
    form: Callable[[str], Message],
    other: Mapping[str, str] | None = None,
    more: Iterable[dict[str, Any]] = (),
) -> None:
    """A file of answers to all recorded calls and `more`. `other` has another text for some, by their keys.

    An answer that was asked for again stands in that request as it was (its beginning), so it has no form.
    """
    folder.mkdir(parents=True)
    turns = [turn for call in recorded_calls() for turn in call["messages"]]
    again = tuple(turn["content"].strip() for turn in turns if turn["role"] == "assistant")
    with (folder / "answers-0001.jsonl").open("w", encoding="utf-8") as file:
        for call in [*recorded_calls(), *more]:
            text = (other or {}).get(call["key"], call["text"])
            message = {"role": "assistant", **({"content": text} if text.strip().startswith(again) else form(text))}
            usage = {"prompt_tokens": call["prompt_tokens"], "completion_tokens": call["completion_tokens"]}
            body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
            file.write(json.dumps({"custom_id": call["key"], "response": {"status_code": 200, "body": body}}) + "\n")
