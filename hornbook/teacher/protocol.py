"""The OpenAI-compatible protocol: what is sent, what its reply means, and how one server's way of it is learnt."""

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
Refused = Mapping[str, str]  # what a server does not take → its words; see `Dialect.body` for the names
SAID = {  # what is done instead, for those parameters that are not merely left out
    "max_tokens": "max_tokens goes by the name max_completion_tokens",
    "system": "what the system says goes into the first turn of the user",
    "stop": "stop is left out, and answers are cut at its texts here",
    "response_format": "response_format is left out, and the schema asked for in words",
}


class OpenAiProtocol:
    """How this server wants to be asked. `path` is where, below the base URL.

    Attributes:
        refused: what the server is known not to take. A call tries to do without more, and what helped is adopted.
    """

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self.chat = settings.api == "chat"
        self.path = "/chat/completions" if self.chat else "/completions"
        self.refused: dict[str, str] = {}

    def body(self, request: CallRequest, without: Refused) -> Body:
        """The request for a call, without what the server refuses. What is the protocol's default is not sent.

        `without` names a parameter, one value of it (`temperature=0.0`, for a schema `response_format=SCHEMA`),
        max_tokens (then it goes by its newer name), or system (then it is folded into the user's turn).
        """
        request = request if self.chat else ending_with_turn(request)
        parameters, messages = request.parameters, request.messages
        body: Body = {"model": self.settings.model or request.model}
        if parameters.schema and (f"response_format={parameters.schema}" in without or not self.chat):
            messages = with_schema(messages, parameters.schema)  # few servers hold plain completions to one
        if not self.chat:
            body["prompt"] = transcript(messages)
        else:
            messages = fold_system(messages) if "system" in without else messages
            body["messages"] = [{"role": message.role, "content": message.content} for message in messages]
        limit = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
        wanted: Body = {"temperature": parameters.temperature, limit: parameters.max_tokens}
        if parameters.temperature:  # without one there is one answer: nothing to filter and nothing to draw
            wanted |= {"top_p": parameters.top_p, "seed": request.seed}
        if parameters.stop and not self.settings.thinking_tokens:  # they would end the thinking
            wanted["stop"] = parameters.stop
        if parameters.schema:
            wanted |= self._form(parameters.schema, without)
        body |= {name: value for name, value in wanted.items() if not _spared(name, value, without)}
        body |= self.settings.extra_body
        return {name: value for name, value in body.items() if value is not None}

    def learn(self, request: CallRequest, without: Refused, status: int, reply: bytes) -> dict[str, str] | None:
        """What else to do without, after an error reply; None where the error is about nothing that may be spared."""
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
        """The server has answered a call that did without these. Each is said once."""
        told = {name.partition("=")[0] for name in self.refused}
        for name in without.keys() - self.refused.keys():
            parameter = name.partition("=")[0]
            if parameter not in told:
                instead = SAID.get(parameter, f"{parameter} is left out")
                words = f"teacher {self.settings.name}: from now on {instead} ({without[name]})"
                console.print(f"  [yellow]warning[/yellow] {escape(words)}", soft_wrap=True)
            told.add(parameter)
        self.refused |= without

    def answer(self, request: CallRequest, without: Refused, body: bytes) -> TeacherAnswer:
        """Read a reply of status 200 to a call that did `without` some parameters. Raises TryAgain."""
        reply = read_reply(body, chat=self.chat, prompt_tokens=worst_prompt(request))
        answer = split_answer(reply, request.parameters.stop)
        self.adopt(without)
        in_thinking = not answer.text and reply.finish == "stop" and (answer.thinking or answer.finish == "length")
        if in_thinking and "stop" in self.body(request, without):
            self.adopt({"stop": "a stop text ended an answer within its thinking"})
        return answer

    def _form(self, schema: str, without: Refused) -> Body:
        """What holds the answer to a JSON schema, unless the server does not take this one."""
        if f"response_format={schema}" in without:
            return {}
        raw = msgspec.json.decode(schema)
        form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": raw}}
        own = self.settings.local and not self.chat  # llama.cpp, which then knows it by another name
        return {"response_format": form} | ({"json_schema": raw} if own else {})


def _spared(name: str, value: Any, without: Refused) -> bool:
    """Whether a parameter is not sent: the server refuses it, or takes this value without being asked to."""
    renamed = name == "max_completion_tokens" and name not in without
    return (
        (name in without and not renamed)
        or f"{name}={value}" in without
        or (name in ("temperature", "top_p") and value == 1)
    )


class BaseUrl(msgspec.Struct, frozen=True):
    """An address below which others are: `base + "/batches?limit=100"` is one, with the query of both at its end."""

    root: str
    query: str = ""

    def __add__(self, path: str) -> str:
        path, _, own = path.partition("?")
        query = "&".join(part for part in (own, self.query) if part)
        return f"{self.root}{path}?{query}" if query else f"{self.root}{path}"


def fixed_address(url: str) -> Callable[[], Awaitable[str]]:
    """The address of a server that someone else runs."""

    async def address() -> str:
        return url

    return address


def base_url(given: str) -> BaseUrl:
    """Below which all paths are, given a URL with or without /v1, /completions or /chat/completions."""
    parts = urlsplit(given)
    path = parts.path.rstrip("/").removesuffix("/completions").removesuffix("/chat").rstrip("/")
    return BaseUrl(f"{parts.scheme}://{parts.netloc}{path or '/v1'}", parts.query)


class Endpoint:
    """One server. `address` gives its base URL (and starts the server, where it is ours)."""

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
