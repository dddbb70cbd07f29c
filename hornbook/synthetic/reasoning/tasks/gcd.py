"""Greatest common divisors: Euclid's algorithm."""

from hornbook.synthetic.reasoning.task import Entry, Task, worked


def shorten(entry: Entry) -> str:
    return f"What is the GCD of {' and '.join(map(str, entry['metadata']['numbers']))}?"


def solve(entry: Entry) -> str:
    divisor, *others = entry["metadata"]["numbers"]
    steps = []
    for other in others:
        larger, smaller = max(divisor, other), min(divisor, other)
        while smaller:
            steps.append(f"{larger} = {larger // smaller} * {smaller} + {larger % smaller}")
            larger, smaller = smaller, larger % smaller
        divisor = larger
    return worked(steps, divisor)


GCD = Task("gcd", {"min_numbers": 2, "max_numbers": 2, "min_value": 2, "max_value": 50}, shorten=shorten, solve=solve)
