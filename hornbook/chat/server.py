"""A server with OpenAI's protocol, and the page that talks to it."""

import asyncio
import contextlib
import logging
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from hornbook.base.asynchronous import run_coroutine
from hornbook.base.errors import HornbookError, one_line
from hornbook.base.http import is_here
from hornbook.base.progress import console
from hornbook.chat.loaded_model import LoadedModel
from hornbook.chat.openai_requests import (
    Asked,
    AskedChat,
    AskedCompletion,
    BadRequest,
    error_body,
    read_request,
    too_long,
)
from hornbook.chat.openai_responses import Json, Writer
from hornbook.chat.reply_text import ReplyPiece
from hornbook.chat.same_origin import same_origin
from hornbook.chat.searched_questions import SearchedQuestion
from hornbook.chat.worker import Replies, ReplyEnd, ReplyWorker
from hornbook.chat.write_page import page, questions
from hornbook.inference.settings import Sampling
from hornbook.tokenizer.chat import encode_plain

log = logging.getLogger(__name__)
LARGEST_REQUEST = 1 << 25  # bytes


class Server:
    """Answers many at a time with one model.

    `sampling`, `seed` and `system` are what the page begins with; to programs only the length of a reply matters, where
    they do not say one.
    """

    def __init__(self, loaded: LoadedModel, sampling: Sampling, seed: int | None = None, system: str = "") -> None:
        self.loaded, self.model, self.longest = loaded, loaded.id, sampling.max_new_tokens
        self.page, self.policy = page(loaded, sampling, seed, system)
        self.started = int(time.time())
        self.worker = ReplyWorker(loaded)

    def application(self, *, loopback: bool) -> web.Application:
        app = web.Application(client_max_size=LARGEST_REQUEST, middlewares=[_errors, same_origin(loopback=loopback)])
        app.router.add_get("/", self._page)
        app.router.add_get("/questions", self._questions)
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{name:.+}", self._one_model)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completion)
        return app

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        return _json({"object": "list", "data": [self._about()]})

    async def _one_model(self, request: web.Request) -> web.Response:
        self._check_model(request.match_info["name"])
        return _json(self._about())

    async def _page(self, request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": self.policy}
        return web.Response(text=self.page, content_type="text/html", headers=headers)

    async def _questions(self, request: web.Request) -> web.Response:
        return _json(questions(self.loaded))

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        asked = read_request(await request.read(), AskedChat)
        self._check_model(asked.model)
        turns = asked.turns()
        searched = self.loaded.searched
        question = searched.find(turns[0].content) if asked.pivots and searched and len(turns) == 1 else None
        try:
            prompt = question.prompt if question else await self.worker.call(lambda: self.loaded.prompt(turns))
        except HornbookError as error:
            raise BadRequest(str(error), "messages") from None
        return await self._reply(request, asked, [prompt], asked.top, question)

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        asked = read_request(await request.read(), AskedCompletion)
        self._check_model(asked.model)
        given, tokenizer = asked.prompts(), self.loaded.tokenizer
        vocabulary = len(tokenizer)
        for prompt in given:
            if not isinstance(prompt, str) and not all(0 <= token < vocabulary for token in prompt):
                raise BadRequest(f"expected token ids from 0 to {vocabulary - 1}", "prompt")
        prompts = await self.worker.call(
            lambda: [encode_plain(tokenizer, prompt) if isinstance(prompt, str) else prompt for prompt in given]
        )
        return await self._reply(request, asked, prompts, asked.top, None)

    async def _reply(
        self,
        request: web.Request,
        asked: AskedChat | AskedCompletion,
        prompts: list[list[int]],
        top: int | None,
        question: SearchedQuestion | None,
    ) -> web.StreamResponse:
        chat, count = isinstance(asked, AskedChat), asked.n or 1
        seed = secrets.randbits(32) if asked.seed is None else asked.seed
        writer = Writer(
            self.loaded.tokenizer,
            self.model,
            self.loaded.batch.engine.fingerprint,
            chat=chat,
            top=top,
            prompt_tokens=sum(map(len, prompts)),
            ids=bool(asked.return_token_ids),
        )
        stop = [*asked.stops, *(self.loaded.ends if chat else [])]
        try:
            replies = await self.worker.begin(prompts, count, asked.sampling(self.longest), seed, top or 0, stop)
        except HornbookError as error:
            raise too_long(error) from None
        try:  # also when the client has gone, and this is cancelled
            if asked.stream:
                return await self._stream(request, asked, writer, replies, count * len(prompts), question)
            return await self._whole(writer, replies, count * len(prompts))
        finally:
            replies.close()

    async def _whole(self, writer: Writer, replies: Replies, count: int) -> web.Response:
        pieces: list[list[ReplyPiece]] = [[] for _ in range(count)]
        finish = [""] * count
        async for number, event in _events(replies, count):
            if isinstance(event, ReplyEnd):
                finish[number] = event.finish
            else:
                pieces[number].append(event)
                writer.sampled += len(event.tokens)
        return _json(writer.whole([writer.reply(number, pieces[number], finish[number]) for number in range(count)]))

    async def _stream(
        self,
        request: web.Request,
        asked: Asked,
        writer: Writer,
        replies: Replies,
        count: int,
        question: SearchedQuestion | None,
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)

        async def send(content: Json) -> None:
            await response.write(b"data: " + msgspec.json.encode(content) + b"\n\n")

        if writer.chat:
            await send(writer.chunk([writer.opening(number) for number in range(count)]))
        offsets = [0] * count
        said: list[int] = []  # of the first reply
        try:
            async for number, event in _events(replies, count):
                if isinstance(event, ReplyEnd):
                    end = writer.end(number, event.finish)
                    if question and self.loaded.searched:
                        end["comparison"] = self.loaded.searched.compare(question, said, self.loaded.tokenizer)
                    await send(writer.chunk([end]))
                    continue
                writer.sampled += len(event.tokens)
                pivot = None
                if question and number == 0:
                    said += [told.token for told in event.tokens]
                    pivot = question.passed(said)
                await send(writer.chunk([writer.part(number, event, offsets[number], pivot)]))
                offsets[number] += len(event.text)
        except HornbookError as error:  # the status is sent already
            await send(error_body(str(error), kind="server_error"))
        else:
            if asked.wants_usage:
                await send(writer.chunk([], usage=True))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    def _check_model(self, name: str | None) -> None:
        if name and name != self.model:
            message = f"no model {name} here; this server has {self.model}"
            raise BadRequest(message, "model", status=404, code="model_not_found")

    def _about(self) -> Json:
        engine = self.loaded.batch.engine
        return {
            "id": self.model,
            "object": "model",
            "created": self.started,
            "owned_by": "hornbook",
            "max_model_len": engine.context,
        }


async def _events(replies: Replies, count: int) -> AsyncIterator[tuple[int, ReplyPiece | ReplyEnd]]:
    """What comes until all replies are complete. Raises HornbookError when the model has failed."""
    while count:
        number, event = await replies.events.get()
        if isinstance(event, HornbookError):
            raise event
        count -= isinstance(event, ReplyEnd)
        yield number, event


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is told in the protocol's own form."""
    try:
        return await handler(request)
    except BadRequest as error:
        return _json(error_body(str(error), error.field, error.code), error.status)
    except web.HTTPException as error:
        return _json(error_body(f"{error.reason}: {request.method} {request.path}"), error.status)
    except Exception as error:  # a fault of ours: the client is told, and so is whoever watches the server
        if not isinstance(error, HornbookError):
            log.exception("%s %s", request.method, request.path)
        return _json(error_body(one_line(error), kind="server_error"), 500)


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")


@asynccontextmanager
async def serving(server: Server, host: str, port: int) -> AsyncIterator[str]:
    """The server, listening; gives its address. Raises HornbookError where it cannot listen there."""
    app = server.application(loopback=is_here(host))
    # a client that goes cancels what is done for it
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, OverflowError) as error:
            reason = "already in use" if getattr(error, "errno", 0) == 98 else str(error)
            raise HornbookError(f"{host}:{port}: {reason}; choose another --port") from None
        yield f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
        server.worker.close()


def serve(server: Server, host: str, port: int) -> None:
    """Serve until interrupted. Raises HornbookError where it cannot listen."""

    async def run() -> None:
        async with serving(server, host, port) as address:
            if not is_here(host):
                console.print(f"[yellow]warning[/yellow] {host} is open to other machines, and nothing asks for a key")
            console.print(f"{server.loaded.name}: a page at {address}/", soft_wrap=True, markup=False)
            console.print(
                f"for programs: {address}/v1, model {server.model}; Ctrl-C ends", soft_wrap=True, markup=False
            )
            ended = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
            await ended.wait()

    with contextlib.suppress(KeyboardInterrupt):
        run_coroutine(run())
