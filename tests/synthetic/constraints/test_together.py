"""Whatever two constraints may be drawn together, some reply keeps to both: conflicts are not forgotten."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from hornbook.synthetic.constraints.drawing import RULES, draw_constraints, holds
from hornbook.synthetic.constraints.rule import Constraint, Topic
from tests.synthetic.constraints.replies import KEPT

TOPIC = Topic("Explain how water reaches the city.", ["channel", "tunnel", "arch", "spring"])
COUNTED = {"exact_sentences", "sentences_start", "new_openings"}  # a text added to these counts too: see `counted`
SLOTS = ("word", "Some text.", "cell", "a text", "an item", "item", "Another one.")  # of the replies, to be filled


def joined(one: str, other: str) -> Iterator[str]:
    """Both replies side by side, and each inside the other."""
    for first, second in ((one, other), (other, one)):
        yield first
        yield from (f"{first.strip()}{gap}{second.strip()}" for gap in (" ", "\n", "\n\n"))
        yield f"{first.strip().rstrip(chr(34))} {second.strip()}{chr(34)}"
        flat = second.replace('"', "'").replace("\n", " ")
        for slot in SLOTS:
            yield from (first.replace(slot, second), first.replace(slot, second, 1), first.replace(slot, flat))


def counted(one: Constraint, other: Constraint) -> Iterator[str]:
    """So many sentences with the wanted beginnings, the first (or last) of them with what the other rule wants."""
    mine, theirs = (one, other) if one.rule in COUNTED else (other, one)
    start = mine.values.get("word", "The")
    count = mine.values.get("n", 2)
    wanted = KEPT[theirs.rule](theirs.values).strip().replace("\n", " ").rstrip(".?!").strip('"').replace(". ", ", ")
    rest = [f"{start} other is good.", *[f"{start} third one is fine."] * 3][: count - 1]
    openings = [f"{start} first {wanted}.", *rest]
    for sentences in (openings, [wanted + ".", *rest], [*rest, f"{start} last, {wanted}?"]):
        text = " ".join(sentences)
        yield from (text, f'"{text}"', "\n\n".join([sentences[0], *sentences[1:-1], sentences[-1]]))
        for paragraphs in (2, 3):
            yield "\n\n".join([*sentences[: paragraphs - 1], " ".join(sentences[paragraphs - 1 :])])
    yield "\n\n".join(
        ["Water flows.", "Stones hold it.", "All is well."][: other.values.get("n", one.values.get("n", 2))]
    )


def candidates(one: Constraint, other: Constraint) -> Iterator[str]:
    texts = list(joined(KEPT[one.rule](one.values), KEPT[other.rule](other.values)))
    if {one.rule, other.rule} & COUNTED:
        texts += counted(one, other)
    for text in texts:
        yield from (text, text.lower(), text.upper(), text.replace(",", ""), f"The {text}")


def possible(one: str, other: str) -> bool:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        (first,), (second,) = draw_constraints(rng, TOPIC, 1, [one]), draw_constraints(rng, TOPIC, 1, [other])
        if any(holds(first, text) and holds(second, text) for text in candidates(first, second)):
            return True
    return False


def test_any_two_rules_that_do_not_conflict_can_be_kept_together():
    together = [(a, b) for a, b in combinations(sorted(RULES), 2) if not RULES[a].conflicts(RULES[b])]
    assert len(together) > 400
    assert [pair for pair in together if not possible(*pair)] == []
