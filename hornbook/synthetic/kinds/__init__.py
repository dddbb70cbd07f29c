"""The kinds of data set (report §2.2, D): `FAMILY/NAME.py` is the kind NAME. To add one, write its file.

A file whose name begins with an underscore holds what the kinds of its family share. Users' own kinds are files of
their own, named by their path.
"""

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.settings import nearest
from hornbook.base.user_code import load_file
from hornbook.synthetic.kind import Kind

FAMILIES: dict[str, str] = {  # name of the kind → its family
    file.stem: file.parent.name
    for file in sorted(Path(__file__).parent.glob("*/*.py"))
    if not file.stem.startswith("_")
}


@cache
def load_kind(name: str) -> Kind:
    """The kind of that name, or the one in the user's own file `path/to/name.py`.

    Raises HornbookError when there is none, or when the file cannot be loaded.
    """
    if name.endswith(".py"):
        return _from_file(Path(name))
    if name not in FAMILIES:
        raise HornbookError(f"kinds.{name}: no such kind of data set{nearest(name, list(FAMILIES))}")
    kind: Kind = importlib.import_module(f"{__name__}.{FAMILIES[name]}.{name}").KIND
    return replace(kind, name=name, family=FAMILIES[name])


def _from_file(path: Path) -> Kind:
    if not path.is_file():
        raise HornbookError(f"kinds: {path}: no such file")
    if path.stem in FAMILIES:
        raise HornbookError(f"kinds: {path}: there is a kind {path.stem} already; give the file another name")
    try:
        module = load_file(path)
    except Exception as error:
        raise HornbookError(f"kinds: {path} cannot be loaded ({one_line(error)})") from None
    kind = getattr(module, "KIND", None)
    if not isinstance(kind, Kind):
        raise HornbookError(f"kinds: {path}: expected KIND = Kind(...) in it; see docs/add-a-dataset.md")
    return replace(kind, name=path.stem, family="own")
