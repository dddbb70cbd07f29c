"""Inputs that are not stages: the user's own files, folders and patterns, models (`hf:owner/name`) and data sets
(`hub:owner/name`) of a hub."""

import glob
import os
from pathlib import Path

import xxhash

ON_A_HUB = ("hf:", "hub:")


def is_external(source: str) -> bool:
    return source.startswith(("./", "../", "/", "~", *ON_A_HUB))


def is_there(source: str) -> bool:
    """Whether an input exists; names on a hub are assumed to exist."""
    path = resolve(source)
    return source.startswith(ON_A_HUB) or path.exists() or bool(glob.has_magic(str(path)) and _matching(path))


def resolve(source: str) -> Path:
    """The path passed to a stage. A hub model keeps its name: `hf:owner/name` becomes `owner/name`."""
    return Path(source.removeprefix("hf:")) if source.startswith(ON_A_HUB) else Path(source).expanduser()


def external_key(source: str) -> str:
    """A key that changes with the content: a hash of the files' names and bytes; for a hub, the name itself.

    A missing input has the key "missing".
    """
    if source.startswith(ON_A_HUB):
        return source
    if not is_there(source):
        return "missing"
    root = Path(source).expanduser()
    if not root.exists():
        files, root = _matching(root), Path()
    else:
        files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    hasher = xxhash.xxh3_64()
    for file in files:
        hasher.update(os.fsencode(file.relative_to(root) if file != root else file.name))
        try:
            _hash(file, hasher)
        except OSError:  # it has vanished, or may not be read: the stage that reads it will say so
            hasher.update(b"unreadable")
    return hasher.hexdigest()


def _hash(file: Path, hasher: xxhash.xxh3_64) -> None:
    """The bytes that the file has now; what is appended in the meantime does not count."""
    with file.open("rb") as handle:
        left = os.fstat(handle.fileno()).st_size
        while left > 0 and (chunk := handle.read(min(left, 1 << 20))):
            hasher.update(chunk)
            left -= len(chunk)


def _matching(pattern: Path) -> list[Path]:
    found = sorted(map(Path, glob.glob(str(pattern), recursive=True)))
    return [path for path in found if path.is_file()]
