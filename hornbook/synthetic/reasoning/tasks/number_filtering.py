"""Keep or remove the numbers of a list that are larger or smaller than a bound: one comparison per line."""

from hornbook.synthetic.reasoning.task import Entry, Task, worked


def shorten(entry: Entry) -> str:
    what = entry["metadata"]
    action, side = what["operation"].split("_")
    return (
        f"{action.capitalize()} all numbers {side} than {what['filter_value']}: {', '.join(what['original_numbers'])}"
    )


def solve(entry: Entry) -> str:
    what = entry["metadata"]
    action, side = what["operation"].split("_")
    bound, kept, steps = float(what["filter_value"]), [], []
    for number in what["original_numbers"]:
        sign = ">" if float(number) > bound else "<" if float(number) < bound else "="
        matches = sign == (">" if side == "larger" else "<")
        keep = matches == (action == "keep")
        steps.append(f"{number} {sign} {what['filter_value']} {'keep' if keep else 'remove'}")
        kept += [number] if keep else []
    return worked(steps, kept)


NUMBER_FILTERING = Task(
    "number_filtering",
    {"min_numbers": 3, "max_numbers": 4, "max_decimals": 0, "min_value": 0, "max_value": 30},
    shorten=shorten,
    solve=solve,
)
