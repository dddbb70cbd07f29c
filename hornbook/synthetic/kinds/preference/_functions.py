"""Functions to ask for, put together from small steps: the request in words, the reference, and tests (report §4.2).

The tests are cases of the reference; a request is kept only where every variant with a step left out fails them.
"""

import ast
from typing import NamedTuple

import msgspec
import numpy as np

from hornbook.base.records import Question, make_id
from hornbook.synthetic.constraints.rule import between, one_of
from hornbook.synthetic.kind import Material

TESTS = 6


class Step(NamedTuple):
    """A step on the list `items`: what to do, in words and in Python, with a number {k} or a letter {c} to be drawn."""

    said: str
    code: str


NUMBERS = (
    Step("keeps the even ones", "[x for x in items if x % 2 == 0]"),
    Step("keeps the odd ones", "[x for x in items if x % 2 == 1]"),
    Step("keeps the positive ones", "[x for x in items if x > 0]"),
    Step("keeps those that are greater than {k}", "[x for x in items if x > {k}]"),
    Step("keeps those that are less than {k}", "[x for x in items if x < {k}]"),
    Step("leaves out the multiples of {k}", "[x for x in items if x % {k} != 0]"),
    Step("keeps each number only once, in order of first appearance", "list(dict.fromkeys(items))"),
    Step("leaves out the first one", "items[1:]"),
    Step("multiplies each by {k}", "[{k} * x for x in items]"),
    Step("squares each", "[x * x for x in items]"),
    Step("adds {k} to each", "[x + {k} for x in items]"),
    Step("subtracts {k} from each", "[x - {k} for x in items]"),
    Step("replaces each by its absolute value", "[abs(x) for x in items]"),
    Step("takes the remainder of each when divided by {k}", "[x % {k} for x in items]"),
)
TEXTS = (
    Step("keeps the words of more than {k} letters", "[x for x in items if len(x) > {k}]"),
    Step("keeps the words that begin with a vowel", "[x for x in items if x[0] in 'aeiou']"),
    Step("leaves out the words that contain the letter {c}", "[x for x in items if '{c}' not in x]"),
    Step("keeps the words that contain the letter {c}", "[x for x in items if '{c}' in x]"),
    Step("keeps each word only once, in order of first appearance", "list(dict.fromkeys(items))"),
    Step("leaves out the last one", "items[:-1]"),
    Step("reverses each", "[x[::-1] for x in items]"),
    Step("puts each in capital letters", "[x.upper() for x in items]"),
    Step("appends the letter {c} to each", "[x + '{c}' for x in items]"),
    Step("takes the first {k} letters of each", "[x[:{k}] for x in items]"),
)
RESULTS = (
    Step("returns how many they are", "len(items)"),
    Step("returns the list", "items"),
    Step("returns them in ascending order", "sorted(items)"),
    Step("returns them in descending order", "sorted(items, reverse=True)"),
)
FAMILIES = {
    "numbers": ("integers", NUMBERS, (*RESULTS, Step("returns their sum", "sum(items)"))),
    "words": (
        "words in small letters",
        TEXTS,
        (*RESULTS, Step("returns them joined by hyphens", "'-'.join(items)")),
    ),
}
NAMES = ("work_on", "process", "select", "summarise", "handle", "convert", "digest", "evaluate")
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
    kind = one_of(rng, sorted(FAMILIES))
    whole, middle, results = FAMILIES[kind]
    chosen = [middle[number] for number in rng.permutation(len(middle))[: between(rng, 1, 3)].tolist()]
    steps = [filled(step, rng) for step in [*chosen, results[int(rng.integers(len(results)))]]]
    inputs = [some_items(kind, rng) for _ in range(TESTS)]
    outputs = [run(steps, items) for items in inputs]
    less = [[*steps[:place], *steps[place + 1 :]] for place in range(len(steps)) if steps[place].code != "items"]
    if any([run(variant, items) for items in inputs] == outputs for variant in less):
        return None
    name = f"{one_of(rng, NAMES)}_{kind}"
    said = f"{', '.join(step.said for step in steps[:-1])} and {steps[-1].said}"
    prompt = f"Write a Python function `{name}({kind})` that takes a list of {whole}, {said}."
    lines = [f"    items = {step.code}" for step in steps[:-1]]
    code = "\n".join([f"def {name}({kind}):", f"    items = list({kind})", *lines, f"    return {steps[-1].code}"])
    tests = [f"assert {name}({items!r}) == {output!r}" for items, output in zip(inputs, outputs, strict=True)]
    return Question(
        id=make_id("question", "function_request", prompt),
        task="function_request",
        prompt=prompt,
        oracle="code",
        entry=msgspec.json.encode({"tests": tests}).decode(),
        solution=f"```python\n{code}\n```",
    )


def filled(step: Step, rng: np.random.Generator) -> Step:
    """The step with its number or letter."""
    given = {"k": between(rng, 2, 6), "c": one_of(rng, "aeiost")}
    return Step(step.said.format(**given), step.code.format(**given))


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


def defines(program: str, prompt: str) -> bool:
    """Whether the program parses and defines the function that the prompt names."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.FunctionDef) and f"`{node.name}(" in prompt for node in tree.body)
