"""The one error a user is meant to read."""


class HornbookError(Exception):
    """Something the user can mend. The message is one line: what is wrong, where, and what was expected.

    The command line prints it without a traceback and exits with code 2.
    """


class Diverged(HornbookError):
    """Training has left the finite numbers. An error like any other, but a search over rates goes on after it."""


def one_line(error: BaseException) -> str:
    """An exception as one readable line, for error messages and reasons of rejection."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text}" if text else name
