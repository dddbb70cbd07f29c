"""Starts and kills the server and the sides of `benchmarks/synth.py`, and reads the server's log."""

import contextlib
import hashlib
import heapq
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks import synth_server
from benchmarks.synth_work import RETELL, TITLE, UNTITLED
from hornbook.base.errors import HornbookError
from hornbook.base.files import write_json, write_records
from hornbook.base.records import Document, make_id

PEERS = Path(".venv-peers-synth/bin/python")
NO_CALLS_HOME = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TELEMETRY_ENABLED": "false",  # curator
    "DO_NOT_TRACK": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "CURATOR_DISABLE_RICH_DISPLAY": "1",  # it costs time
}


class Side(NamedTuple):
    name: str
    module: str
    peer: bool


OURS = Side("hornbook", "benchmarks.synth_ours", False)
CURATOR = Side("curator", "benchmarks.synth_curator", True)
DISTILABEL = Side("distilabel", "benchmarks.synth_distilabel", True)
SIDES = (OURS, DISTILABEL, CURATOR)


class Job(NamedTuple):
    """The work of one run; two requests a row if `titled`, else one. `concurrency` requests are in flight at most."""

    rows: list[str]
    titled: bool = True
    title_tokens: int = 16
    retell_tokens: int = 96
    concurrency: int = 50

    @property
    def requests(self) -> int:
        return len(self.rows) * (2 if self.titled else 1)


class Event(NamedTuple):
    """A request arrived (`asked`), or its answer was sent (`sent`), at time `at` of the monotonic clock."""

    what: str
    at: float
    request: str
    latency: float


class Run(NamedTuple):
    """How a run ended: its exit code (None: not in time), CPU seconds with all its children, and its own account."""

    exit_code: int | None
    cpu: float
    seconds: float | None = None
    records: int = 0
    digest: str = ""


class Server:
    """A mock server in a process of its own, with a fresh log."""

    def __init__(self, folder: Path, latency: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log, port = folder / "requests.log", folder / "port"
        self.log.unlink(missing_ok=True)
        port.unlink(missing_ok=True)
        command = [sys.executable, "-m", "benchmarks.synth_server", "--latency", latency]
        self.process = subprocess.Popen([*command, "--port-file", str(port), "--log-file", str(self.log)])
        while not port.exists():
            if self.process.poll() is not None:
                raise HornbookError("the mock server did not start")
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{port.read_text()}/v1"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def events(self) -> list[Event]:
        lines = [line.split() for line in self.log.read_text().split("\n")[:-1]]
        return [Event(what, float(at), request, float(latency)) for what, at, request, latency in lines]

    def asked(self) -> list[str]:
        return [event.request for event in self.events() if event.what == "asked"]


class Worker:
    """A side at work on `job`, in the folder `folder`, which an earlier run of the same work may have left."""

    def __init__(self, side: Side, job: Job, folder: Path, url: str) -> None:
        if side.peer and not PEERS.exists():
            raise HornbookError(f"{PEERS}: the peers' environment is missing; run `make peers`")
        folder = folder.absolute()
        (folder / "home").mkdir(parents=True, exist_ok=True)
        self.result = folder / "result.json"
        self.result.unlink(missing_ok=True)
        write_json(folder / "rows.json", job.rows)
        write_records(folder / "documents.parquet", Document, documents(job.rows))
        places = {"rows": "rows.json", "documents": "documents.parquet", "folder": "work", "result": "result.json"}
        asked: dict[str, Any] = {name: str(folder / file) for name, file in places.items()}
        asked |= {**job._asdict(), **asked, "records": len(job.rows), "url": url}
        write_json(folder / "job.json", asked)
        python = str(PEERS.absolute()) if side.peer else sys.executable
        home = {"HOME": str(folder / "home"), "HF_HOME": str(folder / "home/hf"), "OMP_NUM_THREADS": "1"}
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [python, "-m", side.module, str(folder / "job.json")],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=os.environ | NO_CALLS_HOME | (home if side.peer else {"OMP_NUM_THREADS": "1"}),
                start_new_session=True,  # a kill takes its children along
            )

    def ended(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        """SIGKILL to the worker and all processes it started; what they leave on the disk is all that is left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait(self, seconds: float, progress: Callable[[], int] = lambda: 0) -> Run:
        """Let it end by itself, but wait no longer than `seconds` without progress."""
        deadline, reached = time.monotonic() + seconds, progress()
        while True:
            pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                break
            if (now := progress()) > reached:
                deadline, reached = time.monotonic() + seconds, now
            if time.monotonic() > deadline:
                self.kill()
                return Run(None, float("nan"))
            time.sleep(0.02)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        with contextlib.suppress(ProcessLookupError):  # whatever of it did not end with it
            os.killpg(self.process.pid, signal.SIGKILL)
        said = msgspec.json.decode(self.result.read_bytes()) if self.result.exists() else {}
        return Run(self.process.returncode, used.ru_utime + used.ru_stime, **said)


def run(side: Side, job: Job, folder: Path, url: str, seconds: float) -> Run:
    return Worker(side, job, folder, url).wait(seconds)


def documents(rows: list[str]) -> list[Document]:
    return [
        Document(id=make_id("doc", row), text=row, source="web", origin=f"page {number}", language="en")
        for number, row in enumerate(rows)
    ]


def expected_digest(job: Job) -> str:
    """The digest that every side must get, because the server's answers depend only on the requests."""
    records = []
    for text in job.rows:
        prompt = UNTITLED.format(text=text)
        if job.titled:
            prompt = RETELL.format(text=text, title=_answer(TITLE.format(text=text), job.title_tokens))
        records.append(f"{text}\n{_answer(prompt, job.retell_tokens)}")
    return hashlib.sha256(json.dumps(sorted(records)).encode()).hexdigest()


def _answer(prompt: str, max_tokens: int) -> str:
    messages = [{"role": "user", "content": prompt}]
    return synth_server.answer(synth_server.digest(messages, max_tokens), messages)


def ledger_requests(folder: Path) -> set[str]:
    """Our answered calls, as the server names its requests."""
    found = set()
    for line in _lines(folder / "work" / "teacher" / "calls.jsonl"):
        with contextlib.suppress(msgspec.DecodeError):  # a line torn by a kill
            call = msgspec.json.decode(line)
            found.add(f"{synth_server.digest(call['messages'], call['parameters']['max_tokens']):016x}")
    return found


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        yield from path.read_bytes().split(b"\n")[:-1]


def greedy(latencies: list[float], places: int) -> float:
    """Seconds for a client that sends its requests in this order and always has `places` of them in flight."""
    free = [0.0] * places
    for latency in latencies:
        heapq.heappush(free, heapq.heappop(free) + latency)
    return max(free)
