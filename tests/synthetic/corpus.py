"""A small corpus: pages of prose about many things, and code."""

import random
from pathlib import Path

from hornbook.base.files import write_records
from hornbook.base.records import Document, Question, make_id

_NOUNS = """
river mountain engine library market garden harbour kitchen forest bridge castle violin telescope glacier
orchard factory compass lantern pasture cathedral reservoir workshop railway volcano meadow observatory
granary aqueduct
"""
NOUNS = _NOUNS.split()
VERBS = ["carries", "protects", "measures", "supplies", "reflects", "divides", "connects", "balances", "preserves"]
CODE = """
def shifted{n}(numbers, offset):
    result = []
    for number in numbers:
        result.append(number + offset * {n})
    return result


def needs_help(x):
    return helper(x)


class Thing:
    def method(self):
        return 1
"""


def page(number: int) -> Document:
    dice = random.Random(number)
    a, b, c, d, e = dice.sample(NOUNS, 5)
    v, w, x = dice.sample(VERBS, 3)
    text = (
        f"# The {a}\n\nA {a} is a place that {v} the {b} whenever the {c} is far away. Because the {b} never {w} "
        f"the {d}, the {a} must stay close to the {e}. For example, a {c} in winter {x} what the {d} has lost.\n\n"
        f"    >>> {a}.open()\n\n"
        f"If the {e} is older than the {b}, then the {d} {w} it. Therefore every {c} that {v} the {e} is known as a "
        f"guardian, and the {a} always {x} the {b} when nobody else remembers the {d} of page {number}.\n"
    )
    return Document(id=make_id("doc", text), text=text, source="web", origin=f"page{number}", language="en")


def write_corpus(folder: Path, pages: int = 16, functions: int = 6) -> Path:
    """Write `documents.parquet` and `questions.parquet` to `folder`, and return it."""
    documents = [page(number) for number in range(pages)]
    for number in range(functions):
        text = CODE.format(n=number + 2)
        documents.append(
            Document(
                id=make_id("doc", text),
                text=text,
                source="code",
                origin=f"code{number}",
                kind="code",
                language="python",
            )
        )
    prompt = "There are {} meadow flowers within reach of some orchard; how many would remain after {} are taken?"
    questions = [
        Question(id=make_id("q", str(n)), task="sum", prompt=prompt.format(n, n - 3), answer="3", oracle="number")
        for n in range(5, 13)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    write_records(folder / "documents.parquet", Document, documents)
    write_records(folder / "questions.parquet", Question, questions)
    return folder
