"""The batch endpoints of the mock server: /files and /batches, with batches that take a while and items that fail."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from tests.teacher.mock_server import Body, MockServer


class MockBatches(MockServer):
    """`item` looks at (custom_id, body, how often this id was worked on) and says what comes of it: None for a good
    answer, an HTTP status or one with its words, expired, or empty. `whole` says so of a batch, by its number: None,
    failed or expired. `trouble` looks at (method, path, how often that came) and returns an HTTP status or cut, done
    but not replied to.

    Attributes: `worked`: how often each custom_id was answered; `batches`: all ever created, newest last; `uploads`.
    """

    def __init__(
        self,
        *,
        seconds: float = 0.05,
        item: Callable[[str, Body, int], Any] = lambda key, body, before: None,
        whole: Callable[[int], str | None] = lambda number: None,
        trouble: Callable[[str, str, int], Any] = lambda method, path, before: None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.seconds, self.item, self.whole, self.trouble = seconds, item, whole, trouble
        self.files: dict[str, bytes] = {}
        self.batches: list[dict[str, Any]] = []
        self.worked: Counter[str] = Counter()
        self.uploads = self.looks = 0
        self._calls: Counter[tuple[str, str]] = Counter()

    def add_routes(self, app: web.Application) -> None:
        super().add_routes(app)
        for method, path, handler in [
            ("POST", "/v1/files", self._upload),
            ("GET", "/v1/files/{id}/content", self._download),
            ("POST", "/v1/batches", self._create),
            ("GET", "/v1/batches/{id}", self._get),
            ("GET", "/v1/batches", self._list),
        ]:
            app.router.add_route(method, path, self._troubled(method, path, handler))

    def _troubled(self, method: str, path: str, handler: Any) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            before = self._calls[method, path]
            self._calls[method, path] += 1
            trouble = self.trouble(method, path, before)
            if isinstance(trouble, int):
                return web.json_response({"error": {"message": f"mock says {trouble}"}}, status=trouble)
            response: web.StreamResponse = await handler(request)
            if trouble == "cut":
                assert request.transport
                request.transport.abort()
            return response

        return handle

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        self.uploads += 1
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read()  # type: ignore[union-attr]
        return web.json_response({"id": name, "object": "file"})

    async def _create(self, request: web.Request) -> web.Response:
        order = await request.json()
        assert order["endpoint"] == "/v1/chat/completions" and order["completion_window"] == "24h"
        batch = {
            "id": f"batch_{len(self.batches)}",
            "status": "validating",
            "metadata": order["metadata"],
            "input_file_id": order["input_file_id"],
            "until": asyncio.get_running_loop().time() + self.seconds,
        }
        self.batches.append(batch)
        return web.json_response(self._look(batch))

    async def _get(self, request: web.Request) -> web.Response:
        self.looks += 1
        found = [batch for batch in self.batches if batch["id"] == request.match_info["id"]]
        return web.json_response(self._look(found[0])) if found else web.json_response({}, status=404)

    async def _list(self, request: web.Request) -> web.Response:
        newest = self.batches[::-1]
        after = request.query.get("after")
        start = next((n + 1 for n, batch in enumerate(newest) if batch["id"] == after), 0)
        page = newest[start : start + 3]  # fewer than were asked for, as a server may
        return web.json_response({"data": [self._look(b) for b in page], "has_more": start + 3 < len(newest)})

    async def _download(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["id"]])

    def _look(self, batch: dict[str, Any]) -> dict[str, Any]:
        if batch["status"] in ("validating", "in_progress"):
            late = asyncio.get_running_loop().time() >= batch["until"]
            batch["status"] = self._finish(batch) if late else "in_progress"
        return {key: value for key, value in batch.items() if key != "until"}

    def _finish(self, batch: dict[str, Any]) -> str:
        verdict = self.whole(self.batches.index(batch))
        if verdict == "failed":
            batch["errors"] = {"message": "token limit reached"}
            return "failed"
        good, bad = [], []
        for line in self.files[batch["input_file_id"]].splitlines():
            call = msgspec.json.decode(line)
            key, body = call["custom_id"], call["body"]
            fate = verdict or self.item(key, body, self.worked[key])
            self.worked[key] += fate != "expired"
            if fate == "expired":
                bad.append({"custom_id": key, "response": None, "error": {"code": "batch_expired"}})
            elif fate and fate != "empty":
                status, words = fate if isinstance(fate, tuple) else (fate, f"mock says {fate}")
                said = {"error": {"message": words}}
                bad.append({"custom_id": key, "response": {"status_code": status, "body": said}, "error": None})
            else:
                answer = msgspec.json.decode(self._completion(body, "" if fate == "empty" else self.answer(body)))
                good.append({"custom_id": key, "response": {"status_code": 200, "body": answer}, "error": None})
        for kind, lines in (("output", good[::-1]), ("error", bad)):  # in no particular order
            if lines:
                name = f"file-{len(self.files)}"
                self.files[name] = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
                batch[f"{kind}_file_id"] = name
        return "expired" if verdict == "expired" else "completed"
