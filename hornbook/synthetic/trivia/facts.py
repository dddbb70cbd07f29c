"""Real facts from tables that ship with Python: cities and countries (tzdata), HTTP statuses, errors of the system."""

import errno
import http
import importlib.resources
import os
import re
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from hornbook.base.errors import HornbookError
from hornbook.oracles.text import normalise
from hornbook.synthetic.trivia.settings import FactKind

CONTINENTS = ("Africa", "America", "Asia", "Australia", "Europe")  # areas of the zone table; the others are oceans
COUNTRIES = {"Britain (UK)": "Britain", "Korea (South)": "South Korea", "Korea (North)": "North Korea"}
ALIASES = {
    "Britain": ["UK", "United Kingdom", "Great Britain"],
    "Czech Republic": ["Czechia"],
    "United States": ["USA", "United States of America"],
}


class Fact(msgspec.Struct, frozen=True):
    kind: FactKind
    subject: str
    answer: str
    origin: str  # the table it comes from

    @property
    def aliases(self) -> list[str]:
        """Other names by which the answer is right."""
        return ALIASES.get(self.answer, [])


def facts_of(kind: FactKind) -> list[Fact]:
    """All facts of a table, sorted by subject. Ambiguous subjects with two answers are left out.

    Raises HornbookError when the tzdata package lacks its tables.
    """
    answers = defaultdict(set)
    for fact in _READERS[kind]():
        answers[fact.subject].add(fact)
    return [next(iter(facts)) for _, facts in sorted(answers.items()) if len(facts) == 1]


def all_names() -> set[str]:
    """All place names of the tables, zones and links included, normalised; invented names must differ from them."""
    zones = (importlib.resources.files("tzdata") / "zones").read_text(encoding="utf-8").split()
    parts = {part for zone in zones for part in zone.split("/")}
    names = {_readable(part) for part in parts} | set(_countries().values())
    return {normalise(name) for name in names}


def country_codes() -> set[str]:
    return set(_countries())


def _city_country() -> Iterator[Fact]:
    countries = _countries()
    for code, city, _ in _cities():
        country = countries[code]
        named_alike = normalise(city) in normalise(country) or normalise(country) in normalise(city)
        if "(" not in country and not named_alike:  # Panama is in Panama: no fact to know
            yield Fact("city_country", city, country, "tzdata:zone.tab")


def _city_continent() -> Iterator[Fact]:
    for _, city, continent in _cities():
        yield Fact("city_continent", city, continent, "tzdata:zone.tab")


def _country_code() -> Iterator[Fact]:
    for code, country in _countries().items():
        if "(" not in country:
            yield Fact("country_code", code, country, "tzdata:iso3166.tab")


def _http_status() -> Iterator[Fact]:
    for status in http.HTTPStatus:
        yield Fact("http_status", str(status.value), status.phrase, "python:http.HTTPStatus")


def _error_name() -> Iterator[Fact]:
    for number, name in errno.errorcode.items():
        yield Fact("error_name", name, os.strerror(number), "python:errno")


_READERS = {
    "city_country": _city_country,
    "city_continent": _city_continent,
    "country_code": _country_code,
    "http_status": _http_status,
    "error_name": _error_name,
}


def _cities() -> Iterator[tuple[str, str, str]]:
    """(country code, city, continent), without zones of a state or province, whose names are ambiguous."""
    for code, _, zone, *_ in _table("zone.tab"):
        area, _, city = zone.partition("/")
        if area in CONTINENTS and "/" not in city:
            yield code, _readable(city), area


def _countries() -> dict[str, str]:
    return {code: COUNTRIES.get(name, name) for code, name, *_ in _table("iso3166.tab")}


def _table(name: str) -> Iterator[list[str]]:
    try:
        text = (importlib.resources.files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        raise HornbookError(f"tzdata/zoneinfo/{name}: not found; expected in the Python package tzdata") from None
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def _readable(zone: str) -> str:
    """Add spaces to "Sao_Paulo" and "DumontDUrville"; "Porto-Novo" is unchanged."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", zone.replace("_", " "))
