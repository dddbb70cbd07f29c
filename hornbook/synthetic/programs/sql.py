"""Run SQL queries on small databases, with SQLite in the sandbox."""

from collections.abc import Sequence

import msgspec
import numpy as np

from hornbook.base.records import Question, make_id
from hornbook.sandbox.process import run_python
from hornbook.synthetic.kind import Material, Seed

SECONDS = 20.0
ROWS = 8  # of a made-up table

# Each query runs on the whole database, then on copies that lack some of the rows: two queries that give the same on
# all of them ask the same. `query_only` keeps a query from changing what the next one sees.
_RUN = """\
import json, sqlite3, sys
asked = json.load(sys.stdin)

def rows_of(base, query):
    try:
        return [base.execute(query).fetchmany(1000), ""]
    except Exception as error:
        return [None, str(error)[:200]]

def opened(copy):
    base = sqlite3.connect(":memory:")
    base.executescript(asked["script"])
    base.execute("PRAGMA foreign_keys = 0")
    made = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND sql NOT LIKE '%ROWID%'"
    tables = [name for (name,) in base.execute(made + " ORDER BY name")]
    for place, table in enumerate(tables if copy else []):
        base.execute(f'DELETE FROM "{table}" WHERE (rowid * 7 + {place}) % 5 = {copy % 5} OR rowid % 11 = {copy}')
    base.execute("PRAGMA query_only = 1")
    return base

try:
    results = []
    for copy in range(asked["copies"] + 1):
        base = opened(copy)
        results.append([rows_of(base, query) for query in asked["queries"]])
except Exception as error:
    results = [[[None, str(error)[:200]]] * len(asked["queries"])]
print(json.dumps(results, default=repr))
"""


class Table(msgspec.Struct, frozen=True):
    """A table: its name, its columns with a type and a maker of values, and its rows."""

    name: str
    texts: dict[str, tuple[str, ...]]  # column → values that occur
    numbers: dict[str, tuple[int, int]]  # column → least and greatest value

    def schema(self) -> str:
        columns = [*(f"{column} TEXT" for column in self.texts), *(f"{column} INTEGER" for column in self.numbers)]
        return f"CREATE TABLE {self.name} ({', '.join(columns)});"

    def rows(self, rng: np.random.Generator, count: int) -> list[list[str | int]]:
        """Rows in which the first column is a different name each."""
        first, *others = self.texts.values()
        names = [first[number] for number in rng.permutation(len(first))[:count].tolist()]
        return [
            [name, *(str(rng.choice(values)) for values in others)]
            + [int(rng.integers(low, high + 1)) for low, high in self.numbers.values()]
            for name in names
        ]

    def script(self, rng: np.random.Generator, count: int) -> str:
        """The table with that many rows, as SQL."""
        values = ",\n".join(
            f"({', '.join(repr(value) if isinstance(value, int) else _quoted(value) for value in row)})"
            for row in self.rows(rng, count)
        )
        return f"{self.schema()}\nINSERT INTO {self.name} VALUES\n{values};"


class QueryResult(msgspec.Struct, frozen=True, array_like=True):
    """The rows of a query, or its error."""

    rows: list[list[str | int | float | None]] | None
    error: str = ""


PEOPLE = ("Ada", "Bo", "Cem", "Dina", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lea")
CITIES = ("Oslo", "Lima", "Cairo", "Kyoto")
TABLES = (
    Table("employees", {"name": PEOPLE, "city": CITIES}, {"age": (20, 65), "salary": (2000, 6000)}),
    Table("students", {"name": PEOPLE, "subject": ("biology", "history", "physics")},
          {"age": (17, 30), "score": (0, 100)}),
    Table("books", {"title": ("Dawn", "Harbor", "Echo", "Winter", "Maps", "Salt", "Night Train", "Roots", "Orchard"),
                    "genre": ("novel", "science", "poetry")}, {"pages": (80, 700), "price": (5, 60)}),
    Table("products", {"name": ("lamp", "chair", "kettle", "desk", "mirror", "clock", "shelf", "rug", "vase"),
                       "color": ("red", "blue", "green")}, {"price": (5, 300), "stock": (0, 50)}),
    Table("cities", {"name": ("Arden", "Belmor", "Corvia", "Dunmere", "Eastvale", "Fenwick", "Galdor", "Hollin"),
                     "country": ("Norway", "Peru", "Japan")}, {"population": (1000, 900000), "area": (10, 900)}),
)  # fmt: skip


def made_up_query(table: Table, rng: np.random.Generator) -> str:
    """A query of one of a few shapes on the table."""
    named, group = list(table.texts)
    number, other = (list(table.numbers)[place] for place in rng.permutation(2).tolist())
    low, high = table.numbers[number]
    limit = int(rng.integers(low + (high - low) // 4, high - (high - low) // 4))
    value = str(rng.choice(table.texts[group]))
    shapes = (
        f"SELECT {named} FROM {table.name} WHERE {number} > {limit}",
        f"SELECT COUNT(*) FROM {table.name} WHERE {group} = '{value}'",
        f"SELECT AVG({number}) FROM {table.name} WHERE {group} = '{value}'",
        f"SELECT {named} FROM {table.name} ORDER BY {number} DESC LIMIT 1",
        f"SELECT {group}, COUNT(*) FROM {table.name} GROUP BY {group}",
        f"SELECT {group}, MAX({number}) FROM {table.name} GROUP BY {group}",
        f"SELECT {named}, {other} FROM {table.name} WHERE {group} = '{value}' AND {number} < {limit}",
        f"SELECT SUM({number}) FROM {table.name} WHERE {other} >= {sum(table.numbers[other]) // 2}",
    )
    return shapes[int(rng.integers(len(shapes)))]


def made_up_queries(material: Material, count: int, rng: np.random.Generator, settings: object) -> Sequence[Seed]:
    """Different made-up queries, each as a question: its prompt is the script of the table, its answer the query."""
    made: dict[str, Question] = {}
    for _ in range(4 * count):
        if len(made) == count:
            break
        table = TABLES[int(rng.integers(len(TABLES)))]
        query, script = made_up_query(table, rng), table.script(rng, ROWS)
        made.setdefault(
            query,
            Question(id=make_id("task", "sql_query", query), task="sql_query", prompt=script, answer=query),
        )
    return list(made.values())


def run_queries(script: str, queries: Sequence[str], copies: int = 0) -> list[list[QueryResult]]:
    """The result of each query: first on the database that the script makes, then on `copies` that lack some rows.

    A script that fails is the error of every query. Raises HornbookError where there is no sandbox.
    """
    asked = {"script": script, "queries": list(queries), "copies": copies}
    outcome = run_python(_RUN, stdin=msgspec.json.encode(asked).decode(), seconds=SECONDS)
    try:
        return msgspec.json.decode(outcome.stdout, type=list[list[QueryResult]])
    except msgspec.DecodeError:
        return [[QueryResult(None, outcome.reason or "ended the process")] * len(queries)]


def same_rows(one: QueryResult, other: QueryResult, ordered: bool) -> bool:
    """Whether both gave the same rows, numbers compared by value; in another order, unless they are `ordered`."""
    if one.rows is None or other.rows is None:
        return False
    mine, theirs = ([[_rounded(value) for value in row] for row in result.rows or []] for result in (one, other))
    return mine == theirs if ordered else sorted(map(repr, mine)) == sorted(map(repr, theirs))


def _rounded(value: str | int | float | None) -> str | float | None:
    """A number to nine digits: sums in another order differ in the last ones."""
    return float(f"{value:.9g}") if isinstance(value, int | float) else value


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
