"""The OpenAI-compatible protocol: what is sent, what its reply means, and how one server's way of it is learnt."""

from typing import Any

import msgspec

from hornbook.base.errors import one_line
from hornbook.base.http import TryAgain, reason_of
from hornbook.base.records import Message
from hornbook.teacher.backend import Answer
from hornbook.teacher.budget import worst_prompt
from hornbook.teacher.ledger import Ask
from hornbook.teacher.prompts import ending_with_turn, transcript, with_schema
from hornbook.teacher.settings import TeacherSettings

ABOUT_SCHEMAS = ("response_format", "schema", "grammar", "guided", "structured")  # words of servers that lack them


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None  # of a chat
    text: str | None = None  # of a completion
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Reply(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Body(msgspec.Struct):
    model: str
    temperature: float
    top_p: float
    messages: list[Message] | msgspec.UnsetType = msgspec.UNSET
    prompt: str | msgspec.UnsetType = msgspec.UNSET
    max_tokens: int | msgspec.UnsetType = msgspec.UNSET
    max_completion_tokens: int | msgspec.UnsetType = msgspec.UNSET
    seed: int | msgspec.UnsetType = msgspec.UNSET
    stop: list[str] | msgspec.UnsetType = msgspec.UNSET
    response_format: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    json_schema: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_read_reply = msgspec.json.Decoder(_Reply).decode
_write_body = msgspec.json.Encoder().encode


class Dialect:
    """How this server wants to be asked. `path` is where, below the base URL."""

    def __init__(self, settings: TeacherSettings) -> None:
        self.model, self.chat = settings.model, settings.api == "chat"
        self.own = bool(settings.local)  # llama.cpp, which knows schemas of plain completions by another name
        self.path = "/chat/completions" if self.chat else "/completions"
        self._limit_name, self._seeded = "max_tokens", True
        self._refused: set[str] = set()  # schemas that the server cannot hold answers to; the model is asked in words

    def body(self, ask: Ask) -> bytes:
        ask = ask if self.chat else ending_with_turn(ask)
        parameters, messages = ask.parameters, ask.messages
        body = _Body(self.model or ask.model, parameters.temperature, parameters.top_p)
        setattr(body, self._limit_name, parameters.max_tokens)
        if self._seeded:
            body.seed = ask.seed
        if parameters.stop:
            body.stop = parameters.stop
        if parameters.schema and (parameters.schema in self._refused or not self.chat):
            messages = with_schema(messages, parameters.schema)  # few servers hold plain completions to one
        if parameters.schema and parameters.schema not in self._refused:
            schema = msgspec.Raw(parameters.schema.encode())
            form = {"name": "answer", "strict": True, "schema": schema}
            body.response_format = {"type": "json_schema", "json_schema": form}
            if self.own and not self.chat:
                body.json_schema = schema
        if self.chat:
            body.messages = messages
        else:
            body.prompt = transcript(messages)
        return _write_body(body)

    def learn(self, ask: Ask, reason: str) -> bool:
        """Servers differ in what they take: follow what this one says in a 400. True if another `body` may do."""
        if "max_completion_tokens" in reason:
            self._limit_name = "max_completion_tokens"
        elif ask.parameters.schema and any(word in reason for word in ABOUT_SCHEMAS):
            self._refused.add(ask.parameters.schema)
        elif "seed" in reason:
            self._seeded = False
        else:
            return False
        return True

    def answer(self, ask: Ask, body: bytes) -> Answer:
        """Read a reply. Where it does not say what it took, the most it can have taken is booked. Raises TryAgain."""
        try:
            reply = _read_reply(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TryAgain(f"not a completion ({one_line(error)}): {reason_of(body)}", known=False) from None
        if not reply.choices:
            raise TryAgain("a completion without choices", known=False)
        choice, usage = reply.choices[0], reply.usage or _Usage()
        message = choice.message or _Message()
        text = message.content or "" if self.chat else (choice.text or "").strip()
        return Answer(
            text=text,
            finish="refusal" if message.refusal and not text else choice.finish_reason or "stop",
            prompt_tokens=worst_prompt(ask) if usage.prompt_tokens is None else usage.prompt_tokens,
            completion_tokens=len(text.encode()) if usage.completion_tokens is None else usage.completion_tokens,
        )
