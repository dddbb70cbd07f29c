"""The record of a judged reply."""

from hornbook.base.records import Record

NOT_GRADED = 0.0
NO_ORACLE = -1.0


class Judgement(Record):
    """One reply to a question and what was thought of it. Grades run from 1 to 5; 0 stands for "not graded"."""

    question: str  # Question.id
    author: str  # model, other-1, other-2 ..., teacher
    sample: int
    text: str
    tokens: list[int]  # as the model in training writes it, the end token included
    complete: bool  # its author ended it; only such a reply is ever preferred
    oracle: float = NO_ORACLE  # score in [0, 1], where the answer can be checked
    faults: str = ""
    accuracy: float = NOT_GRADED  # by the judge, also where the oracle decides
    style: float = NOT_GRADED
    detail: float = NOT_GRADED

    @property
    def judged(self) -> bool:
        return self.accuracy != NOT_GRADED

    @property
    def checked(self) -> bool:
        return self.oracle != NO_ORACLE
