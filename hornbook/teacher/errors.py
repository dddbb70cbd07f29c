"""Errors of a teacher: for all records, or for one. (For one try: `base.http.TryAgain`.)"""

from collections import Counter

from hornbook.base.errors import HornbookError


class TeacherError(HornbookError):
    """The teacher cannot be used any further: unreachable, invalid key, or the budget is spent. Stops the stage.

    Answers so far are in the ledger; the same command, run again, continues from there.
    """


class BudgetError(TeacherError):
    """The next call might exceed the budget, so it was not sent."""


class AnswersAwaited(HornbookError):
    """The run has asked all that it can, and ends until the answers are there: the same command then continues."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later


class CallFailed(Exception):
    """This call gets no answer: the endpoint refuses it, or fails repeatedly. Only one record fails."""


def nothing_answered(who: str, failures: Counter[str]) -> TeacherError:
    """The error of a stage in which every call failed, with the most frequent reason."""
    (reason, count), total = failures.most_common(1)[0], failures.total()
    others = f", and for other reasons {total - count:,}" if count < total else ""
    return TeacherError(
        f"{who}: no call was answered; {count:,} failed{others}: {reason}; "
        "run the same command again once that is fixed"
    )
