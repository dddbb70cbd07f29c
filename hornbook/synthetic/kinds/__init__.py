"""The kinds of data set, one file each (report §2.2, D). To add one, write its file and name it here."""

import importlib
from functools import cache

from hornbook.base.errors import HornbookError
from hornbook.base.settings import nearest
from hornbook.synthetic.kind import Kind

MODULES = {  # name of the kind → its file
    "rewrite": "hornbook.synthetic.kinds.rewrite",
    "self_revision": "hornbook.synthetic.kinds.self_revision",
    "code_reversal": "hornbook.synthetic.kinds.code_reversal",
    "plurality": "hornbook.synthetic.kinds.plurality",
}


@cache
def load_kind(name: str) -> Kind:
    """The kind of that name. Raises HornbookError when there is none."""
    if name not in MODULES:
        raise HornbookError(f"kinds.{name}: no such kind of data set{nearest(name, list(MODULES))}")
    kind: Kind = importlib.import_module(MODULES[name]).KIND
    return kind
