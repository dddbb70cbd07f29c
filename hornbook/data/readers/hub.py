"""Stream a data set from a hub, `hub:NAME[:CONFIG[:SPLIT]]`, through the `datasets` package."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.hub import unreachable_reason
from hornbook.base.packages import missing_package
from hornbook.data.readers.formats import Located, plain_values

SPLITS = ("train", "train_sft", "test", "validation")  # the first that exists is read if none is named


def read_hub(name: str) -> Iterator[Located]:
    """The rows of `NAME[:CONFIG[:SPLIT]]`, each located as "hub:NAME:CONFIG:SPLIT:number".

    Raises HornbookError if `datasets` is not installed, and for any error of the hub or the network.
    """
    try:
        import datasets  # an extra
    except ImportError:
        raise missing_package(f"hub:{name}", "datasets") from None
    repository, config, split = (*name.split(":"), "", "")[:3]
    if not Path(repository).exists() and (silent := unreachable_reason()):
        raise HornbookError(  # `datasets` would retry for half a minute
            f"hub:{name}: the hub cannot be reached ({silent}); on a machine with network access, run "
            f"`hf download --repo-type dataset {repository} --local-dir FOLDER`, and pass FOLDER instead"
        )
    try:
        found = datasets.load_dataset(repository, config or None, split=split or None, streaming=True)
        split, rows = (split, found) if split else _one_split(name, found)
        where = ":".join(filter(None, ["hub", repository, config, split]))
        for number, row in enumerate(rows, 1):
            yield Located(f"{where}:{number}", plain_values(row))
    except HornbookError:
        raise
    except Exception as error:  # errors of the hub, the network or the data set's files, of many types
        raise HornbookError(f"hub:{name}: {one_line(error)}") from None


def _one_split(name: str, splits: Any) -> tuple[str, Any]:
    chosen = next((split for split in SPLITS if split in splits), next(iter(splits)) if len(splits) == 1 else "")
    if not chosen:
        raise HornbookError(f"hub:{name}: name a split as hub:NAME:CONFIG:SPLIT; there are {', '.join(splits)}")
    return chosen, splits[chosen]
