"""The mechanisms: how a kind of data set is made, whatever it is about (report §2.2, D).

A kind's file names its mechanism: `kinds/FAMILY/NAME.yaml`. A mechanism is one module here with a MECHANISM.
"""

import importlib
from functools import cache
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.settings import nearest
from hornbook.synthetic.mechanisms.mechanism import Mechanism

NAMES = sorted(
    file.stem for file in Path(__file__).parent.glob("[!_]*.py") if "\nMECHANISM = " in file.read_text(encoding="utf-8")
)


@cache
def load_mechanism(name: str, where: str) -> Mechanism:
    """The mechanism of that name. Raises HornbookError, naming the place `where`, when there is none."""
    if name not in NAMES:
        raise HornbookError(f"{where}: {name}: no such mechanism{nearest(name, list(NAMES))}")
    found: Mechanism = importlib.import_module(f"{__name__}.{name}").MECHANISM
    return found
