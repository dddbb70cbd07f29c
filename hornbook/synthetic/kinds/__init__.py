"""The kinds of data set (report §2.2, D): `FAMILY/NAME.yaml` is the kind NAME. To add one, write its file.

A file may hold variants: more kinds that differ in some keys. A file whose name begins with an underscore holds code
that kinds of its family share. Users' own kinds are files of their own, named by their path: YAML, or Python with KIND.
"""

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.settings import nearest
from hornbook.base.user_code import load_file
from hornbook.synthetic.kind import Kind
from hornbook.synthetic.kind_file import names_in, read_kind_file

Profile = Literal["full", "small"]
OWN = (".py", ".yaml", ".yml")  # ends of the names of users' own kinds

FILES: dict[str, Path] = {  # name of the kind → its file
    name: file for file in sorted(Path(__file__).parent.glob("*/*.yaml")) for name in names_in(file)
}
FAMILIES: dict[str, str] = {name: FILES[name].parent.name for name in sorted(FILES)}


@cache
def load_kind(name: str, profile: Profile = "full") -> Kind:
    """The kind of that name, or the one in the user's own file `path/to/name.yaml` or `path/to/name.py`.

    `small` is the profile for small teachers. Raises HornbookError when there is none, or when the file cannot be
    loaded.
    """
    if name.endswith(OWN):
        return _from_file(Path(name), profile)
    if name not in FAMILIES:
        raise HornbookError(f"kinds.{name}: no such kind of data set{nearest(name, list(FAMILIES))}")
    if name in FILES:
        return read_kind_file(FILES[name], profile)[name]
    kind: Kind = importlib.import_module(f"{__name__}.{FAMILIES[name]}.{name}").KIND
    return replace(kind, name=name, family=FAMILIES[name])


def _from_file(path: Path, profile: Profile) -> Kind:
    if not path.is_file():
        raise HornbookError(f"kinds: {path}: no such file")
    if path.stem in FAMILIES:
        raise HornbookError(f"kinds: {path}: there is a kind {path.stem} already; give the file another name")
    if path.suffix != ".py":
        found = read_kind_file(path, profile)
        if path.stem not in found:
            raise HornbookError(f"kinds: {path}: expected a kind of its own beside its variants {', '.join(found)}")
        return replace(found[path.stem], family="own")
    try:
        module = load_file(path)
    except Exception as error:
        raise HornbookError(f"kinds: {path} cannot be loaded ({one_line(error)})") from None
    kind = getattr(module, "KIND", None)
    if not isinstance(kind, Kind):
        raise HornbookError(f"kinds: {path}: expected KIND = Kind(...) in it; see docs/add-a-dataset.md")
    return replace(kind, name=path.stem, family="own")
