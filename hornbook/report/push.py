"""Uploading a folder of records with a card as a data set on the hub."""

from pathlib import Path

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.hub import is_name, unreachable_reason
from hornbook.report.card import data_files, make_card

CARD = "README.md"
LOG_IN = "; log in with `hf auth login`, or set HF_TOKEN to a token that may write"
NOT_ALLOWED = ("401", "403", "token", "credentials")


def files_and_card(folder: Path, name: str, licence: str = "", seeds_licence: str = "") -> tuple[list[Path], str]:
    """The files that `push` would upload, and the card it would write.

    Raises HornbookError for a name that is not OWNER/NAME, and a folder without records.
    """
    if not is_name(name):
        raise HornbookError(f"{name}: not the name of a data set; expected OWNER/NAME")
    if not folder.is_dir():
        raise HornbookError(f"{folder}: no such folder; expected the output folder of a stage")
    files = data_files(folder)
    if not files:
        raise HornbookError(
            f"{folder}: no records in it (*.parquet, or exports of a search); expected a stage's folder"
        )
    return files, make_card(folder, name, licence, seeds_licence)


def push_dataset(folder: Path, name: str, *, public: bool = False, licence: str = "", seeds_licence: str = "") -> str:
    """Upload the records in `folder` and a card as the data set `name`, created if missing; returns its URL.

    A new data set is private unless `public`; an existing one stays as it is. What else lies in the folder (the
    teacher's ledger, journals) stays here.
    Raises HornbookError as `files_and_card` does, and for whatever keeps the hub from taking it.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    files, card = files_and_card(folder, name, licence, seeds_licence)
    if silent := unreachable_reason():
        raise HornbookError(f"push: the hub is unreachable ({silent})")
    operations = [CommitOperationAdd(CARD, card.encode())]
    operations += [CommitOperationAdd(path.name, str(path)) for path in files]
    try:
        api = HfApi()
        address = api.create_repo(name, repo_type="dataset", private=not public, exist_ok=True)
        api.create_commit(name, operations, commit_message=f"{len(files)} files by hornbook push", repo_type="dataset")
    except Exception as error:  # of the hub, its library or the network
        reason = one_line(error)
        hint = LOG_IN if any(word in reason.casefold() for word in NOT_ALLOWED) else ""
        raise HornbookError(f"push: {name}: {reason}{hint}") from None
    return str(address)
