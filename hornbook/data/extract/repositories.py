"""The repository or package that a file belongs to: its name, licence and origin, from the files that say so."""

import json
import posixpath
import re
import tomllib
from collections.abc import Callable, Collection
from email.parser import HeaderParser
from functools import cached_property
from typing import NamedTuple

from hornbook.data.extract.languages import file_name

LICENCE_FILES = re.compile(
    r"^(un)?(licen[cs]es?|copying|copyright)([-_.](?!py$|js$|go$|c$|h$|rs$|java$)[\w.-]+)?$", re.IGNORECASE
)
MANIFESTS = (
    "METADATA",
    "PKG-INFO",
    "pyproject.toml",
    "package.json",
    "Cargo.toml",
    "composer.json",
    "go.mod",
    "setup.cfg",
)
LICENCES = [  # SPDX identifier, and a pattern of its text in lower case with single spaces and without commas
    ("AGPL-3.0", "gnu affero general public license version 3"),
    ("LGPL-3.0", "gnu lesser general public license version 3"),
    ("LGPL-2.1", "gnu lesser general public license version 2.1"),
    ("LGPL-2.0", "gnu library general public license version 2"),
    ("GPL-3.0", "gnu general public license version 3"),
    ("GPL-2.0", "gnu general public license version 2"),
    ("Apache-2.0", "apache license version 2.0"),
    ("MPL-2.0", "mozilla public license version 2.0"),
    ("EPL-2.0", "eclipse public license - v 2.0"),
    ("CC-BY-SA-4.0", "attribution-sharealike 4.0 international"),
    ("CC-BY-4.0", "attribution 4.0 international"),
    ("CC0-1.0", "cc0 1.0 universal"),
    ("PSF-2.0", "python software foundation license version 2"),
    ("BSL-1.0", "boost software license - version 1.0"),
    ("Unlicense", "this is free and unencumbered software released into the public domain"),
    ("ISC", "permission to use copy modify and(/or)? distribute this software for any purpose with or without fee"),
    ("Zlib", "this software is provided 'as-is' without any express or implied warranty"),
    ("BSD-3-Clause", "redistributions of source code must retain.{0,1500}?used to endorse or promote"),
    ("BSD-2-Clause", "redistributions of source code must retain"),
    ("MIT", "permission is hereby granted free of charge to any person obtaining a copy"),
    ("WTFPL", "do what the fuck you want to public license"),
]  # fmt: skip
LARGEST = 200_000  # bytes of a file that is looked into


class Repository(NamedTuple):
    """What the files of a folder say of it; "" where they do not."""

    folder: str  # path in the container
    package: str = ""  # name and version
    license: str = ""  # SPDX identifier where it is recognised
    url: str = ""


class Repositories:
    """The repositories in a folder or archive. `entries` lists a folder, `read` gives a file's bytes or None."""

    def __init__(self, entries: Callable[[str], Collection[str]], read: Callable[[str], bytes | None]) -> None:
        self.entries, self._read = entries, read
        self._known: dict[str, Repository | None] = {}

    def of(self, path: str) -> Repository | None:
        """The repository of a file: the nearest folder above it that has a licence or a manifest, or is an installed
        package; where it has no licence, with that of the repository around it."""
        folder = posixpath.dirname(path)
        if folder not in self._known:
            outer = self.of(folder) if folder else None
            own = self._in_folder(folder) or self._installed(folder)
            self._known[folder] = _within(own, outer) if own and outer else own or outer
        return self._known[folder]

    def _in_folder(self, folder: str) -> Repository | None:
        names = sorted(self.entries(folder))
        licences = [name for name in names if LICENCE_FILES.match(name)]
        manifests = [name for name in MANIFESTS if name in names]
        if not licences and not manifests and ".git" not in names:
            return None
        found = Repository(folder)
        for name in manifests:
            found = _merged(found, read_manifest(name, self._text(posixpath.join(folder, name))))
        texts = [self._text(posixpath.join(folder, name)) for name in licences]
        identified = [name for name in map(identify_licence, texts) if name]
        origin = re.search(r"^\s*url\s*=\s*(\S+)", self._text(posixpath.join(folder, ".git/config")), re.MULTILINE)
        return found._replace(
            license=found.license or " AND ".join(dict.fromkeys(identified)),
            url=found.url or (origin[1] if origin else ""),
        )

    def _installed(self, folder: str) -> Repository | None:
        """The Python package that a folder of site-packages belongs to, by the *.dist-info beside it."""
        above, name = posixpath.split(folder)
        info = self._packages(above).get(name)
        return (
            _merged(Repository(folder), read_manifest("METADATA", self._text(posixpath.join(info, "METADATA"))))
            if info
            else None
        )

    def _packages(self, folder: str) -> dict[str, str]:
        """Folders of packages beside their *.dist-info: name → path of that."""
        if folder not in self._dist_infos:
            found: dict[str, str] = {}
            for info in sorted(name for name in self.entries(folder) if name.endswith(".dist-info")):
                path = posixpath.join(folder, info)
                listed = (line.partition("/") for line in self._text(posixpath.join(path, "RECORD")).split("\n"))
                found |= {top: path for top, slash, _ in listed if slash and not top.endswith(".dist-info")}
            self._dist_infos[folder] = found
        return self._dist_infos[folder]

    @cached_property
    def _dist_infos(self) -> dict[str, dict[str, str]]:
        return {}

    def _text(self, path: str) -> str:
        return (self._read(path) or b"").decode("utf-8", "replace")


