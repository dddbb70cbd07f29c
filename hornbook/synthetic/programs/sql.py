"""Run SQL queries on small generated tables, with SQLite in the sandbox."""

from collections.abc import Sequence

import msgspec
import numpy as np

from hornbook.sandbox.process import run_python

SECONDS = 2.0

_RUN = """\
import json, sqlite3, sys
asked = json.load(sys.stdin)
base = sqlite3.connect(":memory:")
base.executescript(asked["schema"])
base.executemany(asked["insert"], asked["rows"])
base.execute("PRAGMA query_only = 1")
results = []
for query in asked["queries"]:
    try:
        results.append([base.execute(query).fetchmany(1000), ""])
    except Exception as error:
        results.append([None, str(error)[:200]])
print(json.dumps(results))
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


def run_queries(table: Table, rows: Sequence[Sequence[str | int]], queries: Sequence[str]) -> list[QueryResult]:
    """The result of each query. Raises HornbookError where there is no sandbox."""
    places = ", ".join("?" * (len(table.texts) + len(table.numbers)))
    asked = {"schema": table.schema(), "insert": f"INSERT INTO {table.name} VALUES ({places})", "rows": rows,
             "queries": list(queries)}  # fmt: skip
    outcome = run_python(_RUN, stdin=msgspec.json.encode(asked).decode(), seconds=SECONDS)
    try:
        return msgspec.json.decode(outcome.stdout, type=list[QueryResult])
    except msgspec.DecodeError:
        return [QueryResult(None, outcome.reason or "ended the process")] * len(queries)


def same_rows(one: QueryResult, other: QueryResult, ordered: bool) -> bool:
    if one.rows is None or other.rows is None:
        return False
    return one.rows == other.rows if ordered else sorted(map(repr, one.rows)) == sorted(map(repr, other.rows))
