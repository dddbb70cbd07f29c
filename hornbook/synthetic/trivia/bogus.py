"""Generate plausible things that do not exist, checked against every table (report appendix A.1)."""

import string
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from hornbook.oracles.text import normalise
from hornbook.synthetic.trivia.facts import Fact, all_names, country_codes, facts_of
from hornbook.synthetic.trivia.settings import FactKind

ORDER = 2  # of the Markov chain of letters
LENGTHS = range(4, 11)  # of an invented name


def bogus_subjects(kind: FactKind, random: np.random.Generator) -> Iterator[str]:
    """Distinct subjects for which the table `kind` has no answer. There are few codes and statuses, but many names."""
    if kind in ("city_country", "city_continent"):
        yield from (name.capitalize() for name in _names(facts_of(kind), random))
    elif kind == "error_name":
        yield from (name.upper() for name in _names(facts_of(kind), random))
    else:
        free = _free_codes() if kind == "country_code" else _free_statuses()
        yield from (free[index] for index in random.permutation(len(free)))


def _free_codes() -> list[str]:
    letters = string.ascii_uppercase
    return sorted({one + other for one in letters for other in letters} - country_codes())


def _free_statuses() -> list[str]:
    taken = {fact.subject for fact in facts_of("http_status")}
    return [str(status) for status in range(100, 600) if str(status) not in taken]


def _names(facts: list[Fact], random: np.random.Generator) -> Iterator[str]:
    """New names by a Markov chain over the letters of the real ones."""
    words = [fact.subject.lower() for fact in facts if fact.subject.isalpha()]
    following: dict[str, list[str]] = defaultdict(list)
    for word in words:
        padded = "^" * ORDER + word + "$"
        for index in range(ORDER, len(padded)):
            following[padded[index - ORDER : index]].append(padded[index])
    taken = all_names() | {normalise(fact.subject) for fact in facts}
    while True:
        name = _name(following, random)
        if len(name) in LENGTHS and normalise(name) not in taken:
            taken.add(normalise(name))
            yield name


def _name(following: dict[str, list[str]], random: np.random.Generator) -> str:
    letters = "^" * ORDER
    while not letters.endswith("$") and len(letters) <= ORDER + LENGTHS.stop:
        choices = following[letters[-ORDER:]]
        letters += choices[int(random.integers(len(choices)))]
    return letters[ORDER:].rstrip("$")
