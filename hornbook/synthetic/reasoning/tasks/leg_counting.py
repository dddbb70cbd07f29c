"""Legs of a few animals: legs of each kind, then the sum."""

from hornbook.synthetic.reasoning.task import Entry, Task, worked

LEGS = {  # biological facts
    **dict.fromkeys(["snake", "sea slug", "jellyfish", "flatworm", "leech"], 0),
    **dict.fromkeys(["chicken", "bird", "human", "duck"], 2),
    **dict.fromkeys(["dog", "cat", "cow", "horse", "lion", "elephant", "giraffe", "tiger", "deer", "sheep"], 4),
    **dict.fromkeys(["insect", "ant", "butterfly", "beetle", "bee", "wasp", "grasshopper", "cricket"], 6),
    **dict.fromkeys(["cockroach", "praying mantis", "firefly"], 6),
    **dict.fromkeys(["spider", "scorpion"], 8),
    **dict.fromkeys(["crab", "lobster", "shrimp"], 10),
    "starfish": 5,
    "woodlouse": 14,
}


def shorten(entry: Entry) -> str:
    animals = entry["question"].split("if you have ")[1].strip().rstrip("?")
    return f"How many legs do {animals} have?"


def solve(entry: Entry) -> str:
    total, steps = None, []
    for animal, count in entry["metadata"]["animals"].items():
        if animal not in LEGS:
            raise ValueError(f"number of legs of a {animal} is unknown")
        legs = count * LEGS[animal]
        steps.append(f"{animal}: {count} * {LEGS[animal]} = {legs}")
        if total is not None:
            steps.append(f"{total} + {legs} = {total + legs}")
        total = legs if total is None else total + legs
    return worked(steps, total)


LEG_COUNTING = Task(
    "leg_counting",
    {"min_animals": 2, "max_animals": 2, "min_instances": 1, "max_instances": 6},
    shorten=shorten,
    solve=solve,
)
