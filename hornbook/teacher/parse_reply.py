"""Parse replies of OpenAI-compatible servers, leniently, since servers differ and answers are paid for."""

import json
import math
from typing import Any

import msgspec

from hornbook.base.http import TryAgain, reason_of
from hornbook.teacher.backend import TeacherAnswer

FINISHES = {  # other words for the protocol's stop and length
    **dict.fromkeys(["eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "completed", "complete"], "stop"),
    **dict.fromkeys(["max_tokens", "max_output_tokens", "max_length", "model_length", "token_limit"], "length"),
}
THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")  # fields of a message


def read_reply(body: bytes, *, chat: bool, prompt_tokens: int) -> TeacherAnswer:
    """The answer in a reply of status 200, with the thinking if the server returns it separately.

    Without token counts in the reply, upper bounds are used: `prompt_tokens`, and a token for each byte of the answer.
    Raises TryAgain if it is not a completion: an error, an HTML page, other JSON.
    """
    reply = decoded(body)
    choices = reply.get("choices") if isinstance(reply, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise TryAgain(f"not a completion: {reason_of(body)}", not_billed=False)
    choice = choices[0]
    message = choice.get("message")
    if choice.get("error") or choice.get("finish_reason") == "error":
        raise TryAgain(f"the endpoint failed: {reason_of(msgspec.json.encode(choice))}", not_billed=False)
    if isinstance(message, dict):
        text, thinking = _content(message.get("content"))
        thinking = _first_text(*(message.get(name) for name in THOUGHTS)) or thinking
    elif isinstance(choice.get("text"), str):
        message, text, thinking = {}, choice["text"], ""
    else:
        raise TryAgain(f"not a completion: {reason_of(body)}", not_billed=False)
    finish = str(choice.get("finish_reason") or "stop")
    finish = "refusal" if message.get("refusal") and not text else FINISHES.get(finish.lower(), finish)
    took_in, took_out = _taken(reply.get("usage"))
    return TeacherAnswer(
        text=text if chat else text.strip(),
        finish=finish,
        prompt_tokens=prompt_tokens if took_in is None else took_in,
        completion_tokens=len((text + thinking).encode()) if took_out is None else took_out,
        thinking=thinking,
    )


def decoded(body: bytes) -> Any:
    """The JSON of a reply. Raises TryAgain where there is none.

    Some servers write a byte order mark or keep-alive comments before it, or cut an answer within a character.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    lines = body.decode("utf-8-sig", "ignore").split("\n")
    try:
        text = "\n".join(line for line in lines if not line.startswith(":"))
        decoded = json.loads(text, parse_constant=lambda name: None)
        return msgspec.json.decode(json.dumps(_without_halves(decoded)))
    except (ValueError, RecursionError):
        raise TryAgain(f"not a completion: {reason_of(body)}", not_billed=False) from None


def _without_halves(value: Any) -> Any:
    """JSON without lone surrogates in its texts."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    if isinstance(value, list):
        return [_without_halves(item) for item in value]
    if isinstance(value, dict):
        return {_without_halves(key): _without_halves(item) for key, item in value.items()}
    return value


def _content(content: Any) -> tuple[str, str]:
    """Text and thinking of a message's content, which is a text or a list of parts."""
    if isinstance(content, str):
        return content, ""
    parts = content if isinstance(content, list) else [content]
    text, thinking = "", ""
    for part in parts:
        kind = str(part.get("type", "")) if isinstance(part, dict) else ""
        if "think" in kind or "reason" in kind:
            thinking += _text_of(part)
        elif kind in ("", "text", "output_text"):
            text += _text_of(part)
    return text, thinking


def _text_of(part: Any) -> str:
    """All text in a part, at any depth."""
    if isinstance(part, str):
        return part
    if isinstance(part, list):
        return "".join(map(_text_of, part))
    if not isinstance(part, dict):
        return ""
    return _first_text(*(part.get(name) for name in ("text", "thinking", "reasoning", "content", "summary", "value")))


def _first_text(*values: Any) -> str:
    return next((text for text in map(_text_of, values) if text), "")


def _taken(usage: Any) -> tuple[int | None, int | None]:
    """Tokens of prompt and answer in `usage`, if given; some servers include the thinking only in the total."""
    if not isinstance(usage, dict):
        return None, None
    names = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"), ("total_tokens",))
    took_in, took_out, both = (
        next((count for name in group if (count := _count(usage.get(name))) is not None), None) for group in names
    )
    if took_in is not None and both is not None:
        took_out = max(took_out or 0, both - took_in)
    return took_in, took_out


def _count(value: Any) -> int | None:
    """A number of tokens, whether written as integer, float or text; None for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return math.ceil(number) if 0 <= number < math.inf and not isinstance(value, bool) else None
