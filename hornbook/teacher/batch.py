"""A teacher behind a provider's batch API: calls are collected, sent as one file, and answered within a day.

Batches are logged in `batches.jsonl`: the batch's name and its calls before it is created, the provider's id after. So
a run that was killed at any moment finds its batches again, by id or by the name in their metadata, and submits no call
twice. Downloaded answers are kept in `batches/`.
"""

import asyncio
import os
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec

from hornbook.base.append_log import AppendLog
from hornbook.base.files import atomic
from hornbook.base.http import HttpResponse, TryAgain, reason_of
from hornbook.base.records import make_id
from hornbook.teacher.backend import TeacherAnswer
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.http import TeacherHttp
from hornbook.teacher.ledger import CallRequest
from hornbook.teacher.protocol import BaseUrl, OpenAiProtocol, base_url
from hornbook.teacher.settings import TeacherSettings

OURS = "hornbook"  # field of a batch's metadata with the name that we give it
LARGEST_FILE = 1 << 30  # bytes
PAGES = 20  # of 100 batches each, newest first, that are searched for a batch
FINAL = ("completed", "expired", "cancelled", "failed")
Shape = TypeVar("Shape")


class ProviderBatch(msgspec.Struct):
    """A batch as the provider describes it."""

    id: str
    status: str
    output_file_id: str | None = None
    error_file_id: str | None = None
    metadata: dict[str, str] | None = None
    errors: msgspec.Raw = msgspec.Raw(b"")


class _File(msgspec.Struct):
    id: str


class _List(msgspec.Struct):
    data: list[ProviderBatch]
    has_more: bool = False


