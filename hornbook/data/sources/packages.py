"""Installed Python packages → documents: docstrings (acquired), source files (code), README and shipped pages (web).

No package is imported: their files are located and parsed.
"""

import ast
import importlib.metadata
import importlib.util
import os
import re
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from hornbook.base.errors import HornbookError
from hornbook.base.records import Document
from hornbook.base.rng import rng
from hornbook.data.extract.markdown import clean_markdown
from hornbook.data.extract.repositories import read_manifest
from hornbook.data.extract.restructured_text import clean_restructured_text
from hornbook.data.readers.documents import new_document
from hornbook.data.sources.docstrings import Docstring, dictionary_texts, docstrings, without_docstrings
from hornbook.data.sources.markup import html_to_text

STDLIB = "stdlib"
EXCLUDED_FOLDERS = re.compile(
    r"^(tests?|idle_test|testing|_?vendor(ed)?|extern(als?|s)?|third_party|site-packages|dist-packages|__pycache__"
    r"|_bundled|.*\.dist-info|lib2to3|config-.*)$"
)
EXCLUDED_FILES = re.compile(r"^(test_.*|.*_test|conftest|_?version|__main__|_sysconfigdata.*)\.py$")
EXCLUDED_PAGES = re.compile(
    r"(licen[cs]e|copying|copyright|notice|authors|credits|requirements|top_level|entry_points|sources|cmakelists)",
    re.IGNORECASE,
)
PAGE_SUFFIXES = {".md", ".rst", ".txt", ".html"}


class PackageLimits(NamedTuple):
    """Limits in characters."""

    package_chars: int  # per package and source
    min_chars: int  # shorter passages and files are left where they are
    max_chars: int  # longer files are left out (data, generated code), longer pages are divided
    page_chars: int  # a module with longer docstrings becomes one long document


def package_documents(package: str, limits: PackageLimits, seed: int) -> Iterator[Document]:
    """Documents of one package, `stdlib` being the standard library, with its licence where its metadata names one.

    If there is more than `limits.package_chars` of a source, whole files are drawn at random (by `seed`).
    Raises HornbookError when the package is not installed.
    """
    licence = _licence(package)
    for document in _documents(package, limits, seed):
        document.metadata = {"license": licence} if licence else {}
        yield document


def _documents(package: str, limits: PackageLimits, seed: int) -> Iterator[Document]:
    root = _locate(package)
    every = _files(root)
    files = [file for file in every if file.suffix == ".py"]
    order = rng(seed, "files", package).permutation(len(files))
    taken = {"acquired": 0, "code": 0}
    for number in order.tolist():
        file = files[number]
        if all(chars >= limits.package_chars for chars in taken.values()):
            break
        for document in _file_documents(file, _module_name(file, root, package), limits):
            if taken[document.source] < limits.package_chars:
                taken[document.source] += len(document.text)
                yield document
    yield from _readme(package, limits)
    yield from _pages(package, root, [file for file in every if file.suffix in PAGE_SUFFIXES], limits)


def package_version(package: str) -> str:
    """The version of an installed package, so that a recipe notices when its text has changed."""
    if package == STDLIB or package in sys.stdlib_module_names:
        return sys.version.split()[0]
    distribution = _distribution(package)
    return distribution.version if distribution else ""


def _licence(package: str) -> str:
    if package == STDLIB or package.split(".")[0] in sys.stdlib_module_names:
        return "PSF-2.0"
    distribution = _distribution(package)
    return read_manifest("METADATA", distribution.read_text("METADATA") or "").license if distribution else ""


def _locate(package: str) -> Path:
    """The folder (or file) of a package; `numpy.linalg` is looked for below `numpy`."""
    stdlib = Path(sysconfig.get_paths()["stdlib"])
    if package == STDLIB:
        return stdlib
    top, *rest = package.split(".")
    roots = [stdlib] if top in sys.stdlib_module_names else _search_locations(top)
    for root in roots:
        place = root.joinpath(top, *rest)
        for candidate in (place, place.with_name(place.name + ".py")):
            if candidate.exists():
                return candidate
    raise HornbookError(f"packages: package '{package}' is not installed; install it or remove it from the list")


