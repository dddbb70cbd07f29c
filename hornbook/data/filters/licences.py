"""Licences of documents, as SPDX expressions, and whether they are among those allowed."""

import re
from functools import lru_cache

_IDS = """
0BSD AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-1.0 Artistic-2.0 BSD-1-Clause BSD-2-Clause
BSD-3-Clause BSD-3-Clause-Clear BSD-4-Clause BSL-1.0 CC0-1.0 CC-PDDC CC-PDM-1.0 CDDL-1.0 CDDL-1.1 CDLA-Permissive-1.0
CDLA-Permissive-2.0 CDLA-Sharing-1.0 CECILL-2.1 CNRI-Python ECL-2.0 EFL-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2
GFDL-1.1-only GFDL-1.1-or-later GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3-only GFDL-1.3-or-later GPL-2.0-only
GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ICU IPL-1.0 ISC LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only
LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later LPPL-1.3c MIT MIT-0 MIT-CMU MPL-1.1 MPL-2.0 MS-PL MS-RL MulanPSL-2.0
NCSA OANC ODbL-1.0 ODC-By-1.0 OFL-1.1 OGL-UK-3.0 OpenSSL OSL-3.0 PDDL-1.0 PHP-3.01 PostgreSQL PSF-2.0 Python-2.0
Python-2.0.1 QPL-1.0 Ruby Sleepycat TCL Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL X11 Zlib ZPL-2.1
"""
_KNOWN = {name.lower(): name for name in _IDS.split()}
_COMMONS = re.compile(
    r"(?:creativecommons\.org/licenses/|\bcc[ -]?|\bcreative commons[ -]?(?:license:? |licence:? )?)"
    r"(?P<parts>by(?:[ -](?:nc|sa|nd))*|attribution(?:[ -]?(?:noncommercial|non-commercial|sharealike|share[ -]alike"
    r"|noderivatives|noderivs|no[ -]derivatives))*)"
    r"(?:(?: licen[cs]e)?[ /v-]{1,3}(?P<version>[1-4]\.[05]))?",
)
_COMMONS_PARTS = [("NC", "nc|non-?commercial"), ("ND", "nd|no-?deriv"), ("SA", "sa|share-?alike")]
_GNU = re.compile(
    r"\b(?P<family>agpl|lgpl|gpl|gfdl|gnu affero general public|gnu (?:library or )?lesser general public"
    r"|gnu library general public|gnu general public|gnu free documentation|fdl)"
    r"(?: licen[cs]e)?(?: \(a?l?gpl\))?,?[ /-]?(?:version |v)?(?P<version>[123](?:\.[0-3])?)(?![\d.]*\d)"
    r"(?P<later>\+|-or-later)?",
)
_FAMILIES = {"agpl": "AGPL", "affero": "AGPL", "lgpl": "LGPL", "lesser": "LGPL", "library": "LGPL", "free": "GFDL"}
_NAMES = [  # a pattern of names in lower case, and the licence
    (r"apache(?: software)?(?: licen[cs]e)?,?[ -]*(?:version |v)?\.? ?2(?:\.0)?\b|licenses/license-2\.0", "Apache-2.0"),
    (r"\bmit-0\b|mit no attribution", "MIT-0"),
    (r"^(?:the )?mit(?: licen[cs]e)?(?: \(mit\))?$|^expat(?: licen[cs]e)?$|opensource\.org/licenses?/mit", "MIT"),
    (r"\b(?:3|three)[ -]clause|bsd[ -]3\b|(?:new|modified|revised) bsd|bsd \(3", "BSD-3-Clause"),
    (r"\b(?:2|two)[ -]clause|bsd[ -]2\b|simplified bsd|freebsd licen[cs]e", "BSD-2-Clause"),
    (r"mozilla public licen[cs]e,?(?: version)?[ v]*2(?:\.0)?|^mpl[ -v]*2(?:\.0)?$|mozilla\.org/mpl/2\.0", "MPL-2.0"),
    (r"^isc(?: licen[cs]e)?(?: \(iscl\))?$", "ISC"),
    (r"^(?:psfl?|python software foundation)(?: licen[cs]e)?$", "PSF-2.0"),
    (r"publicdomain/zero/1\.0|\bcc[ -]?0\b|cc zero|creative commons zero", "CC0-1.0"),
    (r"publicdomain/mark/1\.0|public domain mark", "CC-PDM-1.0"),
    (r"^(?:the )?unlicense(?: \(unlicense\))?$|unlicense\.org", "Unlicense"),
    (r"boost software licen[cs]e", "BSL-1.0"),
    (r"eclipse public licen[cs]e[ -v]*2", "EPL-2.0"),
    (r"^zlib(?:/libpng)?(?: licen[cs]e)?$", "Zlib"),
    (r"open database licen[cs]e|opendatacommons\.org/licenses/odbl", "ODbL-1.0"),
    (r"opendatacommons\.org/licenses/by/", "ODC-By-1.0"),
    (r"open government licen[cs]e[ -v]*3|open-government-licence/version/3", "OGL-UK-3.0"),
    (r"sil open font licen[cs]e", "OFL-1.1"),
]  # fmt: skip
_PATTERNS = [(re.compile(pattern), name) for pattern, name in _NAMES]
_LATER = re.compile(r",? or (?:any )?(?:later|newer)(?: versions?)?")
_NESTED = re.compile(r"\(.*\bor\b.*\)")
_OR = re.compile(r"\bor\b(?!-later)(?<!-or)|\|\|?|/(?=(?:mit|apache|bsd|gpl)\b(?!\.))(?<!licenses/)(?<!license/)")
_AND = re.compile(r"\band\b|,(?! ?v)|;")
_DEPRECATED = re.compile(r"^((?:a|l)?gpl-[123]\.[01]|gfdl-1\.[123])(\+)?$")


