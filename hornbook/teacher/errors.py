"""What can go wrong with a teacher: for all records, or for one. (For one try: `base.http.TryAgain`.)"""

from collections import Counter

from hornbook.base.errors import HornbookError


class TeacherError(HornbookError):
    """The teacher cannot be used any further: unreachable, refusing the key, or the budget is spent. Stops the stage.

    What was answered so far is in the ledger; the same command, run again, continues from there.
    """


class BudgetError(TeacherError):
    """The next call might have passed the budget, so it was not sent."""


class CallFailed(Exception):
    """This one call gets no answer: the endpoint refuses it, or fails at it again and again. One record fails."""


def nothing_answered(who: str, failures: Counter[str]) -> TeacherError:
    """The end of a stage in which every call failed, with the reason that came up most often."""
    (reason, count), total = failures.most_common(1)[0], failures.total()
    others = f", and for other reasons {total - count:,}" if count < total else ""
    return TeacherError(
        f"{who}: no call was answered; {count:,} failed{others}: {reason}; "
        "run the same command again once that is mended"
    )
