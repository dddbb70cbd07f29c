"""What the judge is asked, and what it meant: faults first, then 1-5 for accuracy, style and detail (report §4.2)."""

import re

import msgspec

from hornbook.base.records import Message

CRITERIA = ("accuracy", "style", "detail")
LOWEST, HIGHEST = 1.0, 5.0
LONGEST_REPLY = 1200  # characters of a reply that the judge is shown

TEMPERATURE = 0.2  # a judge should not waver

_REQUEST = """\
Grade the reply to the question from 1 (bad) to 5 (excellent) for accuracy, style and detail. \
First say what is wrong with it.

Question: {question}
Reply: {reply}"""

# A weak judge follows examples better than instructions. In one line and without a label it was read back in 16 of 16
# answers of SmolLM2-135M; with "Faults:" and a line per grade in about half. It tends to repeat the last example: that
# makes ties, and ties make no pair.
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

_GRADE = r"{name}\b[^\d\n]{{0,24}}(\d+(?:\.\d+)?)(?:\s*(?:/|out of)\s*(\d+))?"
_GRADES = {name: re.compile(_GRADE.format(name=name), re.IGNORECASE) for name in CRITERIA}
_FIRST_GRADE = re.compile(rf"\b(?:{'|'.join(CRITERIA)})\b[^\d\n]{{0,24}}\d", re.IGNORECASE)


class Grades(msgspec.Struct, frozen=True):
    """A judgement: the faults in words, and grades from 1 to 5."""

    faults: str
    accuracy: float
    style: float
    detail: float


def judge_messages(question: str, reply: str) -> list[Message]:
    """The conversation that asks for a judgement, with judged examples before the real question."""
    turns = []
    for example_question, example_reply, judgement in _EXAMPLES:
        turns.append(Message("user", _REQUEST.format(question=example_question, reply=example_reply)))
        turns.append(Message("assistant", judgement))
    turns.append(Message("user", _REQUEST.format(question=question, reply=reply[:LONGEST_REPLY] or "(nothing)")))
    return turns


def parse_grades(text: str) -> Grades | None:
    """The grades in a judge's answer, however it put them ("Accuracy: 4", "style is 3/5", "**Detail** - 2 out of 5").

    None when one of the three is missing or outside 1 to 5: half a judgement is no judgement.
    """
    found = [_grade(pattern, text) for pattern in _GRADES.values()]
    if any(grade is None for grade in found):
        return None
    first = _FIRST_GRADE.search(text)
    faults = text[: first.start()] if first else ""
    faults = re.sub(r"^\W*faults?\b\W*|\W*\bgrades?\W*$", "", faults, flags=re.IGNORECASE)
    return Grades(" ".join(faults.split()).strip(" *#-"), *(grade for grade in found if grade is not None))


def _grade(pattern: re.Pattern[str], text: str) -> float | None:
    match = pattern.search(text)
    if match is None or match.group(2) not in (None, "5"):
        return None
    value = float(match.group(1))
    return value if LOWEST <= value <= HIGHEST else None
