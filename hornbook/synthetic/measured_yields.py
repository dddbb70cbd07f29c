"""The last measured yield of each kind: `python -m hornbook.synthetic.measured_yields RUN` takes them from a run.

RUN is the output folder of `hornbook synth`. The figures of the kinds in that run are written to `yields.json` beside
this file, which `hornbook synth --list` shows; those of other kinds stay.
"""

import sys
from pathlib import Path

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.base.files import read_json, write_json

FILE = Path(__file__).with_name("yields.json")


class Measured(msgspec.Struct):
    """One kind in one run: seeds, records made and kept, teacher calls, answered tokens, and the teacher."""

    seeds: int
    made: int
    kept: int
    calls: int
    tokens: int
    teacher: str


def measured() -> dict[str, Measured]:
    """The last measurement of each kind that was ever measured."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Measured])


def take(run: Path) -> dict[str, Measured]:
    """The yields in the output folder of `hornbook synth`. Raises HornbookError if `run` is not one."""
    notes = read_json(run / "book.json").get("notes", {})
    if "yields" not in notes:
        raise HornbookError(f"{run}: no yields in its book.json; expected the output folder of `hornbook synth`")
    rows = notes["yields"]
    return {
        name: Measured(
            row["seeds"], row["made"], row["kept"], row["calls"], row["tokens"], ", ".join(sorted(row["teachers"]))
        )
        for name, row in rows.items()
        if row["seeds"]
    }


def main(run: str) -> None:
    rows = measured() | take(Path(run))
    write_json(FILE, {name: msgspec.structs.asdict(rows[name]) for name in sorted(rows)})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except HornbookError as error:
        sys.exit(f"yields: {error}")
