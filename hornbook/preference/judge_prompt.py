"""The prompt for a judge model, and parsing its grades: faults, then 1-5 for accuracy, style, detail (report §4.2)."""

import re

import msgspec

from hornbook.base.records import Message
from hornbook.base.thinking import without_thinking

CRITERIA = ("accuracy", "style", "detail")
LOWEST, HIGHEST = 1.0, 5.0
LONGEST_REPLY = 1200  # characters of a reply shown to the judge: two thirds from its beginning, one from its end

TEMPERATURE = 0.2  # low, for consistent grades

_REQUEST = """\
Grade the reply to the question from 1 (bad) to 5 (excellent) for accuracy, style and detail. \
First say what is wrong with it.

Question: {question}
Reply: {reply}"""

# A weak judge follows examples better than instructions. With grades in one line and without a label, 16 of 16 answers
# of SmolLM2-135M could be parsed; with "Faults:" and a line per grade about half. It tends to repeat the last example,
# which makes ties, and ties make no pair.
_EXAMPLES = (
    (
        "What is 7 + 5?",
        "it 7 + 5 5 5\nAnswer: 19",
        "The sum is wrong, the words are garbled. Grades: accuracy 1, style 1, detail 1.",
    ),
    (
        "A box holds 3 red and 4 blue balls. How many balls is that?",
        "There are 3 red balls and 4 blue balls. 3 + 4 = 7.\nAnswer: 7",
        "Nothing is wrong. Grades: accuracy 5, style 5, detail 4.",
    ),
    (
        "Which is larger, 12 or 21?",
        "12 is larger.\nAnswer: 12",
        "The answer is wrong. Grades: accuracy 1, style 4, detail 2.",
    ),
)

_WORDS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_NUMBER = rf"(\d+(?:\.\d+)?|\b(?:{'|'.join(_WORDS)})\b)"
_BETWEEN = rf"(?:(?!{'|'.join(CRITERIA)}|\b(?:{'|'.join(_WORDS)})\b)[^\d\n]){{0,32}}"  # no other criterion's name
_GRADES = {
    name: re.compile(rf"\b{name}\b{_BETWEEN}{_NUMBER}(?:\s*(?:/|out of)\s*(\d+))?", re.IGNORECASE) for name in CRITERIA
}
_FIRST_GRADE = re.compile(rf"\b(?:{'|'.join(CRITERIA)})\b{_BETWEEN}{_NUMBER}", re.IGNORECASE)
# "accuracy, style and detail: 4, 3, 5"
_TOGETHER = re.compile(
    r"accuracy\W+(?:and\W+)?style\W+(?:and\W+)?detail\W+(\d(?:\.\d+)?)\D{1,5}(\d(?:\.\d+)?)\D{1,5}(\d(?:\.\d+)?)",
    re.IGNORECASE,
)
_SCALE = re.compile(r"\(?\b(?:on a scale )?(?:of |from )?1 ?(?:-|–|to) ?5\b\)?", re.IGNORECASE)


class Grades(msgspec.Struct, frozen=True):
    """The judge's assessment: the faults in words, and grades from 1 to 5."""

    faults: str
    accuracy: float
    style: float
    detail: float


def grading_messages(question: str, reply: str) -> list[Message]:
    """The conversation that asks for grades, with graded examples before the real question."""
    turns = []
    for example_question, example_reply, judgement in _EXAMPLES:
        turns.append(Message("user", _REQUEST.format(question=example_question, reply=example_reply)))
        turns.append(Message("assistant", judgement))
    turns.append(Message("user", _REQUEST.format(question=question, reply=_shown(reply) or "(nothing)")))
    return turns


def _shown(reply: str) -> str:
    """A reply as the judge sees it: a long one is cut in the middle."""
    if len(reply) <= LONGEST_REPLY:
        return reply
    head = LONGEST_REPLY * 2 // 3
    tail = LONGEST_REPLY - head
    return f"{reply[:head]}\n[... {len(reply) - LONGEST_REPLY} characters cut ...]\n{reply[-tail:]}"


def parse_grades(text: str) -> Grades | None:
    """The grades in a judge's answer, in any form ("Accuracy: 4", "style is 3/5", "**Detail** - 2 out of 5").

    The last mention counts. None when one of the three is missing or outside 1 to 5.
    """
    text = _SCALE.sub("", without_thinking(text) or "")
    together = list(_TOGETHER.finditer(text))
    if together:
        found: list[float | None] = [float(number) for number in together[-1].groups()]
    else:
        found = [_grade(pattern, text) for pattern in _GRADES.values()]
    if any(grade is None or not LOWEST <= grade <= HIGHEST for grade in found):
        return None
    first = together[-1] if together else _FIRST_GRADE.search(text)
    faults = text[: first.start()] if first else ""
    faults = re.sub(r"^\W*faults?\b\W*|\W*\bgrades?\W*$", "", faults, flags=re.IGNORECASE)
    return Grades(" ".join(faults.split()).strip(' *#-|{"'), *(grade for grade in found if grade is not None))


def _grade(pattern: re.Pattern[str], text: str) -> float | None:
    """The last grade mentioned; None where there is none, or one on another scale."""
    matches = list(pattern.finditer(text))
    if not matches or matches[-1].group(2) not in (None, "5"):
        return None
    number = matches[-1].group(1).lower()
    return float(_WORDS.get(number, number))
