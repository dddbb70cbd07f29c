"""Sums of a few terms: running totals from left to right."""

from hornbook.synthetic.reasoning.task import Entry, Task, worked


def shorten(entry: Entry) -> str:
    return f"{entry['metadata']['expression']} ="


def solve(entry: Entry) -> str:
    first, *rest = entry["metadata"]["expression"].split()
    total, steps = int(first), []
    for sign, term in zip(rest[::2], rest[1::2], strict=True):
        after = total + int(term) if sign == "+" else total - int(term)
        steps.append(f"{total} {sign} {term} = {after}")
        total = after
    return worked(steps, total)


CHAIN_SUM = Task(
    "chain_sum", {"min_terms": 3, "max_terms": 5, "min_digits": 1, "max_digits": 1}, shorten=shorten, solve=solve
)
