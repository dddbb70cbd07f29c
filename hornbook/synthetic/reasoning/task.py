"""A reasoning task: a generator of reasoning-gym, a short prompt, and a writer of worked solutions."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Entry = dict[str, Any]  # a reasoning-gym entry: question, answer, metadata


class Task(NamedTuple):
    """One task at pocket size.

    Attributes:
        name: the generator's name in reasoning-gym.
        config: its settings at pocket size; a recipe can override each.
        shorten: entry → the prompt without instructions on the form of the answer, which the solutions teach.
        solve: entry → a worked solution that ends in `Answer: X`, computed from the problem, not from its answer.
            Raises ValueError if the method does not apply; the entry is then set aside.
    """

    name: str
    config: dict[str, Any]
    shorten: Callable[[Entry], str]
    solve: Callable[[Entry], str]


def worked(steps: Iterable[str], answer: object) -> str:
    """The steps, one per line, then the answer in the form that oracles read."""
    return "\n".join([*steps, f"Answer: {answer}"])
