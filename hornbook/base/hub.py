"""Names on the Hugging Face hub: found in seconds to be out of reach, and then read from this machine's cache alone."""

import re
from functools import lru_cache
from pathlib import Path

from hornbook.base.errors import HornbookError, one_line

NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")  # a name without a slash is rather a folder misspelt
SECONDS = 5.0  # for a connection, and for the first bytes of an answer


def is_name(path: Path | str) -> bool:
    """Whether `path` has the form OWNER/NAME."""
    return NAME.fullmatch(str(path)) is not None


def locate(name: str) -> str:
    """What a library should load for the hub name `name`: the name, or its folder in the cache if no hub answers.

    Without this, a library asks for each file of a model again and again, for minutes where the network swallows
    everything. Raises HornbookError where there is neither.
    """
    from huggingface_hub import constants, snapshot_download

    endpoint = constants.ENDPOINT
    silent = (
        "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else _ask(f"{endpoint}/{name}/resolve/main/config.json")
    )
    if not silent:
        return name
    try:
        return str(snapshot_download(name, local_files_only=True))
    except Exception:  # which one says that there is no copy differs between the hub's versions
        raise HornbookError(
            f"{name}: not on this machine, and {endpoint} cannot be asked ({silent}); where there is a network, run "
            f"`hf download {name} --local-dir FOLDER`, and give FOLDER instead of the name"
        ) from None


def unreachable_reason() -> str:
    """Why the hub cannot be asked, "" if it can."""
    from huggingface_hub import constants

    return "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else _ask(constants.ENDPOINT)


@lru_cache
def _ask(url: str) -> str:
    """Why there is no answer, "" if there is one; asked once a process."""
    from huggingface_hub.utils import get_session

    try:
        get_session().head(url, timeout=SECONDS)  # any answer will do: what it says is looked at when files are read
    except Exception as error:  # of httpx or of requests, by the hub's version
        return one_line(error)
    return ""
