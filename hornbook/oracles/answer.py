"""Where the answer of a completion is, and when two short texts say the same."""

import re
import unicodedata

_MARK = re.compile(r"answer\s*(?:\*\*)?\s*:\s*(?:\*\*)?", re.IGNORECASE)
_BOXED = re.compile(r"^\\boxed\{(.*)\}$", re.DOTALL)
_SPECIAL = re.compile(r"<\|[a-z_]+\|>")


def extract_answer(completion: str) -> str:
    """The text after the last "Answer:", else the last line that is not empty ("" if there is none)."""
    text = _SPECIAL.sub("", completion).strip()
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


def normalise(text: str) -> str:
    """Lower case, single spaces, no accents, no punctuation but what belongs to a number or joins a word."""
    text = unicodedata.normalize("NFKD", text).replace("−", "-")
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).casefold()
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|(?<!\w)-(?!\d)|[^\w\s.\-]", " ", text)
    return " ".join(text.split())
