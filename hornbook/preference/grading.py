"""What the judge is asked, and what it meant: faults first, then 1-5 for accuracy, style and detail (report §4.2)."""

import re

import msgspec

from hornbook.base.records import Message

CRITERIA = ("accuracy", "style", "detail")
LOWEST, HIGHEST = 1.0, 5.0
LONGEST_REPLY = 1200  # characters of a reply that the judge is shown

_REQUEST = """\
Question: {question}

Reply: {reply}

Name its faults in a few words. Then grade its accuracy, style and detail from 1 (bad) to 5 (excellent)."""

# A weak judge follows examples better than instructions: one bad reply and one good one.
_EXAMPLES = (
    ("What is 7 + 5?", "it 7 + 5 5 5", "It is garbled and gives no result.\nAccuracy: 1\nStyle: 1\nDetail: 2"),
    (
        "A box holds 3 red and 4 blue balls. How many balls is that?",
        "There are 3 red balls and 4 blue balls. 3 + 4 = 7.\nAnswer: 7",
        "None.\nAccuracy: 5\nStyle: 5\nDetail: 4",
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
    """The conversation that asks for a judgement, with two judged examples before the real question."""
    turns = []
    for example_question, example_reply, judgement in _EXAMPLES:
        turns.append(Message("user", _REQUEST.format(question=example_question, reply=example_reply)))
        turns.append(Message("assistant", f"Faults: {judgement}"))
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
    faults = re.sub(r"^\W*faults?\W*", "", faults, flags=re.IGNORECASE)
    return Grades(" ".join(faults.split()).strip(" *#-"), *(grade for grade in found if grade is not None))


def _grade(pattern: re.Pattern[str], text: str) -> float | None:
    match = pattern.search(text)
    if match is None or match.group(2) not in (None, "5"):
        return None
    value = float(match.group(1))
    return value if LOWEST <= value <= HIGHEST else None