@lru_cache(maxsize=4096)
def spdx(text: str) -> str:
    """The SPDX expression for a licence's name, identifier or address; "" for one that is not recognised.

    "MIT License" is MIT, "CC BY-SA 4.0" is CC-BY-SA-4.0, "Apache-2.0 or MIT" is Apache-2.0 OR MIT; what a list names
    applies together. A family without a version ("BSD", "GPL", "CC BY") is not recognised.
    """
    names = [[_identifier(part) for part in together] for together in _alternatives(text)]
    if not all(name for together in names for name in together):
        return ""
    return " OR ".join(" AND ".join(together) for together in names)


def licence_reason(licence: str, allowed: frozenset[str]) -> str:
    """The reason to drop a document under `licence` (as its metadata has it): unknown, or not `allowed`; else "".

    `allowed` are names as from `allowed_licences`. A name that is no recognised licence can be allowed as it is.
    """
    if " ".join(licence.lower().split()) in allowed:
        return ""
    expression = spdx(licence)
    if not expression:
        return f"licence unknown: {' '.join(licence.split())[:60] or 'none given'}"
    choices = [together.split(" AND ") for together in expression.split(" OR ")]
    fits = any(all(_allows(allowed, name) for name in together) for together in choices)
    return "" if fits else f"licence: {expression}"


def allowed_licences(names: list[str]) -> frozenset[str]:
    """The names as a user gives them, normalised for `licence_reason`."""
    return frozenset((spdx(name) or " ".join(name.split())).lower() for name in names)


def _allows(allowed: frozenset[str], name: str) -> bool:
    """Whether a licence is allowed; one "or later" is as its own version too."""
    name = name.lower().partition(" with ")[0]
    return name in allowed or name.replace("-or-later", "-only") in allowed


def _alternatives(text: str) -> list[list[str]]:
    """Names in lower case, of licences that apply together, for each of the alternatives."""
    plain = _LATER.sub("-or-later", " ".join(text.lower().split()))
    choices = [plain] if _NESTED.search(plain) else _OR.split(plain)
    return [_AND.split(choice) for choice in choices]


def _identifier(name: str) -> str:
    """The SPDX identifier of one licence in lower case; "" if there is none."""
    name = name.strip(" .:\"'").removeprefix("license :: osi approved :: ").removeprefix("license: ")
    plain, _, exception = name.partition(" with ")
    if plain in _KNOWN:
        return _KNOWN[plain] + (f" WITH {exception}" if exception else "")
    if old := _DEPRECATED.match(name):
        return _KNOWN.get(old[1] + ("-or-later" if old[2] else "-only"), "")
    if found := _COMMONS.search(name):
        return _commons(found)
    if found := _GNU.search(name):
        return _gnu(found)
    return next((identifier for pattern, identifier in _PATTERNS if pattern.search(name)), "")


def _commons(found: re.Match[str]) -> str:
    parts = found["parts"].replace(" ", "-")
    if not found["version"]:
        return ""
    clauses = [clause for clause, pattern in _COMMONS_PARTS if re.search(rf"(?:-|attribution)(?:{pattern})", parts)]
    return "-".join(["CC-BY", *clauses, found["version"]])


def _gnu(found: re.Match[str]) -> str:
    family = next((name for word, name in _FAMILIES.items() if word in found["family"]), "GPL")
    family = "GFDL" if "fdl" in found["family"] else family
    version = found["version"] if "." in found["version"] else f"{found['version']}.0"
    return _KNOWN.get(f"{family}-{version}-{'or-later' if found['later'] else 'only'}".lower(), "")