class BatchApi:
    """Batches of calls to `path`, below the base URL `base`. Methods raise TryAgain, CallFailed or TeacherError."""

    def __init__(self, http: TeacherHttp, base: BaseUrl, path: str) -> None:
        self.http, self.base, self.path = http, base, path

    async def create(self, name: str, lines: bytes) -> ProviderBatch:
        """Upload the calls and start the batch called `name`."""
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        form.add_field("file", lines, filename=f"{name}.jsonl", content_type="application/jsonl")
        file = self._read(await self._ask("POST", "/files", form), _File)
        order = {
            "input_file_id": file.id,
            "endpoint": f"/v1{self.path}",
            "completion_window": "24h",
            "metadata": {OURS: name},
        }
        return self._read(await self._ask("POST", "/batches", msgspec.json.encode(order)), ProviderBatch)

    async def get(self, batch: str) -> ProviderBatch | None:
        """The batch by the provider's id; None if there is no such batch."""
        reply = await self.http.request("GET", self.base + f"/batches/{batch}")
        if reply.status == 404:
            return None
        return self._read(self._checked(reply, "/batches"), ProviderBatch)

    async def find(self, name: str) -> ProviderBatch | None:
        """The batch called `name`, if its id is not known."""
        after = ""
        for _ in range(PAGES):
            page = self._read(await self._ask("GET", f"/batches?limit=100{after}"), _List)
            for batch in page.data:
                if (batch.metadata or {}).get(OURS) == name:
                    return batch
            if not page.has_more or not page.data:
                break
            after = f"&after={page.data[-1].id}"
        return None

    async def download(self, file: str) -> bytes:
        return (await self._ask("GET", f"/files/{file}/content")).body

    async def _ask(self, method: str, path: str, data: bytes | aiohttp.FormData | None = None) -> HttpResponse:
        return self._checked(await self.http.request(method, self.base + path, data, max_bytes=LARGEST_FILE), path)

    def _checked(self, reply: HttpResponse, path: str) -> HttpResponse:
        if reply.status not in (200, 201):
            raise self.http.refusal(self.base + path, reply)
        return reply

    def _read(self, reply: HttpResponse, shape: type[Shape]) -> Shape:
        try:
            return msgspec.json.decode(reply.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TryAgain(f"not a reply of a batch API ({error})", not_billed=False) from None


SECONDS_TO_GATHER = 2.0  # a batch is sent after this time without a new call
MOST_IN_BATCH = 10_000
LONGEST_POLL = 60.0  # seconds between two polls of a batch
LOOKS_FOR_LOST = 4  # searches for a lost batch, since a list of batches may not yet have the newest

Result = TypeVar("Result")


class _Line(msgspec.Struct, omit_defaults=True):
    """A log line: the calls of a batch ("": calls that are in none any more), or the provider's id of a batch."""

    batch: str
    keys: list[str] = []
    id: str = ""


class _Response(msgspec.Struct):
    status_code: int
    body: msgspec.Raw = msgspec.Raw(b"")


class _Item(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


class BatchBackend:
    """Answers each call from its batch, which may be one of an earlier run."""

    def __init__(self, settings: TeacherSettings, folder: Path) -> None:
        self.settings, self.where = settings, settings.url
        self.http, self.protocol = TeacherHttp(settings), OpenAiProtocol(settings)
        self.api = BatchApi(self.http, base_url(settings.url), self.protocol.path)
        self.folder = folder / "batches"
        self.log = AppendLog(folder / "batches.jsonl")
        self._batch_of: dict[str, str] = {}  # call -> its latest batch
        self._count = 0  # batches logged so far, for unique names
        self._ids: dict[str, str] = {}  # batch -> the provider's id
        self._without: dict[str, dict[str, str]] = {}  # call -> parameters that its next try leaves out
        self._gathered: list[CallRequest] = []
        self._submission: asyncio.Task[str] | None = None
        self._creating = asyncio.Lock()  # held from logging a batch's name to logging its id
        self._arrivals: dict[str, asyncio.Task[dict[str, bytes] | None]] = {}

    async def answer(self, request: CallRequest) -> TeacherAnswer:
        """Wait for the call's batch. Raises TryAgain (a retry goes into another batch), CallFailed or TeacherError."""
        while True:
            self._catch_up()
            name = self._batch_of.get(request.key) or await self._submitted(request)
            lines = await self._arrival(name)
            if lines is not None:
                break
            self._forget(name)  # it was never created
        line = lines.pop(request.key, b"")
        if not lines:
            self._arrivals.pop(name, None)  # memory; the file stays
        try:
            return self._read(request, line)
        except TryAgain:
            self._batch_of.pop(request.key, None)
            raise

    async def close(self) -> None:
        tasks = [task for task in (self._submission, *self._arrivals.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.http.close()
        self.log.close()

    async def _submitted(self, request: CallRequest) -> str:
        """The name of the new batch that the call went into."""
        self._gathered.append(request)
        if self._submission is None:
            self._submission = _seen(asyncio.create_task(self._submit()))
        return await asyncio.shield(self._submission)

    async def _submit(self) -> str:
        count = 0
        while count < len(self._gathered) < MOST_IN_BATCH:
            count = len(self._gathered)
            await asyncio.sleep(SECONDS_TO_GATHER)
        requests, self._gathered, self._submission = self._gathered, [], None
        bodies = [msgspec.json.encode(self.protocol.body(request, self._tried(request))) for request in requests]
        keys = [request.key for request in requests]
        async with self._creating:
            self._catch_up()
            name = make_id("batch", str(os.getpid()), str(self._count), *keys)
            self.log.append(msgspec.json.encode(_Line(name, keys=keys)))
            try:
                batch = await self.api.create(name, b"".join(map(self._line, keys, bodies)))
            except CallFailed as failure:
                raise TeacherError(f"teacher at {self.where} takes no batches: {failure}") from None
            self.log.append(msgspec.json.encode(_Line(name, id=batch.id)))
        return name

    def _line(self, key: str, body: bytes) -> bytes:
        call = {"custom_id": key, "method": "POST", "url": f"/v1{self.protocol.path}", "body": msgspec.Raw(body)}
        return msgspec.json.encode(call) + b"\n"

    async def _arrival(self, name: str) -> dict[str, bytes] | None:
        """What came of a batch: a line for each call, or None if it was never created. All who wait share one look."""
        task = self._arrivals.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._arrivals[name] = _seen(asyncio.create_task(self._follow(name)))
        return await asyncio.shield(task)

    async def _follow(self, name: str) -> dict[str, bytes] | None:
        path = self.folder / f"{name}.jsonl"
        if not path.exists():
            batch = await self._attach(name)
            if batch is None:
                return None
            batch = await self._finished(batch)
            if batch.status == "failed":
                self._forget(name)
                raise TryAgain(f"batch {batch.id} failed: {reason_of(bytes(batch.errors))}", not_billed=True)
            files = [file for file in (batch.output_file_id, batch.error_file_id) if file]
            parts = [await self.api.download(file) for file in files]
            with atomic(path) as aside:
                aside.write_bytes(b"\n".join(parts))
        lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
        return {key: line for line in lines if (key := _key_of(line))}

    async def _attach(self, name: str) -> ProviderBatch | None:
        async with self._creating:
            self._catch_up()
            if known := self._ids.get(name):
                return await self.api.get(known)
            for look in range(LOOKS_FOR_LOST):
                await asyncio.sleep(self.settings.backoff * look)
                if found := await self.api.find(name):
                    self.log.append(msgspec.json.encode(_Line(name, id=found.id)))
                    return found
        return None

    async def _finished(self, batch: ProviderBatch) -> ProviderBatch:
        """Look with growing pauses until the batch is over. Raises TryAgain when the looks fail too often in a row."""
        pause, failures = max(self.settings.backoff, 0.01), 0
        while batch.status not in FINAL:
            await asyncio.sleep(pause)
            pause = min(LONGEST_POLL, pause * 1.5)
            try:
                batch = await self.api.get(batch.id) or msgspec.structs.replace(batch, status="failed")
                failures = 0
            except TryAgain as trouble:
                failures += 1
                if failures > self.settings.retries:
                    raise
                await asyncio.sleep(trouble.retry_after)
        return batch

    def _read(self, request: CallRequest, line: bytes) -> TeacherAnswer:
        if not line:
            raise TryAgain("the batch ended without this call", not_billed=False)
        item = msgspec.json.decode(line, type=_Item)
        if item.response is None:
            raise TryAgain(f"not answered by the batch: {reason_of(bytes(item.error))}", not_billed=True)
        reply, without = HttpResponse(item.response.status_code, bytes(item.response.body)), self._tried(request)
        if reply.status == 200:
            answer = self.protocol.answer(request, without, reply.body)
            if not answer.text.strip():  # a retry, also in a later run, must go into another batch
                self.log.append(msgspec.json.encode(_Line("", keys=[request.key])))
            return answer
        if (learnt := self.protocol.learn(request, without, reply.status, reply.body)) is not None:
            self._without[request.key] = learnt
            raise TryAgain(reason_of(reply.body), not_billed=True)
        raise self.http.refusal(self.where, reply)

    def _tried(self, request: CallRequest) -> dict[str, str]:
        """What the call does without: what is known of the server, and what is tried for this call."""
        return self.protocol.refused | self._without.get(request.key, {})

    def _forget(self, name: str) -> None:
        """The next try of the calls of this batch goes into another one."""
        self._arrivals.pop(name, None)
        self._batch_of = {key: batch for key, batch in self._batch_of.items() if batch != name}

    def _catch_up(self) -> None:
        for _, line in self.log.new_lines():
            try:
                entry = msgspec.json.decode(line, type=_Line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            self._count += bool(entry.keys)
            self._batch_of.update(dict.fromkeys(entry.keys, entry.batch))
            if entry.id:
                self._ids[entry.batch] = entry.id


def _key_of(line: bytes) -> str:
    try:
        return msgspec.json.decode(line, type=_Item).custom_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _seen(task: asyncio.Task[Result]) -> asyncio.Task[Result]:
    """Mark the task's exception as retrieved, so that asyncio does not log it if nothing awaits the task any more."""
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
