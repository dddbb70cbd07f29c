"""A provider's batch API: files of calls, and the batches that are made of them."""

from typing import TypeVar

import aiohttp
import msgspec

from hornbook.base.http import HttpResponse, TryAgain
from hornbook.teacher.http import TeacherHttp
from hornbook.teacher.protocol import BaseUrl

OURS = "hornbook"  # field of a batch's metadata with the name that we give it
LARGEST_FILE = 1 << 30  # bytes
PAGES = 20  # of 100 batches each, newest first, that are searched for a batch
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
