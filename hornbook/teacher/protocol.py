"""The OpenAI-compatible protocol: request bodies, replies, and adapting to the parameters that a server refuses."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from rich.markup import escape

from hornbook.base.http import reason_of
from hornbook.base.progress import console
from hornbook.teacher.backend import TeacherAnswer, split_answer
from hornbook.teacher.budget import worst_prompt
from hornbook.teacher.http import TeacherHttp
from hornbook.teacher.ledger import CallRequest
from hornbook.teacher.parse_reply import read_reply
from hornbook.teacher.prompt_formats import ending_with_turn, fold_system, transcript, with_schema
from hornbook.teacher.refused_parameters import refused_parameter
from hornbook.teacher.settings import TeacherSettings

Body = dict[str, Any]
Refused = Mapping[str, str]  # refused parameter → the server's message; see `OpenAiProtocol.body` for the names
INSTEAD = {  # what is done instead, for parameters that are not just left out
    "max_tokens": "max_tokens is sent as max_completion_tokens",
    "system": "the system message is put into the first user turn",
    "stop": "stop is left out, and answers are cut at its texts here",
    "response_format": "response_format is left out, and the schema is put into the prompt",
}


class OpenAiProtocol:
    """Requests and replies for one server. `path` is below the base URL.

    Attributes:
        refused: parameters that the server is known to refuse. A call that is refused tries to leave out more; what
            helps is adopted for all calls.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self.chat = settings.api == "chat"
        self.path = "/chat/completions" if self.chat else "/completions"
        self.refused: dict[str, str] = {}

    def body(self, request: CallRequest, without: Refused) -> Body:
        """The request body of a call, without the parameters that the server refuses and without defaults.

        `without` contains names of parameters, single values (`temperature=0.0`, `response_format=SCHEMA`), max_tokens
        (then its newer name is used), or system (then it is put into the user's turn).
        """
        request = request if self.chat else ending_with_turn(request)
        parameters, messages = request.parameters, request.messages
        body: Body = {"model": self.settings.model or request.model}
        if parameters.schema and (f"response_format={parameters.schema}" in without or not self.chat):
            messages = with_schema(messages, parameters.schema)  # few servers support schemas for plain completions
        if not self.chat:
            body["prompt"] = transcript(messages)
        else:
            messages = fold_system(messages) if "system" in without else messages
            body["messages"] = [{"role": message.role, "content": message.content} for message in messages]
        limit = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        wanted: Body = {"temperature": parameters.temperature, limit: parameters.max_tokens}
        if parameters.temperature:  # at temperature 0 neither top_p nor seed matters
            wanted |= {"top_p": parameters.top_p, "seed": request.seed}
        if parameters.stop and not self.settings.thinking_tokens:  # stop texts would end the thinking
            wanted["stop"] = parameters.stop
        if parameters.schema:
            wanted |= self._form(parameters.schema, without)
        body |= {name: value for name, value in wanted.items() if not _spared(name, value, without)}
        body |= self.settings.extra_body
        return {name: value for name, value in body.items() if value is not None}

    def learn(self, request: CallRequest, without: Refused, status: int, reply: bytes) -> dict[str, str] | None:
        """The parameters to leave out after an error reply; None if it is not about one that can be left out."""
        body = self.body(request, without)
        sent = {name for name in body if name not in self.settings.extra_body}
        sent |= {"system"} & {message["role"] for message in body.get("messages", [])}
        name = refused_parameter(status, reply, sent)
        if not name or (name == "max_completion_tokens" and self.settings.limited):
            return None
        if name == "response_format":
            name = f"{name}={request.parameters.schema}"
        elif name.endswith("="):
            name += str(body[name[:-1]])
        return {**without, name: reason_of(reply)}

    def adopt(self, without: Refused) -> None:
        """Leave these parameters out from now on, since a call without them was answered; each is reported once."""
        reported = {name.partition("=")[0] for name in self.refused}
        for name in without.keys() - self.refused.keys():
            parameter = name.partition("=")[0]
            if parameter not in reported:
                instead = INSTEAD.get(parameter, f"{parameter} is left out")
                words = f"teacher {self.settings.name}: from now on {instead} ({without[name]})"
                console.print(f"  [yellow]warning[/yellow] {escape(words)}", soft_wrap=True)
            reported.add(parameter)
        self.refused |= without

    def answer(self, request: CallRequest, without: Refused, body: bytes) -> TeacherAnswer:
        """Parse a reply of status 200 to a call that was sent `without` some parameters. Raises TryAgain."""
        reply = read_reply(body, chat=self.chat, prompt_tokens=worst_prompt(request))
        answer = split_answer(reply, request.parameters.stop)
        self.adopt(without)
        in_thinking = not answer.text and reply.finish == "stop" and (answer.thinking or answer.finish == "length")
        if in_thinking and "stop" in self.body(request, without):
            self.adopt({"stop": "a stop text ended an answer within its thinking"})
        return answer

    def _form(self, schema: str, without: Refused) -> Body:
        """The parameters that enforce a JSON schema, unless the server refuses this one."""
        if f"response_format={schema}" in without:
            return {}
        raw = msgspec.json.decode(schema)
        form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": raw}}
        own = self.settings.local and not self.chat  # llama.cpp, which has another name for it here
        return {"response_format": form} | ({"json_schema": raw} if own else {})


def _spared(name: str, value: Any, without: Refused) -> bool:
    """Whether a parameter is not sent: the server refuses it, or the value is its default."""
    renamed = name == "max_completion_tokens" and name not in without
    return (
        (name in without and not renamed)
        or f"{name}={value}" in without
        or (name in ("temperature", "top_p") and value == 1)
    )


class BaseUrl(msgspec.Struct, frozen=True):
    """A base URL; `base + "/batches?limit=100"` is the URL of a path below it, with the queries of both."""

    root: str
    query: str = ""

    def __add__(self, path: str) -> str:
        path, _, own = path.partition("?")
        query = "&".join(part for part in (own, self.query) if part)
        return f"{self.root}{path}?{query}" if query else f"{self.root}{path}"


def fixed_address(url: str) -> Callable[[], Awaitable[str]]:
    """The address of an external server."""

    async def address() -> str:
        return url

    return address


def base_url(given: str) -> BaseUrl:
    """The base URL for a URL with or without /v1, /completions or /chat/completions."""
    parts = urlsplit(given)
    path = parts.path.rstrip("/").removesuffix("/completions").removesuffix("/chat").rstrip("/")
    return BaseUrl(f"{parts.scheme}://{parts.netloc}{path or '/v1'}", parts.query)


class Endpoint:
    """One server. `address` returns its base URL (and starts a local server)."""

    def __init__(
        self,
        settings: TeacherSettings,
        address: Callable[[], Awaitable[str]],
        stop_server: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.address, self.stop_server = address, stop_server
        self.where = settings.url or "this machine"
        self.http, self.protocol = TeacherHttp(settings), OpenAiProtocol(settings)

    async def answer(self, request: CallRequest) -> TeacherAnswer:
        """Post the call once. Raises TryAgain, CallFailed or TeacherError."""
        url = base_url(await self.address()) + self.protocol.path
        without = dict(self.protocol.refused)
        while True:
            reply = await self.http.request("POST", url, msgspec.json.encode(self.protocol.body(request, without)))
            if reply.status == 200:
                return self.protocol.answer(request, without, reply.body)
            learnt = self.protocol.learn(request, without, reply.status, reply.body)
            if learnt is None:
                raise self.http.refusal(url, reply)
            without = learnt

    async def close(self) -> None:
        await self.http.close()
        if self.stop_server:
            await self.stop_server()
