"""The error for a package that is not installed."""

from hornbook.base.errors import HornbookError


def missing_package(what: str, *packages: str, no_deps: bool = False) -> HornbookError:
    """The error to raise: `what` needs `packages`, by their names in the package index.

    `no_deps` is for packages of which only a data file is used and whose dependencies may conflict with Hornbook's.
    """
    names = f"package {packages[0]}" if len(packages) == 1 else f"packages {' and '.join(packages)}"
    option = "--no-deps " if no_deps else ""
    return HornbookError(f"{what} needs the {names}: pip install {option}{' '.join(packages)}")
