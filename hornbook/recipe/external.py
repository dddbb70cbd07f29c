"""Inputs that are not stages: the user's own files and folders, and models of a hub (`hf:owner/name`)."""

from pathlib import Path

import xxhash


def is_external(source: str) -> bool:
    return source.startswith(("./", "../", "/", "~", "hf:"))


def resolve(source: str) -> Path:
    """The path that a stage is given. A hub model keeps its name: `hf:owner/name` becomes `owner/name`."""
    return Path(source.removeprefix("hf:")) if source.startswith("hf:") else Path(source).expanduser()


def external_key(source: str) -> str:
    """A key that changes when the content does: a hash of the files' names and bytes; a hub model's name as it is.

    What is not there (yet) has the key "missing".
    """
    if source.startswith("hf:"):
        return source
    root = Path(source).expanduser()
    if not root.exists():
        return "missing"
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    hasher = xxhash.xxh3_64()
    for file in files:
        hasher.update(str(file.relative_to(root) if file != root else file.name).encode())
        with file.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                hasher.update(chunk)
    return hasher.hexdigest()
