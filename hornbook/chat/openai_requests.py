"""What a client of OpenAI's protocol may ask, checked; what is refused says which field, and what was expected."""

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.inference.settings import Sampling

MOST_TOP = 20  # likeliest tokens of each token

Positive = Annotated[int, Meta(ge=1)]
Top = Annotated[int, Meta(ge=0, le=MOST_TOP)]
# Fields that would change the reply and are not known here, with the values that change nothing.
UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "tools": ([],),
    "functions": ([],),
    "response_format": ({"type": "text"},),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "repetition_penalty": (1,),
    "logit_bias": ({},),
    "allowed_token_ids": ([],),
    "bad_words": ([],),
    "stop_token_ids": ([],),
    "ignore_eos": (False,),
    "min_tokens": (0,),
    "prompt_logprobs": (),
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
    "audio": (),
    "modalities": (["text"],),
}
_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")


class BadRequest(Exception):
    """What is wrong with a request; `field` where it is about one, `status` and `code` as the protocol has them."""

    def __init__(self, message: str, field: str | None = None, status: int = 400, code: str | None = None) -> None:
        super().__init__(message)
        self.field, self.status, self.code = field, status, code


class Part(msgspec.Struct):
    """A part of a message. Texts alone are read."""

    type: str = "text"
    text: str = ""


class Turn(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    name: str = ""
    tool_call_id: str = ""

    def message(self, place: int) -> Message:
        """Raises BadRequest for parts that are no text."""
        content = self.content
        if isinstance(content, list):
            for part in content:
                if part.type not in ("text", "input_text", "output_text", "refusal"):
                    raise BadRequest(f"parts of type {part.type!r} are not supported; text is", f"messages.{place}")
            content = "".join(part.text for part in content)
        role = "system" if self.role == "developer" else self.role
        return Message(role, content or "", name=self.name, tool_call_id=self.tool_call_id)


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Asked(msgspec.Struct):
    """What requests for chats and for completions share. `top_k` and `min_p` are as vLLM has them."""

    model: str | None = None
    max_tokens: Positive | None = None
    temperature: Annotated[float, Meta(ge=0)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=-1)] | None = None
    min_p: Annotated[float, Meta(ge=0, lt=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    return_token_ids: bool | None = None

    def sampling(self, longest: int) -> Sampling:
        return Sampling(
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=self.top_p or 1.0,
            top_k=max(0, self.top_k or 0),
            min_p=self.min_p or 0.0,
            max_new_tokens=self.limit or longest,
        )

    @property
    def limit(self) -> int | None:
        return self.max_tokens

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else [text for text in self.stop or [] if text]

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)


class AskedChat(Asked, kw_only=True):
    """`pivots`, of our own page: mark the pivotal tokens of a search."""

    messages: Annotated[list[Turn], Meta(min_length=1)]
    max_completion_tokens: Positive | None = None
    logprobs: bool | None = None
    top_logprobs: Top | None = None
    pivots: bool | None = None

    @property
    def limit(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def top(self) -> int | None:
        """How many likeliest tokens are wanted; None: no log-probabilities at all."""
        if self.top_logprobs and not self.logprobs:
            raise BadRequest("top_logprobs goes with logprobs: true", "top_logprobs")
        return (self.top_logprobs or 0) if self.logprobs else None

    def turns(self) -> list[Message]:
        return [turn.message(place) for place, turn in enumerate(self.messages)]


class AskedCompletion(Asked, kw_only=True):
    """`prompt` is a text or token ids, or several of them."""

    prompt: str | list[str | int | list[int]]
    logprobs: Top | None = None

    @property
    def top(self) -> int | None:
        return self.logprobs

    def prompts(self) -> list[str | list[int]]:
        """Each prompt by itself. Raises BadRequest where there is none."""
        if isinstance(self.prompt, str):
            return [self.prompt]
        kinds = {type(item) for item in self.prompt}
        if kinds == {int}:
            return [[token for token in self.prompt if isinstance(token, int)]]
        if len(kinds) != 1:
            raise BadRequest("prompt: expected a text, token ids, or a list of the one or the other", "prompt")
        return [item for item in self.prompt if not isinstance(item, int)]


Kind = TypeVar("Kind", AskedChat, AskedCompletion)


def read_request(body: bytes, kind: type[Kind]) -> Kind:
    """Raises BadRequest for what is no JSON, a field of another type, and fields that are not supported."""
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the request is not valid JSON ({error})") from None
    try:
        asked = msgspec.convert(fields, kind, strict=True)
    except msgspec.ValidationError as error:
        said = str(error)
        place = _PLACE.search(said)
        field = place[1] if place else ""
        words = _PLACE.sub("", said)
        raise BadRequest(f"{field}: {words}" if field else words, field or None) from None
    for name, neutral in UNSUPPORTED.items():
        if fields.get(name) is not None and fields[name] not in neutral:
            raise BadRequest(f"{name} is not supported by this server", name, code="unsupported_parameter")
    return asked


def error_body(message: str, field: str | None = None, code: str | None = None, kind: str = "") -> dict[str, Any]:
    """An error as the protocol has it."""
    return {"error": {"message": message, "type": kind or "invalid_request_error", "param": field, "code": code}}


def too_long(error: HornbookError) -> BadRequest:
    """A prompt that leaves no room, as the protocol has it."""
    return BadRequest(str(error), code="context_length_exceeded" if "context" in str(error) else None)