def is_licence_file(name: str) -> bool:
    return bool(LICENCE_FILES.match(file_name(name)))


def identify_licence(text: str) -> str:
    """The SPDX identifier of a licence's text, of several the first; "" if it is not known."""
    plain = re.sub(r"[\s,]+", " ", text[:20_000].lower())
    found = [(match.start(), name) for name, pattern in LICENCES if (match := re.search(pattern, plain))]
    return min(found, key=lambda place: place[0], default=(0, ""))[1]


def read_manifest(name: str, text: str) -> Repository:
    """Name, version, licence and address from a package's manifest; what cannot be read is left out."""
    try:
        if name in ("METADATA", "PKG-INFO"):
            return _from_headers(text)
        if name.endswith(".json"):
            return _from_fields(json.loads(text))
        if name.endswith(".toml"):
            fields = tomllib.loads(text)
            return _from_fields(fields.get("project") or fields.get("package") or {})
        if name == "go.mod":
            module = re.search(r"^module\s+(\S+)", text, re.MULTILINE)
            return Repository("", module[1] if module else "", "", f"https://{module[1]}" if module else "")
        found = dict(re.findall(r"^(name|version|license|url)\s*=\s*(\S[^\n]*)$", text, re.MULTILINE))
        return _from_fields(found)
    except (ValueError, RecursionError, AttributeError, TypeError):
        return Repository("")


def _from_headers(text: str) -> Repository:
    headers = HeaderParser().parsestr(text)
    classifiers = [value for value in headers.get_all("Classifier", []) if value.startswith("License ::")]
    licence = headers.get("License-Expression") or headers.get("License") or ""
    if "\n" in licence or len(licence) > 60:
        licence = identify_licence(licence)
    licence = licence or (classifiers[0].rpartition(":: ")[2] if classifiers else "")
    links = [value.partition(",")[2].strip() for value in headers.get_all("Project-URL", [])]
    url = headers.get("Home-page") or next((link for link in links if "git" in link), next(iter(links), ""))
    return Repository("", f"{headers.get('Name', '')} {headers.get('Version', '')}".strip(), licence, url)


def _from_fields(fields: dict[str, object]) -> Repository:
    licence, link = fields.get("license"), fields.get("repository") or fields.get("homepage") or fields.get("url")
    urls = fields.get("urls")
    if isinstance(licence, dict):
        licence = licence.get("type") or identify_licence(str(licence.get("text") or ""))
    if isinstance(link, dict):
        link = link.get("url")
    if not link and isinstance(urls, dict):
        link = next(iter(urls.values()), "")
    package = f"{fields.get('name') or ''} {fields.get('version') or ''}".strip()
    return Repository("", package, licence if isinstance(licence, str) else "", link if isinstance(link, str) else "")


def _within(own: Repository, outer: Repository) -> Repository:
    """A folder with a licence but no manifest is a part of the package around it."""
    return own._replace(license=own.license or outer.license) if own.package else _merged(own, outer)


def _merged(known: Repository, more: Repository) -> Repository:
    return Repository(known.folder, known.package or more.package, known.license or more.license, known.url or more.url)
