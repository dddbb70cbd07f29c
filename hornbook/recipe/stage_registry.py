"""The registry of all stages, which are the kinds in recipes and the commands. Each is declared in its own package (see
base.stage).

To add a stage, write its function and settings in its package and declare it in that package's `declarations.py`; add a
package without stages so far to PACKAGES.
"""

import importlib

from hornbook.base.stage import DECLARED, StageType

PACKAGES = [  # in the order of a recipe, which is also the order of the commands
    "data",
    "model",
    "synthetic.reasoning",
    "synthetic.mathematics",
    "synthetic.trivia",
    "synthetic",
    "tokenizer",
    "mixture",
    "training",
    "pts",
    "preference",
    "evaluation",
    "tuning",
]


def _all_stages() -> dict[str, StageType]:
    modules = [importlib.import_module(f"hornbook.{package}.declarations") for package in PACKAGES]
    names = [module.__name__ for module in modules]
    found = [declared for declared in DECLARED.values() if declared.function.__module__ in names]
    found.sort(key=lambda declared: names.index(declared.function.__module__))
    return {declared.name: declared for declared in found}


STAGE_TYPES: dict[str, StageType] = _all_stages()
