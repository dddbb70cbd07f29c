"""What can go wrong with a teacher: for all records, for one record, or for one try."""

from hornbook.base.errors import HornbookError


class TeacherError(HornbookError):
    """The teacher cannot be used any further: unreachable, refusing the key, or the budget is spent. Stops the stage.

    What was answered so far is in the ledger; the same command, run again, continues from there.
    """


class BudgetError(TeacherError):
    """The next call might have passed the budget, so it was not sent."""


class CallFailed(Exception):
    """This one call gets no answer: the endpoint refuses it, or fails at it again and again. One record fails."""


class TryAgain(Exception):
    """This try failed, another may not. Stays inside the room.

    Attributes:
        known: the endpoint certainly did no work for this try, so it cannot charge for it.
        busy: the endpoint asks for fewer requests (429): a limit of the teacher's, no fault of this call's.
        crowded: fewer calls at a time might have prevented this (429, 503, a time-out).
        after: seconds the endpoint asks everybody to wait (Retry-After).
        gone: nobody listens at the address, which is no fault of this call's.
    """

    def __init__(
        self,
        reason: str,
        *,
        known: bool,
        busy: bool = False,
        crowded: bool = False,
        after: float = 0.0,
        gone: bool = False,
    ) -> None:
        super().__init__(reason)
        self.known, self.busy, self.crowded, self.after, self.gone = known, busy, crowded or busy, after, gone
