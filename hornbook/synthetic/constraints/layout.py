"""Rules about the layout of a reply: lists, tables, sections, JSON, titles, marks."""

import json
import re
from collections.abc import Callable

from hornbook.synthetic.constraints.parts import BULLET, NUMBERED, lines, written_words
from hornbook.synthetic.constraints.rule import Rule, Values, aspects, between, one_of, quoted, some

DIVIDER = "======"
TITLE = re.compile(r"<<[^<>\n]*\w[^<>\n]*>>")
HIGHLIGHT = re.compile(r"(?<![*\w])\*(?![*\s])[^*\n]*[^*\s]\*(?![*\w])")
PLACEHOLDER = re.compile(r"\[[^\[\]\n]*\w[^\[\]\n]*\]")
RULER = re.compile(r"^\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?$")
SECTION_NAMES = ("Section", "Part", "Chapter")
KEYS = ("summary", "reason", "example", "advice", "title", "conclusion")


def numbered(reply: str, values: Values) -> bool:
    found = [int(number) for number in NUMBERED.findall(reply)]
    return found == list(range(1, values["n"] + 1)) and not BULLET.search(reply)


def sections(reply: str, values: Values) -> bool:
    """Headings "Section 1", "Section 2" ... in order, each with text below it (or after its colon)."""
    heading = re.compile(rf"^\W*{values['name']} (\d+)\b.*$", re.MULTILINE)
    found = [int(number) for number in heading.findall(reply)]
    bodies = re.split(rf"^\W*{values['name']} \d+\b", reply, flags=re.MULTILINE)[1:]
    return found == list(range(1, values["n"] + 1)) and all(written_words(body) for body in bodies)


def one_table(reply: str, values: Values) -> bool:
    """One Markdown table: a header, a ruler, and the rows, all of the same number of cells."""
    rows = [line for line in lines(reply) if line.startswith("|") and line.endswith("|") and len(line) > 1]
    ruled = len(rows) > 1 and RULER.match(rows[1]) is not None
    body = [row for row in rows if not RULER.match(row)]
    cells = [row[1:-1].split("|") for row in body]
    full = all(len(row) == values["columns"] and all(written_words(cell) for cell in row) for row in cells)
    return ruled and full and len(body) == values["rows"] + 1 and len(rows) == len(body) + 1


def json_only(reply: str, values: Values) -> bool:
    """A JSON object, fenced or not, with exactly these keys and a non-empty text under each."""
    fenced = re.fullmatch(r"```(?:json)?\s*\n(.*?)\n?```", reply.strip(), re.DOTALL)
    try:
        found = json.loads(fenced[1] if fenced else reply)
    except ValueError:
        return False
    if not isinstance(found, dict) or sorted(found) != sorted(values["keys"]):
        return False
    return all(isinstance(text, str) and written_words(text) for text in found.values())


def two_answers(reply: str, values: Values) -> bool:
    """Two different texts, the divider on a line of its own between them."""
    parts = [part.strip() for part in re.split(rf"^{DIVIDER}$", reply, flags=re.MULTILINE)]
    return len(parts) == 2 and all(written_words(part) for part in parts) and parts[0] != parts[1]


def counted(pattern: re.Pattern[str]) -> Callable[[str, Values], bool]:
    return lambda reply, values: len(pattern.findall(reply)) >= values["n"]


RULES = (
    Rule(
        "bullets",
        lambda rng, topic: {"n": topic.more(between(rng, 2, 5))},
        (
            'Give exactly {n} bullet points, each on a line that begins with "- ".',
            'Include a bulleted list ("- ") of {n} items, no more and no fewer.',
        ),
        lambda reply, values: len(BULLET.findall(reply)) == values["n"] and not NUMBERED.search(reply),
        aspects("layout"),
        aspects("sentences quotes"),
    ),
    Rule(
        "numbered",
        lambda rng, topic: {"n": topic.more(between(rng, 2, 5))},
        (
            "Give a numbered list of exactly {n} items (1. to {n}.).",
            "Answer in {n} points, numbered 1. to {n}., each on a line of its own.",
        ),
        numbered,
        aspects("layout"),
        aspects("sentences quotes digits"),
    ),
    Rule(
        "sections",
        lambda rng, topic: {"name": one_of(rng, SECTION_NAMES), "n": between(rng, 2, 3)},
        (
            'Divide the answer into {n} sections that begin with the lines "{name} 1", "{name} 2" and so on.',
            'Use {n} headed sections: each starts on a new line with "{name}" and its number.',
        ),
        sections,
        aspects("layout"),
        aspects("sentences case digits language letters quotes avoided"),
    ),
    Rule(
        "table",
        lambda rng, topic: {"columns": between(rng, 2, 3), "rows": topic.more(between(rng, 2, 4))},
        (
            "Include a Markdown table with {columns} columns and {rows} rows below the header.",
            "Put it in a Markdown table: a header and {rows} rows, {columns} columns each.",
        ),
        one_table,
        aspects("layout"),
        aspects("sentences quotes"),
    ),
    Rule(
        "json_only",
        lambda rng, topic: {"keys": some(rng, KEYS, between(rng, 2, 3))},
        (
            "Answer with a JSON object only; its keys are {keys}, and each value is a text.",
            "Write nothing but one JSON object whose keys are {keys} and whose values are texts.",
        ),
        json_only,
        aspects("layout start end"),
        aspects("length sentences case language letters commas title marks placeholders alliteration avoided quotes"),
        lambda values: {"keys": quoted(values["keys"])},
    ),
    Rule(
        "two_answers",
        lambda rng, topic: {},
        (
            f'Give two different answers, with a line of "{DIVIDER}" between them and nowhere else.',
            f'Write two versions, separated by one line that holds only "{DIVIDER}".',
        ),
        two_answers,
        aspects("layout"),
        aspects("sentences length quotes"),
    ),
    Rule(
        "title",
        lambda rng, topic: {},
        (
            "Give it a title in double angle brackets, such as <<a title>>.",
            "Include a title, set in double angle brackets like this: <<title>>.",
        ),
        lambda reply, values: TITLE.search(reply) is not None,
        aspects("title"),
        aspects("sentences"),
    ),
    Rule(
        "highlights",
        lambda rng, topic: {"n": between(rng, 1, 3)},
        (
            "Highlight at least {n} parts with asterisks, *like this*.",
            "Set {n} or more words or phrases *between single asterisks*.",
        ),
        counted(HIGHLIGHT),
        aspects("marks"),
    ),
    Rule(
        "placeholders",
        lambda rng, topic: {"n": between(rng, 1, 3)},
        (
            "Leave at least {n} placeholders in square brackets, such as [name].",
            "Use {n} or more placeholders that the reader can fill in, each in square brackets like [date].",
        ),
        counted(PLACEHOLDER),
        aspects("placeholders"),
    ),
)
