"""Running one stage into a folder: the same for a recipe and for a command."""

from pathlib import Path
from typing import Any

from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json
from hornbook.base.workspace import Workspace, is_first_process
from hornbook.recipe.recipe import Stage


def execute(stage: Stage, inputs: dict[str, Any], out: Path, ledger: Path) -> Workspace:
    """Run `stage` on `inputs`, writing to `out`, which may hold what an earlier attempt left.

    Raises what the stage raises; a HornbookError then says how many records were set aside before, if any were.
    Leaves stage.json (identity and book) as the last file: where it stands, the stage is complete.
    """
    work = Workspace(out, name=stage.name, seed=stage.seed, ledger=ledger)
    try:
        stage.kind.function(stage.settings, work, **inputs)
    except HornbookError as error:
        work.close()  # what was set aside may be why
        if type(error) is HornbookError and work.rejected:
            aside = f"{work.rejected.total():,} records were set aside, see {out / 'rejects.jsonl'}"
            raise HornbookError(f"{error} ({aside})") from None
        raise
    work.close()
    if is_first_process():
        write_json(out / "stage.json", {"name": stage.name, "key": stage.key, **stage.identity(), **work.book()})
    return work
