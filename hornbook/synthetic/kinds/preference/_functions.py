"""Functions to ask for, put together from small steps: the request in words, the reference, and tests (report §4.2).

The tests are cases of the reference; they are kept only where every variant of it with a step left out or
exchanged fails them.
"""

from typing import NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Question, make_id
from hornbook.synthetic.kind import Material

TESTS = 6


class Step(NamedTuple):
    """A step on the list `numbers` (or `words`): what to do, in words and in Python."""

    said: str
    code: str


KEEP = {
    "numbers": (
        Step("keeps the even ones", "[x for x in items if x % 2 == 0]"),
        Step("keeps the odd ones", "[x for x in items if x % 2 == 1]"),
        Step("keeps the positive ones", "[x for x in items if x > 0]"),
        Step("keeps those that are greater than 10", "[x for x in items if x > 10]"),
        Step("leaves out the multiples of 3", "[x for x in items if x % 3 != 0]"),
        Step("keeps each number only once, in order of first appearance", "list(dict.fromkeys(items))"),
    ),
    "words": (
        Step("keeps the words of more than 3 letters", "[x for x in items if len(x) > 3]"),
        Step("keeps the words that begin with a vowel", "[x for x in items if x[0] in 'aeiou']"),
        Step("leaves out the words that contain the letter e", "[x for x in items if 'e' not in x]"),
        Step("keeps each word only once, in order of first appearance", "list(dict.fromkeys(items))"),
    ),
}
CHANGE = {
    "numbers": (
        Step("doubles each", "[2 * x for x in items]"),
        Step("squares each", "[x * x for x in items]"),
        Step("adds 1 to each", "[x + 1 for x in items]"),
        Step("replaces each by its absolute value", "[abs(x) for x in items]"),
    ),
    "words": (
        Step("reverses each", "[x[::-1] for x in items]"),
        Step("puts each in capital letters", "[x.upper() for x in items]"),
        Step("takes the first letter of each", "[x[0] for x in items]"),
    ),
}
RESULT = {
    "numbers": (
        Step("returns their sum", "sum(items)"),
        Step("returns how many they are", "len(items)"),
        Step("returns them in descending order", "sorted(items, reverse=True)"),
        Step("returns the list", "items"),
    ),
    "words": (
        Step("returns them joined by hyphens", "'-'.join(items)"),
        Step("returns how many they are", "len(items)"),
        Step("returns them in alphabetical order", "sorted(items)"),
        Step("returns the list", "items"),
    ),
}
WORDS = ("apple", "sky", "tree", "otter", "owl", "ink", "stone", "map", "idea", "fog", "lamp", "urn", "echo", "tin")


def from_requests(material: Material, count: int, rng: np.random.Generator, settings: object) -> list[Question]:
    """`count` different requests; fewer where there are no more."""
    found: dict[str, Question] = {}
    for _ in range(20 * count):
        if len(found) == count:
            break
        question = draw(rng)
        if question:
            found.setdefault(question.prompt, question)
    return list(found.values())


def draw(rng: np.random.Generator) -> Question | None:
    """A request with its reference and tests; None where a step of it makes no difference."""
    kind = ("numbers", "words")[int(rng.integers(2))]
    steps = [family[kind][int(rng.integers(len(family[kind])))] for family in (KEEP, CHANGE, RESULT)]
    if rng.random() < 0.5:
        del steps[int(rng.integers(2))]
    inputs = [some_items(kind, rng) for _ in range(TESTS)]
    variants = [[*steps[:place], *steps[place + 1 :]] for place in range(len(steps)) if steps[place].code != "items"]
    results = [run(steps, items) for items in inputs]
    if any([run(variant, items) for items in inputs] == results for variant in variants):
        return None
    name = f"work_on_{kind}"
    tests = [f"assert {name}({items!r}) == {result!r}" for items, result in zip(inputs, results, strict=True)]
    lines = [f"    items = {step.code}" for step in steps[:-1]]
    code = "\n".join([f"def {name}({kind}):", f"    items = list({kind})", *lines, f"    return {steps[-1].code}"])
    whole = "integers" if kind == "numbers" else "words in small letters"
    prompt = (
        f"Write a Python function `{name}({kind})` that takes a list of {whole}, "
        f"{' and '.join([', '.join(step.said for step in steps[:-1]), steps[-1].said])}."
    )
    return Question(
        id=make_id("question", "function_request", prompt),
        task="function_request",
        prompt=prompt,
        oracle="code",
        entry=msgspec.json.encode({"tests": tests}).decode(),
        solution=f"```python\n{code}\n```",
    )


def some_items(kind: str, rng: np.random.Generator) -> list[int] | list[str]:
    size = int(rng.integers(4, 9))
    if kind == "words":
        return [str(rng.choice(WORDS)) for _ in range(size)]
    return [int(number) for number in rng.integers(-9, 30, size)]


def run(steps: list[Step], items: object) -> object:
    """The steps are ours: this is no place for a program that somebody else wrote."""
    for step in steps:
        items = eval(step.code, {}, {"items": items})
    return items
