"""The relationship of one family member to another: the links between them, then the gender."""

import re
from functools import cache
from itertools import product

from hornbook.synthetic.reasoning.task import Entry, Task, worked

_COUPLE = re.compile(r"(\w+) is married to (\w+)\.(?: They have (?:a child|children) called ([\w ,]+)\.)?")
WORDS = {  # (for a woman, for a man)
    "parent": ("mother", "father"),
    "child": ("daughter", "son"),
    "spouse": ("wife", "husband"),
    "sibling": ("sister", "brother"),
    "grandparent": ("grandmother", "grandfather"),
    "child-in-law": ("daughter-in-law", "son-in-law"),
}


def shorten(entry: Entry) -> str:
    what = entry["metadata"]
    return f"{entry['question'].split(chr(10))[0]} What is {what['person1']} to {what['person2']}?"


def solve(entry: Entry) -> str:
    one, other = entry["metadata"]["person1"], entry["metadata"]["person2"]
    couples, parents = _family(entry["question"])
    kind, steps = _link(one, other, couples, parents)
    woman = _is_woman(one)
    steps.append(f"{one} is a {'woman' if woman else 'man'}")
    return worked(steps, WORDS[kind][0 if woman else 1])


def _family(story: str) -> tuple[set[frozenset[str]], dict[str, list[str]]]:
    """Married couples, and the parents of each child."""
    couples, parents = set(), {}
    for wife, husband, children in _COUPLE.findall(story):
        couples.add(frozenset((wife, husband)))
        for child in re.findall(r"\w+", children.replace(" and ", ", ")):
            parents[child] = [wife, husband]
    return couples, parents


def _link(one: str, other: str, couples: set[frozenset[str]], parents: dict[str, list[str]]) -> tuple[str, list[str]]:
    """The relationship of `one` to `other`, and the links that show it. Raises ValueError for distant relatives."""
    if frozenset((one, other)) in couples:
        return "spouse", [f"{one} is married to {other}"]
    if one in parents.get(other, []):
        return "parent", [f"{other} is a child of {one}"]
    if other in parents.get(one, []):
        return "child", [f"{one} is a child of {other}"]
    if one in parents and parents.get(one) == parents.get(other):
        return "sibling", [f"{one} and {other} have the same parents"]
    for parent in parents.get(other, []):
        if one in parents.get(parent, []):
            return "grandparent", [f"{other} is a child of {parent}", f"{parent} is a child of {one}"]
    for spouse, parent in product(sorted(parents), [other]):
        if frozenset((one, spouse)) in couples and parent in parents[spouse]:
            return "child-in-law", [f"{one} is married to {spouse}", f"{spouse} is a child of {other}"]
    raise ValueError("a relation that the method does not cover")


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """(women's, men's) names that reasoning-gym uses."""
    from reasoning_gym.graphs.family_relationships import FamilyRelationshipsConfig

    names = FamilyRelationshipsConfig()
    return frozenset(names.female_names), frozenset(names.male_names)


def _is_woman(name: str) -> bool:
    women, men = _names()
    if name not in women | men:
        raise ValueError(f"whether {name} is a man or a woman is unknown")
    return name in women


FAMILY_RELATIONSHIPS = Task(
    "family_relationships",
    {
        "min_family_size": 4,
        "max_family_size": 5,
        "male_names": ["James", "John", "Robert", "David", "Thomas", "Daniel", "Henry", "Samuel"],
        "female_names": ["Mary", "Linda", "Susan", "Sarah", "Emma", "Anna", "Alice", "Grace"],
    },
    shorten=shorten,
    solve=solve,
)
