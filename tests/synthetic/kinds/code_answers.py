"""Good answers of a teacher for each kind about code, from which the tests make wrong ones."""

import re

from hornbook.base.records import Document, make_id
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.kind import Made
from hornbook.synthetic.kinds import FAMILIES
from hornbook.synthetic.passages import Passage
from tests.synthetic.kinds.scripted import Script

CODE = """def count_above(numbers, limit):
    total = 0
    for number in numbers:
        if number > limit:
            total += 1
    return total"""
OTHER = """def fetch(client, key):
    answer = client.download(key)
    if answer is None:
        return key
    return answer.text"""
NAMES = sorted(name for name, family in FAMILIES.items() if family == "code" and name != "code_reversal")


def function(code: str) -> Passage:
    (found,) = functions(Document(id=make_id("doc", code), text=code, source="code", origin="test", kind="code"))
    return found


SEED = function(CODE)


def fenced(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


def reply(made: list[Made]) -> str:
    return made[0].messages[-1].content


# Good answers, and for each the defects: (check that rejects it, what stands in the answer, what in its place)

EXPLAINED = (
    "`count_above` answers one question: how many of the `numbers` lie strictly above the `limit`. It keeps a running "
    "count in `total`, which starts at zero, and looks at every element once, in order.\n\n"
    "The decision is made in one comparison. Because it is `>` and not `>=`, a number that equals the limit is not "
    "counted, which is the first thing to know when it is used for thresholds such as marks or prices. Nothing else "
    "depends on the order of the elements, so a shuffled list gives the same count, and duplicates count each time "
    "they occur.\n\nAn empty list never enters the loop. The count is still zero then, and that is what comes back:\n\n"
    "```python\n>>> count_above([1, 5, 3], 2)\n2\n>>> count_above([2, 2], 2)\n0\n>>> count_above([], 7)\n0\n```\n\n"
    "The work grows with the length of the list, and no other list is built on the way, so memory stays the same "
    "however long it is. The argument itself is not changed. Whatever can be compared with the limit can be counted: "
    "with texts the comparison is the alphabetical one, while a mixture of texts and numbers raises a `TypeError` at "
    "the first pair that cannot be compared."
)
DOCUMENTED = CODE.replace(
    "    total = 0\n",
    '    """Count the values that are strictly greater than a limit.\n\n'
    "    Args:\n        numbers: An iterable of values that can be compared with the limit. It is read once.\n"
    "        limit: The value that a number has to exceed; one that equals it is not counted.\n\n"
    "    Returns:\n        The count, 0 for an empty iterable.\n\n"
    "    Examples:\n        >>> count_above([1, 5, 3], 2)\n        2\n        >>> count_above([], 0)\n        0\n    "
    '"""\n    total = 0\n',
    1,
)
TESTED = """import unittest


class CountAbove(unittest.TestCase):
    def test_numbers_above_are_counted(self):
        self.assertEqual(count_above([1, 5, 3], 2), 2)

    def test_a_number_that_equals_the_limit_is_not_counted(self):
        self.assertEqual(count_above([2, 2, 3], 2), 1)

    def test_an_empty_list_has_none(self):
        self.assertEqual(count_above([], 0), 0)

    def test_duplicates_count_each_time(self):
        self.assertEqual(count_above([4, 4, 4], 3), 3)"""
TRANSLATED = (
    "```javascript\nfunction count_above(numbers, limit) {\n  let total = 0;\n  for (const number of numbers) {\n"
    "    if (number > limit) {\n      total += 1;\n    }\n  }\n  return total;\n}\n```\n\n"
    "The comparison is strict in both languages, so a number that equals the limit is not counted. For numbers "
    "nothing is delicate here: both languages compare them by value, and an empty array never enters the loop.\n\n"
    "A difference would show with texts beside numbers. Python raises a `TypeError` when it compares a text with a "
    "number, while JavaScript turns the text into a number first and goes on. A caller who relies on the error has to "
    "check the types before the call."
)
REQUEST = (
    "We need a cap. Please add a parameter `most`, `None` by default: when it is given, the result is never larger "
    "than `most`. Without it everything stays as it is. For example `count_above([5, 6, 7], 1, most=2)` gives 2."
)
NEW_TESTS = fenced(
    "def test_cap():\n    assert count_above([5, 6, 7], 1, most=2) == 2\n\n"
    "def test_below_the_cap():\n    assert count_above([5, 0], 1, most=2) == 1"
)
EXTENDED = (
    "The count is taken as before; only at the end is it held against the cap, so that calls without `most` take the "
    "same way as they did. The cap is compared with `None`, because a cap of zero is a cap.\n\n"
    + fenced(
        CODE.replace("limit):", "limit, most=None):").replace(
            "    return total", "    if most is not None and total > most:\n        return most\n    return total"
        )
    )
    + "\n\nThe example of the request comes out: with the cap, three numbers above the limit give `2` if `most` is 2, "
    "and a single one gives `1`. The old calls never reach the new return, since their `most` is `None`."
)
COUNTS = (
    "Nothing has been counted at first: `total` is 0. Then the elements are taken one after another and held against "
    "the limit, and only one that is strictly larger adds to the count."
)


def right_line(code: str) -> int:
    return next(n for n, (one, two) in enumerate(zip(code.split("\n"), CODE.split("\n"), strict=True), 1) if one != two)


def diagnosed(prompt: str, sample: int) -> str:
    broken = re.findall(r"```python\n(.*?)\n```", prompt, re.DOTALL)[0]
    number = right_line(broken)
    return (
        f"Follow the failing call. Everything goes as it should until `{broken.split(chr(10))[number - 1].strip()}`: "
        "there the count takes a way that the name of the function does not promise, and the result is off from then "
        "on.\n\nThe line has to do what it says for each element, neither more nor less. With it put right, the count "
        f"is one for each number above the limit:\n\n{fenced(CODE)}\n\nThe call from your message now gives what you "
        "expected. An empty list was never affected, since the loop does not run for it; that is why a test with an "
        "empty list alone would not have noticed. A case with a number on each side of the limit would."
    )


def reported(prompt: str, sample: int) -> str:
    saw = re.search(r"What they saw: (.*)", prompt)
    assert saw
    return f"I use this to count how many values exceed a threshold, and since Monday it is off. {saw[1]} Any idea why?"


def reviewed(prompt: str, sample: int) -> str:
    shown = "\n".join(line[4:] for line in re.findall(r"^ \d  .*$", prompt, re.MULTILINE))
    if shown == CODE:
        return (
            "I went through each of the calls by hand, and each gives what it should. The comparison is strict, as the "
            "results ask for, the count starts at zero, and the empty list falls through to it.\n\nAs a suggestion and "
            "not as a mistake: the whole could be one sum over a generator, which a reader takes in at a glance. The "
            "names are good. A test with a number that equals the limit would protect the comparison.\n\n"
            "Verdict: approve"
        )
    number = right_line(shown)
    return (
        f"One line is wrong: in line {number}, the code does not do what the results ask for, and the count goes off "
        "for the call that is shown. Followed by hand, the elements are taken in order, and at this line the count "
        "takes a wrong turn for the first element already.\n\nBesides, the names are clear, and nothing is computed "
        "twice. A test with a number on each side of the limit would have caught this.\n\n"
        f"{fenced(CODE)}\n\nVerdict: request changes"
    )


def told(prompt: str, sample: int) -> str:
    steps = prompt.split("The lines that ran:\n")[1].split("\n\nThe brief")[0].split("\n")
    said = [found for step in steps for found in re.findall(r"# (\w+ is .*)$", step)]
    return (
        f"{COUNTS} One after another, {', '.join(said)}. No element is left then.\n\n"
        f"The loop is done, and what was counted is given back.\n\nResult: {steps[-1].removeprefix('It returns ')}"
    )


DESIGN = fenced(
    "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, town TEXT);\n"
    "CREATE TABLE loans (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES members(id), days INTEGER);\n"
    "INSERT INTO members VALUES (1, 'Ada', 'Oslo'), (2, 'Bo', 'Lima'), (3, 'Cem', 'Oslo'), (4, 'Dina', NULL);\n"
    "INSERT INTO loans VALUES (1, 1, 14), (2, 1, 30), (3, 2, NULL), (4, 3, 7), (5, 3, 21), (6, 2, 12), (7, 1, 3);",
    "sql",
)
ASKED = "For each member who has borrowed anything: the name and how many loans? Sort by name, please."
SOLVED = "SELECT m.name, COUNT(*) FROM members m JOIN loans l ON l.member_id = m.id GROUP BY m.id ORDER BY m.name"
QUERIED = (
    "Each row of the result stands for a member with at least one loan, so the loans are joined to their members and "
    "counted in groups.\n\n"
    + fenced(
        "SELECT name,\n       (SELECT COUNT(*) FROM loans WHERE member_id = members.id) AS loans\nFROM members\n"
        "WHERE id IN (SELECT member_id FROM loans)\nORDER BY name;",
        "sql",
    )
    + "\n\nThe condition keeps out members who never borrowed anything; without it they would come out with a count of "
    "zero. Dina has no loan and is missing for that reason, while Ada has three. A loan without days still counts, "
    "since the rows are counted and not the values."
)

GOOD: dict[str, Script] = {
    "code_explanation": {"write": EXPLAINED},
    "code_extension": {"request": REQUEST, "tests": NEW_TESTS, "write": EXTENDED},
    "code_review": {"write": reviewed},
    "code_tests": {"write": fenced(TESTED)},
    "code_translation": {"write": TRANSLATED},
    "debugging": {"request": reported, "write": diagnosed},
    "docstring": {"write": fenced(DOCUMENTED)},
    "output_prediction": {"write": told},
    "sql_query": {"design": DESIGN, "question": ASKED, "solve": fenced(SOLVED, "sql"), "write": QUERIED},
}
