"""Coverage: of each value of an axis (subject, kind of information, language ...), how much there is and how much is
drawn."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hornbook.synthetic.passages import Passage

Axes = Mapping[str, Callable[[Any], str]]

LENGTHS = (100, 200, 400, 800, 1600, 4000)  # tokens


def _length(passage: Passage) -> str:
    return next((f"to {limit:,}" for limit in LENGTHS if passage.tokens <= limit), f"over {LENGTHS[-1]:,}")


PASSAGE_AXES: Axes = {
    "subject": lambda passage: passage.subject,
    "information": lambda passage: passage.information,
    "language": lambda passage: passage.language,
    "tokens": _length,
    "complexity": lambda passage: str(passage.complexity),
    "chain of reasoning": lambda passage: "yes" if passage.has_chain else "no",
}


class Coverage:
    """Counts what there is and what is drawn of it, on each axis; memory grows with the number of values only."""

    def __init__(self, axes: Axes = PASSAGE_AXES) -> None:
        self.axes = axes
        self.there: dict[str, Counter[str]] = {name: Counter() for name in axes}
        self.drawn: dict[str, Counter[str]] = {name: Counter() for name in axes}

    def offer(self, items: Iterable[Any]) -> None:
        """Items that can be drawn."""
        for item in items:
            for name, value in self.axes.items():
                self.there[name][value(item)] += 1

    def draw(self, item: Any) -> None:
        """An item that is drawn."""
        for name, value in self.axes.items():
            self.drawn[name][value(item)] += 1

    def table(self, most: int = 20) -> dict[str, list[tuple[str, int, int]]]:
        """axis → (value, how many there are, how often drawn): the most frequent ones, then all others in one row."""
        found = {}
        for name in self.axes:
            there, drawn = self.there[name], self.drawn[name]
            values = sorted(there | drawn, key=lambda value: (-there[value], -drawn[value], value))
            rows = [(value or "(none)", there[value], drawn[value]) for value in values[:most]]
            rest = values[most:]
            if rest:
                others = sum(there[value] for value in rest), sum(drawn[value] for value in rest)
                rows.append((f"{len(rest):,} others", *others))
            found[name] = rows
        return found
