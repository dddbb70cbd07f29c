"""Coverage: of each value of an axis (subject, kind of information, language ...), how much there is and how much is
drawn."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hornbook.synthetic.passages import Passage

Axes = Mapping[str, Callable[[Any], str]]

MOST_VALUES, OTHERS = 1000, "(others)"
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
    """Counts what there is and what is drawn of it, on each axis; memory grows with the number of values only.

    For the axes of records, what there is are the values that were drawn, and what is drawn those of accepted records.
    """

    def __init__(self, axes: Axes = PASSAGE_AXES) -> None:
        self.axes = axes
        self.there: dict[str, Counter[str]] = {name: Counter() for name in axes}
        self.drawn: dict[str, Counter[str]] = {name: Counter() for name in axes}

    def record(self, drawn: Mapping[str, str], accepted: bool) -> None:
        """The axes of a record. Of an axis with very many values the later ones are counted together."""
        for name, value in drawn.items():
            there, kept = self.there.setdefault(name, Counter()), self.drawn.setdefault(name, Counter())
            shown = value if value in there or len(there) < MOST_VALUES else OTHERS
            there[shown] += 1
            kept[shown] += accepted

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
        for name in sorted(self.there) if not self.axes else self.axes:
            there, drawn = self.there[name], self.drawn[name]
            values = sorted(there | drawn, key=lambda value: (-there[value], -drawn[value], value))
            rows = [(value or "(none)", there[value], drawn[value]) for value in values[:most]]
            rest = values[most:]
            if rest:
                others = sum(there[value] for value in rest), sum(drawn[value] for value in rest)
                rows.append((f"{len(rest):,} others", *others))
            found[name] = rows
        return found
