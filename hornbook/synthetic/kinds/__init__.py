"""The kinds of data set (report §2.2, D): `FAMILY/NAME.py` is the kind NAME. To add one, write its file.

A file whose name begins with an underscore holds what the kinds of its family share.
"""

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.settings import nearest
from hornbook.synthetic.kind import Kind

FAMILIES: dict[str, str] = {  # name of the kind → its family
    file.stem: file.parent.name
    for file in sorted(Path(__file__).parent.glob("*/*.py"))
    if not file.stem.startswith("_")
}


@cache
def load_kind(name: str) -> Kind:
    """The kind of that name. Raises HornbookError when there is none."""
    if name not in FAMILIES:
        raise HornbookError(f"kinds.{name}: no such kind of data set{nearest(name, list(FAMILIES))}")
    kind: Kind = importlib.import_module(f"{__name__}.{FAMILIES[name]}.{name}").KIND
    return replace(kind, name=name, family=FAMILIES[name])
