"""The record of a judged reply."""

from hornbook.base.records import Record

NOT_GRADED = 0.0
NO_ORACLE = -1.0


class JudgedReply(Record):
    """One reply to a question and its grades, from 1 to 5; 0 means "not graded"."""

    question: str  # Question.id
    author: str  # model, other-1, other-2 ..., teacher
    sample: int
    text: str
    tokens: list[int]  # in the tokenizer of the model in training, including the end token
    complete: bool  # not cut off; only complete replies are preferred
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
