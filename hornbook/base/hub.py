"""Names on the Hugging Face hub. If the hub is unreachable, this is found in seconds and the local cache is used."""

import re
from functools import lru_cache
from pathlib import Path

from hornbook.base.errors import HornbookError, one_line

NAME = re.compile(r"[\w-][\w.-]*/[\w.-]+")  # a name without a slash is more likely a misspelt folder
SECONDS = 5.0  # to connect, and for the first bytes of a response


def is_name(path: Path | str) -> bool:
    """Whether `path` has the form OWNER/NAME."""
    return NAME.fullmatch(str(path)) is not None


def locate(name: str) -> str:
    """What a library should load for the hub name `name`: the name; its cache folder if the hub is unreachable.

    Otherwise a library retries each file of a model, for minutes if the network drops all packets. Raises HornbookError
    if the hub is unreachable and the cache has no copy.
    """
    from huggingface_hub import constants, snapshot_download

    endpoint = constants.ENDPOINT
    unreachable = (
        "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else _ask(f"{endpoint}/{name}/resolve/main/config.json")
    )
    if not unreachable:
        return name
    try:
        return str(snapshot_download(name, local_files_only=True))
    except Exception:  # the error for a missing copy differs between versions of huggingface_hub
        raise HornbookError(
            f"{name}: not on this machine, and {endpoint} is unreachable ({unreachable}); on a machine with a network "
            f"run `hf download {name} --local-dir FOLDER`, and give FOLDER instead of the name"
        ) from None


def unreachable_reason() -> str:
    """Why the hub is unreachable; "" if it is reachable."""
    from huggingface_hub import constants

    return "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else _ask(constants.ENDPOINT)


@lru_cache
def _ask(url: str) -> str:
    """Why there is no response; "" if there is one. Requested once per process."""
    from huggingface_hub.utils import get_session

    try:
        get_session().head(url, timeout=SECONDS)  # with any status: errors are reported when files are read
    except Exception as error:  # of httpx or requests, depending on the version of huggingface_hub
        return one_line(error)
    return ""
