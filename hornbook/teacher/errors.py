"""What can go wrong with a teacher: for all records, or for one. (For one try: `base.http.TryAgain`.)"""

from hornbook.base.errors import HornbookError


class TeacherError(HornbookError):
    """The teacher cannot be used any further: unreachable, refusing the key, or the budget is spent. Stops the stage.

    What was answered so far is in the ledger; the same command, run again, continues from there.
    """


class BudgetError(TeacherError):
    """The next call might have passed the budget, so it was not sent."""


class CallFailed(Exception):
    """This one call gets no answer: the endpoint refuses it, or fails at it again and again. One record fails."""
