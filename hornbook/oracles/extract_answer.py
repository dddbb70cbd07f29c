"""Where the answer of a reply is."""

import re
from collections.abc import Callable

_MARK = re.compile(r"answer\s*(?:\*\*)?\s*:\s*(?:\*\*)?", re.IGNORECASE)
_BOXED = re.compile(r"^\\boxed\{(.*)\}$", re.DOTALL)
_SPECIAL = re.compile(r"<\|[a-z_]+\|>")


_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)


def without_thinking(reply: str) -> str | None:
    """The reply without its thinking blocks; None when one is cut off, so that there is no answer."""
    rest = _THINKING.sub("", reply)
    return None if "<think>" in rest else rest


def extract_answer(reply: str, can_be: Callable[[str], bool] | None = None) -> str:
    """The text after the last "Answer:", else the last line that is not empty ("" if there is none)."""
    text = _SPECIAL.sub("", reply).strip()
    marks = list(_MARK.finditer(text))
    if marks:
        answer = text[marks[-1].end() :].strip()
    else:
        answer = text.splitlines()[-1].strip() if text else ""
    answer = answer.strip("*$ ")
    boxed = _BOXED.match(answer)
    return boxed.group(1).strip() if boxed else answer


def first_line(text: str) -> str:
    return text.splitlines()[0].strip() if text else ""
