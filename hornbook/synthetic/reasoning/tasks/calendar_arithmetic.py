"""The weekday some days ahead or back: drop whole weeks, count the remaining days."""

import re

from hornbook.synthetic.reasoning.task import Entry, Task, worked

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_TODAY = re.compile(rf"({'|'.join(DAYS)}), \w+ \d+, \d+")


def shorten(entry: Entry) -> str:
    offset = entry["metadata"]["offset_days"]
    when = f"will it be in {offset} days" if offset > 0 else f"was it {-offset} days ago"
    return f"Today is {_today(entry)}. What day {when}?"


def solve(entry: Entry) -> str:
    offset = entry["metadata"]["offset_days"]
    step = 1 if offset > 0 else -1
    weeks, rest = divmod(abs(offset), 7)
    today = DAYS.index(_today(entry))
    days = [DAYS[(today + step * day) % 7] for day in range(rest + 1)]
    return worked([f"{abs(offset)} = {weeks} * 7 + {rest}", ", ".join(days)], days[-1])


def _today(entry: Entry) -> str:
    found = _TODAY.search(entry["question"])
    if found is None:
        raise ValueError("no weekday in the question")
    return found.group(1)


CALENDAR_ARITHMETIC = Task(
    "calendar_arithmetic", {"tasks": ["weekday_offset"], "offset_upper_bound": 100}, shorten=shorten, solve=solve
)
