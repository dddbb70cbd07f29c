"""Count the one bits of a number: halve it down to 1, and count the odd numbers."""

from hornbook.synthetic.reasoning.task import Entry, Task, worked


def shorten(entry: Entry) -> str:
    return f"How many 1 bits are there in {entry['metadata']['number']}?"


def solve(entry: Entry) -> str:
    number, odd, steps = entry["metadata"]["number"], 0, []
    while number:
        odd += number % 2
        steps.append(f"{number}: {odd}")
        number //= 2
    return worked(steps, odd)


COUNT_BITS = Task("count_bits", {"min_n": 1, "max_n": 2047}, shorten=shorten, solve=solve)
