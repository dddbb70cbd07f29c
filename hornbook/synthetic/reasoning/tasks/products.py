"""Products of single digits: one factor at a time."""

from hornbook.synthetic.reasoning.task import Entry, Task, worked


def shorten(entry: Entry) -> str:
    return f"{entry['metadata']['expression']} ="


def solve(entry: Entry) -> str:
    first, *factors = map(int, entry["metadata"]["expression"].split(" * "))
    product, steps = first, []
    for factor in factors:
        steps.append(f"{product} * {factor} = {product * factor}")
        product *= factor
    return worked(steps, product)


PRODUCTS = Task(
    "products", {"min_terms": 3, "max_terms": 4, "min_digits": 1, "max_digits": 1}, shorten=shorten, solve=solve
)
