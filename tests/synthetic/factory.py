"""A whole factory to break: a kind of three stages, documents for it, and a teacher that answers by rule over HTTP.

`python -m tests.synthetic.factory serve PORT_FILE COUNT_FILE` and `… run URL FOLDER LEDGER DOCUMENTS` are its two
processes where one of them has to be killed.
"""

import asyncio
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hornbook.base.files import write_records
from hornbook.base.records import Document, make_id
from hornbook.base.workspace import Workspace
from hornbook.synthetic import kinds
from hornbook.synthetic.kind import Checks, Kind, KindSettings, Made, RecordContext
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.seed_sampling import from_passages
from hornbook.synthetic.settings import SynthSettings
from hornbook.synthetic.stage import synth
from tests.teacher.mock_server import MockServer

RECORDS = 24
CALLS = 3  # of a record that passes
FILES = ["samples.parquet", "questions.parquet", "passages.parquet", "book.json"]
PAGE = re.compile(r"page (\d+)\b")
Body = dict[str, Any]


class Facts(msgspec.Struct):
    subject: str
    page: int


async def make(passage: Passage, ask: RecordContext, settings: KindSettings) -> list[Made]:
    """The number of the page comes out of the text, so that every record can be told from every other."""
    checks = Checks()
    title = await ask("title", f"Give a title.\n\n{passage.text}", max_tokens=16)
    checks.require("titled", bool(title.text))
    facts = await ask.json("facts", f"Fill in the facts.\n\n{passage.text}", Facts)
    checks.require("right page", f"page {facts.page}" in passage.text)
    told = await ask("retell", f"Retell page {facts.page} under the title {title.text}.\n\n{passage.text}")
    checks.require("length", 40 <= len(told.text) <= 4000)
    return [Made(checks.passed, text=f"{title.text}\n\n{told.text}")]


KIND = Kind(
    about="A page retold.",
    source="synthetic",
    report="2.2",
    seeded_by="passages",
    seeds=from_passages,
    make=make,
    stages=("title", "facts", "retell"),
    checks=("titled", "form", "right page", "length"),
    calls=lambda settings: 4,
)


@contextmanager
def registered() -> Iterator[None]:
    """The kind is found as if its file were among the others; other tests of the catalogue do not see it."""
    kinds.FAMILIES["retold"] = "tests"
    sys.modules[f"{kinds.__name__}.tests.retold"] = sys.modules[__name__]
    try:
        yield
    finally:
        del kinds.FAMILIES["retold"]


def write_documents(folder: Path) -> Path:
    """A document of one passage for each record."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [
        f"This is page {number} of a book about the {word}. A {word} is always larger than it seems, because whoever "
        f"looks at it must stand far away. Therefore every {word} is drawn twice, and the reader of page {number} "
        "compares the two drawings with care before turning to the next one."
        for number in range(RECORDS)
        for word in [f"{'bcdfghklmnprst'[number % 14]}{'aeiou'[number // 5]}ndle"]
    ]
    documents = [Document(id=make_id("doc", text), text=text, source="web", origin="", language="en") for text in texts]
    write_records(folder / "documents.parquet", Document, documents)
    return folder


def page_of(body: Body) -> int:
    """The page that a request is about."""
    return int(PAGE.search(body["messages"][0]["content"])[1])  # type: ignore[index]


def answer(body: Body) -> str:
    asked = body["messages"][0]["content"]
    if asked.startswith("Fill"):
        return f'{{"subject": "a thing", "page": {page_of(body)}}}'
    dice = random.Random(asked)
    words = ["".join(dice.choices("abcdefghiklmnoprstuvw", k=6)) for _ in range(3 if asked.startswith("Give") else 40)]
    return " ".join(words)


def run(url: str, folder: Path, ledger: Path, documents: Path, runner: str = "local", **teacher: Any) -> Workspace:
    """One run of the whole stage."""
    settings = {
        "runner": runner,
        "teacher": {"url": url, "model": "mock", "concurrency": 8, "backoff": 0.01, **teacher},
        "kinds": {"retold": {"records": RECORDS}},
        "against": [],
        "near_duplicate": 2.0,
    }
    work = Workspace(folder, seed=5, name="synthetic", ledger=ledger)
    with registered():
        synth(SynthSettings.parse(settings, "synthetic"), work, documents=[documents])
    work.close()
    return work


def contents(folder: Path) -> dict[str, bytes]:
    """All that a run wrote, but for the ledger."""
    files = [*FILES, "rejects.jsonl"]
    return {name: (folder / name).read_bytes() for name in files if (folder / name).exists()}


@contextmanager
def serving(**options: Any) -> Iterator[tuple[MockServer, Callable[[Any], None]]]:
    """A mock server in a thread of its own, and how to have a coroutine of it run there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def there(coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

    server = MockServer(**{"answer": answer, **options})
    there(server.start())
    try:
        yield server, there
    finally:
        there(server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def serve(port_file: Path, count_file: Path) -> None:
    async with MockServer(answer=answer, count_file=count_file, latency=lambda body: 0.03) as server:
        aside = port_file.with_suffix(".tmp")
        aside.write_text(server.url)
        aside.replace(port_file)
        await asyncio.Event().wait()


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    if command == "serve":
        asyncio.run(serve(Path(paths[0]), Path(paths[1])))
    else:
        run(paths[0], *map(Path, paths[1:]))
