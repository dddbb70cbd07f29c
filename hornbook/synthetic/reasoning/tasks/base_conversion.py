"""Convert between bases through decimal: digit by digit to decimal, by remainders to the target."""

import string

from hornbook.synthetic.reasoning.task import Entry, Task, worked

DIGITS = string.digits + string.ascii_lowercase


def shorten(entry: Entry) -> str:
    what = entry["metadata"]
    return f"Convert base-{what['source_base']} {what['source_repr']} to base-{what['target_base']}"


def solve(entry: Entry) -> str:
    what = entry["metadata"]
    source, target = what["source_base"], what["target_base"]
    first, *digits = (DIGITS.index(digit) for digit in what["source_repr"])
    value, steps = first, []
    for digit in digits:
        steps.append(f"{value} * {source} + {digit} = {value * source + digit}")
        value = value * source + digit
    written = "" if value else "0"
    while value:
        steps.append(f"{value} = {value // target} * {target} + {DIGITS[value % target]}")
        value, written = value // target, DIGITS[value % target] + written
    return worked(steps, written)


BASE_CONVERSION = Task(
    "base_conversion", {"min_base": 2, "max_base": 9, "min_value": 4, "max_value": 120}, shorten=shorten, solve=solve
)
