"""SQL: a made-up table and query, the question that it answers by the teacher, kept if a query that the teacher writes
from the question alone gives the same rows, on two sets of rows (report §2.2: reversal with execution)."""

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from hornbook.base.records import Message, Question, make_id
from hornbook.base.settings import setting
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, Material, RecordContext, Seed, example
from hornbook.synthetic.kinds.code._code import fenced, numbers_in, turns
from hornbook.synthetic.programs.sql import TABLES, made_up_query, run_queries, same_rows
from hornbook.synthetic.prompting import SMALL_TALK, first_accepted, unlabelled
from hornbook.synthetic.words import stems, words

SHOWN_SCHEMA = "CREATE TABLE pets (name TEXT, kind TEXT, weight INTEGER);"
SHOWN_QUERY = "SELECT name FROM pets WHERE weight < 12"
SHOWN_QUESTION = "What are the names of the pets with a weight below 12?"
ASK_TASK = "Write the question that this SQL query answers, in plain English."
QUERY_TASK = "Write one SQLite query that answers the question."
ROWS = 8
QUERY = re.compile(r"\bSELECT\b.*?(?=;|```|\n\n|\Z)", re.DOTALL | re.IGNORECASE)


class SqlQuerySettings(KindSettings):
    """Questions to a table and their queries."""

    temperature: float = setting(0.4, "sampling temperature", ge=0)
    max_tokens: int = setting(64, "longest answer, in tokens", ge=1)
    tries: int = setting(3, "questions tried", ge=1)


class Entry(msgspec.Struct):
    """What a seed is made of: the number of its table, and two sets of rows."""

    table: int
    rows: list[list[list[str | int]]]


def seeds(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Made-up queries, no two the same."""
    made: dict[str, Question] = {}
    for _ in range(count * 4):
        if len(made) == count:
            break
        number = int(rng.integers(len(TABLES)))
        query = made_up_query(TABLES[number], rng)
        entry = Entry(number, [TABLES[number].rows(rng, ROWS), TABLES[number].rows(rng, ROWS)])
        made.setdefault(query, Question(
            id=make_id("task", "sql_query", query), task="sql_query", prompt=TABLES[number].schema(), answer=query,
            entry=msgspec.json.encode(entry).decode(),
        ))  # fmt: skip
    return list(made.values())


async def make(seed: Question, ask: RecordContext, settings: SqlQuerySettings) -> list[Made]:
    shown = f"{ASK_TASK}\n\n{SHOWN_SCHEMA}\n{SHOWN_QUERY}"
    prompt = [*example(shown, SHOWN_QUESTION), Message("user", f"{ASK_TASK}\n\n{seed.prompt}\n{seed.answer}")]

    async def worded(number: int) -> Made:
        answer = await ask("question", prompt, stop=["\n"], sample=number)
        question = unlabelled(answer.text)
        checks = check_question(question, seed)
        asked = f"{QUERY_TASK}\n\n{seed.prompt}\n{question}"
        back = await ask(
            "query",
            [*example(f"{QUERY_TASK}\n\n{SHOWN_SCHEMA}\n{SHOWN_QUESTION}", SHOWN_QUERY), Message("user", asked)],
            temperature=0.0,
            sample=number,
        )
        differs = await ask.compute(difference, seed, query_in(back.text))
        checks.require("same rows", not differs, differs)
        return Made(checks.passed, messages=turns(asked, fenced(seed.answer, "sql")))

    return [await first_accepted(settings.tries, worded)]


def check_question(question: str, seed: Question) -> Checks:
    """A question in words that names the values of the query, and is no SQL."""
    checks = Checks()
    plain = 4 <= len(words(question)) <= 40 and not re.search(r"\bselect\b.*\bfrom\b", question, re.IGNORECASE)
    checks.require("question", plain and not SMALL_TALK.search(question), question[:80])
    values = numbers_in(seed.answer.replace("LIMIT 1", ""))
    texts = {text.lower() for text in re.findall(r"'(\w+)'", seed.answer)}
    named = values <= numbers_in(question) and all(text in question.lower() for text in texts)
    checks.require("values", named, f"not all of {sorted(values | texts)} are named")
    checks.require(
        "not the example", "pets" not in question and bool(stems(question) & stems(seed.prompt)), question[:80]
    )
    return checks


def query_in(answer: str) -> str:
    found = QUERY.search(answer)
    return " ".join(found[0].split()) if found else ""


def difference(seed: Question, query: str) -> str:
    """Why the query is not the seed's; "" when both give the same on each set of rows."""
    entry = msgspec.json.decode(seed.entry, type=Entry)
    ordered = "ORDER BY" in seed.answer
    for rows in entry.rows:
        wanted, given = run_queries(TABLES[entry.table], rows, [seed.answer, query])
        if not same_rows(wanted, given, ordered):
            return given.error or f"{query[:80]} gives other rows"
    return ""


KIND = Kind(
    about="A question to a table and its SQL query; a query written from the question alone gives the same rows.",
    source="code",
    report="2.2",
    seeded_by="made-up tables and queries",
    seeds=seeds,
    make=make,
    stages=("question", "query"),
    checks=("question", "values", "not the example", "same rows"),
    calls=lambda settings: 2 * settings.tries,
    settings=SqlQuerySettings,
)