def _search_locations(top: str) -> list[Path]:
    """The folders that contain a top-level package. None of its code is run."""
    spec = importlib.util.find_spec(top) if top.isidentifier() else None
    if spec is None:
        return []
    found = list(spec.submodule_search_locations or []) or [spec.origin or ""]
    return [Path(place).parent for place in found]


def _files(root: Path) -> list[Path]:
    """All files of a package, except tests and vendored code."""
    if root.is_file():
        return [root]
    found: list[Path] = []
    for folder, inside, names in os.walk(root):
        inside[:] = [name for name in inside if not EXCLUDED_FOLDERS.match(name)]
        found.extend(Path(folder, name) for name in names if not EXCLUDED_FILES.match(name))
    return sorted(found)


def _module_name(file: Path, root: Path, package: str) -> str:
    parts = [] if root.is_file() else list(file.relative_to(root).with_suffix("").parts)
    if package != STDLIB:
        parts = [package, *parts]
    return ".".join(parts).removesuffix(".__init__")


def _file_documents(file: Path, module: str, limits: PackageLimits) -> Iterator[Document]:
    try:
        source = file.read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's files
            tree = ast.parse(source)
    except (SyntaxError, ValueError, OSError, RecursionError):  # templates, data for tests, other encodings
        return
    found = docstrings(tree, module, limits.min_chars)
    if sum(len(passage.text) for passage in found) >= limits.page_chars:
        yield from _reference_pages(found, module, limits)
    else:
        yield from (_passage_document(passage, module) for passage in found)
    yield from (_passage_document(passage, module) for passage in dictionary_texts(tree, limits.min_chars))
    code = without_docstrings(source, tree, limits.min_chars)
    if limits.min_chars <= len(code) <= limits.max_chars:
        yield new_document(code, module, "code", "code", "python")


def _reference_pages(found: list[Docstring], module: str, limits: PackageLimits) -> Iterator[Document]:
    """All docstrings of a module as one long document (or several, if they are very long)."""
    pages: list[list[str]] = [[]]
    for passage in found:
        section = f"{'##' if passage.name else '#'} {passage.title}\n\n{passage.text}"
        if sum(map(len, pages[-1])) + len(section) > limits.max_chars and pages[-1]:
            pages.append([])
        pages[-1].append(section)
    for number, sections in enumerate(pages, 1):
        origin = module if number == 1 else f"{module}#{number}"
        yield new_document("\n\n".join(sections), origin, "acquired", "reference")


def _passage_document(passage: Docstring, module: str) -> Document:
    origin = f"{module}:{passage.name}" if passage.name else module
    return new_document(f"{passage.title}\n\n{passage.text}", origin, "acquired", "prose")


def _readme(package: str, limits: PackageLimits) -> Iterator[Document]:
    distribution = None if package == STDLIB else _distribution(package)
    text = _description(distribution)[: limits.max_chars] if distribution else ""
    if len(text) >= limits.min_chars:
        yield new_document(text, f"{package}/README", "web", "page")


def _pages(package: str, root: Path, files: list[Path], limits: PackageLimits) -> Iterator[Document]:
    for file in files:
        text = "" if EXCLUDED_PAGES.search(file.name) else _page_text(file)
        if limits.min_chars <= len(text) <= limits.max_chars:
            yield new_document(text, f"{package}/{file.relative_to(root).as_posix()}", "web", "page")


def _page_text(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return ""
    if file.suffix == ".html":
        return html_to_text(text)
    return {".md": clean_markdown, ".rst": clean_restructured_text}.get(file.suffix, str)(text).strip()


def _distribution(package: str) -> importlib.metadata.Distribution | None:
    """The distribution that contains a package (`yaml` is in `PyYAML`)."""
    top = package.split(".")[0]
    names = _distributions().get(top, [top])
    try:
        return importlib.metadata.distribution(sorted(names)[0])
    except importlib.metadata.PackageNotFoundError:
        return None


@lru_cache(maxsize=1)
def _distributions() -> Mapping[str, list[str]]:
    """Import name → names of distributions; cached, since reading them takes half a second."""
    return importlib.metadata.packages_distributions()


def _description(distribution: importlib.metadata.Distribution) -> str:
    """The README in a distribution's metadata, which follows the headers."""
    header, _, body = (distribution.read_text("METADATA") or "").partition("\n\n")
    return (clean_restructured_text if "text/x-rst" in header else clean_markdown)(body).strip()
