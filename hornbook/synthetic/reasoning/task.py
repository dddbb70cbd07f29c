"""What a reasoning task is made of: a generator of reasoning-gym, a short prompt, and a writer of worked solutions."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Entry = dict[str, Any]  # a reasoning-gym entry: question, answer, metadata


class Task(NamedTuple):
    """One task at pocket size.

    Attributes:
        name: the generator's name in reasoning-gym.
        config: its settings at pocket size; a recipe can override each.
        shorten: entry → the prompt without boilerplate about the form of the answer, which the solutions teach.
        solve: entry → a worked solution that ends in `Answer: X`, found from the problem and never from its answer.
            Raises ValueError where the method does not apply; the entry is then set aside.
    """

    name: str
    config: dict[str, Any]
    shorten: Callable[[Entry], str]
    solve: Callable[[Entry], str]


def worked(steps: Iterable[str], answer: object) -> str:
    """Steps, one a line, then the answer as oracles read it."""
    return "\n".join([*steps, f"Answer: {answer}"])
