"""A teacher behind a provider's batch API: calls are collected, sent as one file, and answered within a day.

Batches are logged in `batches.jsonl`: the batch's name and its calls before it is created, the provider's id after. So
a run that was killed at any moment finds its batches again, by id or by the name in their metadata, and submits no call
twice. Downloaded answers are kept in `batches/`.
"""

import asyncio
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from hornbook.base.append_log import AppendLog
from hornbook.base.files import atomic
from hornbook.base.http import TryAgain, reason_of
from hornbook.base.records import make_id
from hornbook.teacher.backend import TeacherAnswer
from hornbook.teacher.batch_api import BatchApi, ProviderBatch
from hornbook.teacher.batch_format import BatchCalls, read_item
from hornbook.teacher.errors import CallFailed, TeacherError
from hornbook.teacher.http import TeacherHttp
from hornbook.teacher.ledger import CallRequest
from hornbook.teacher.protocol import base_url
from hornbook.teacher.settings import TeacherSettings

FINAL = ("completed", "expired", "cancelled", "failed")
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


class BatchBackend:
    """Answers each call from its batch, which may be one of an earlier run."""

    def __init__(self, settings: TeacherSettings, folder: Path) -> None:
        self.settings, self.where = settings, settings.url
        self.http, self.calls = TeacherHttp(settings), BatchCalls(settings)
        self.api = BatchApi(self.http, base_url(settings.url), self.calls.protocol.path)
        self.folder = folder / "batches"
        self.log = AppendLog(folder / "batches.jsonl")
        self._batch_of: dict[str, str] = {}  # call -> its latest batch
        self._count = 0  # batches logged so far, for unique names
        self._ids: dict[str, str] = {}  # batch -> the provider's id
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
        lines = b"".join(self.calls.line(request, request.key) for request in requests)
        keys = [request.key for request in requests]
        async with self._creating:
            self._catch_up()
            name = make_id("batch", str(os.getpid()), str(self._count), *keys)
            self.log.append(msgspec.json.encode(_Line(name, keys=keys)))
            try:
                batch = await self.api.create(name, lines)
            except CallFailed as failure:
                raise TeacherError(f"teacher at {self.where} takes no batches: {failure}") from None
            self.log.append(msgspec.json.encode(_Line(name, id=batch.id)))
        return name

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
        answer = self.calls.answer(request, read_item(line), lambda reply: self.http.refusal(self.where, reply))
        if not answer.text.strip():  # a retry, also in a later run, must go into another batch
            self.log.append(msgspec.json.encode(_Line("", keys=[request.key])))
        return answer

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
        return read_item(line).custom_id
    except ValueError:
        return ""


def _seen(task: asyncio.Task[Result]) -> asyncio.Task[Result]:
    """Mark the task's exception as retrieved, so that asyncio does not log it if nothing awaits the task any more."""
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
