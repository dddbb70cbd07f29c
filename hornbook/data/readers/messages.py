"""Turns of a conversation, in any form that data sets and tools write → messages."""

import re
from collections.abc import Iterator
from typing import Any

from hornbook.base.records import Message
from hornbook.data.readers.fields import json_text, loaded

ROLES = {
    **dict.fromkeys(["system", "developer", "context"], "system"),
    **dict.fromkeys(["user", "human", "prompter", "person", "instruction", "customer", "client"], "user"),
    **dict.fromkeys(["assistant", "gpt", "chatgpt", "model", "bot", "ai", "chatbot", "agent"], "assistant"),
    **dict.fromkeys(["bing", "bard", "gpt4", "gpt-4", "claude", "expert", "response", "chat"], "assistant"),
    **dict.fromkeys(["tool", "function", "observation", "observations", "ipython", "environment"], "tool"),
    **dict.fromkeys(["tool_response", "tool_result", "function_response", "function_result"], "tool"),
    **dict.fromkeys(["tool response", "function response", "function-response", "tool_output"], "tool"),
    **dict.fromkeys(["function_call", "tool_call", "function-call", "function call", "tool_calls"], "calls"),
}  # fmt: skip
ROLE_NAMES = ("role", "from", "speaker", "author", "sender")
TEXT_NAMES = ("content", "value", "text", "message", "utterance", "parts")
REASONING_NAMES = ("reasoning_content", "reasoning", "thinking")
EXCHANGES = [  # field names of entries with a question and its answer
    ("input", "output"), ("human", "assistant"), ("user", "assistant"), ("human", "gpt"), ("prompt", "response"),
    ("prompt", "completion"), ("question", "answer"), ("instruction", "output"), ("instruction", "response"),
    ("query", "response"), ("user", "bot"), ("user", "model"), ("human", "bot"),
]  # fmt: skip
# a whole conversation written as one text: HH-RLHF, Guanaco, Glaive
_SPEAKER = re.compile(
    r"(?:^|\n+)[ \t]*(?:#{2,3}\s*)?(Human|Assistant|User|System|USER|ASSISTANT|SYSTEM|FUNCTION RESPONSE):[ \t]*"
    r"|(?<=\S)\s*###\s*(Human|Assistant|User|System):\s*"
)
_INST = re.compile(r"(?:<s>)?\s*\[INST\](.*?)\[/INST\](.*?)(?=</s>|<s>|\[INST\]|\Z)", re.DOTALL)
_SYS = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>(.*)", re.DOTALL)
_INSTRUCTION = re.compile(
    r"### ?Instruction:\s*(.*?)\s*(?:### ?Input:\s*(.*?)\s*)?### ?(?:Response|Output):\s*(.*)", re.DOTALL
)
_IM_START = re.compile(r"<\|im_start\|>\s*(\w+)\s*(?:\n|<\|im_sep\|>)(.*?)(?:<\|im_end\|>|$)", re.DOTALL)


def messages_of(value: Any) -> list[Message]:
    """The messages in `value`: a list of turns, its JSON text, or a list of roles and a list of contents.

    Raises ValueError for a turn without a role or a text, and for a value that is not a conversation.
    """
    turns = loaded(value)
    if isinstance(turns, dict):
        turns = _from_columns(turns)
    if not isinstance(turns, list):
        raise ValueError(f"expected a list of turns, got {type(turns).__name__}")
    if not turns:
        raise ValueError("an empty conversation")
    found = []
    for number, turn in enumerate(map(loaded, turns), 1):
        try:
            found += list(_turn(turn, number))
        except ValueError as error:
            raise ValueError(f"turn {number} of {len(turns)}: {error}") from None
    return found


def spoken_text(text: str) -> list[Message]:
    """The messages of a conversation written as one text with speaker names; [] if it is not one."""
    marked = _IM_START.findall(text)
    if marked and text.lstrip().startswith("<|im_start|>"):
        return [Message(_role(role), content.strip("\n")) for role, content in marked]
    if text.lstrip().startswith(("[INST]", "<s>[INST]", "<s> [INST]")):
        return _instructed(text)
    if instruction := _INSTRUCTION.search(text):  # Alpaca's own prompt
        asked = "\n\n".join(filter(None, instruction.group(1, 2)))
        return [Message("user", asked), Message("assistant", instruction[3].replace("</s>", "").strip())]
    parts = _SPEAKER.split(text)
    if len(parts) < 4 or parts[0].strip():
        return []
    found = []
    for first, second, content in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        content = content.replace("<|endoftext|>", "").strip()
        found.append(Message(_role(first or second), content))
    return found


def _instructed(text: str) -> list[Message]:
    """A conversation in the [INST] format of Llama 2 and Mistral."""
    found: list[Message] = []
    for asked, answered in _INST.findall(text):
        system = _SYS.match(asked)
        if system and not found:
            found.append(Message("system", system[1].strip()))
        found.append(Message("user", (system[2] if system else asked).strip()))
        if answered.strip():
            found.append(Message("assistant", answered.strip()))
    return found


def content_of(value: Any) -> str:
    """A message's text: a text, parts (`{"type": "text", "text": ...}`), or an object that contains one.

    Raises ValueError for other parts, such as images: the text about them is useless without them.
    """
    value = value if isinstance(value, str) else loaded(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(content_of(part) for part in value if not _thinks(part))
    if isinstance(value, dict):
        kind = str(value.get("type") or value.get("content_type") or "text")
        for name in ("text", "parts", "content", "value"):
            if value.get(name) is not None and kind in ("text", "input_text", "output_text", "refusal"):
                return content_of(value[name])
        raise ValueError(f"a part of type {kind}, which is not text")
    raise ValueError("no text" if value is None else f"expected a text, got {type(value).__name__}")


def with_thinking(reasoning: str, answer: str) -> str:
    """An answer after its reasoning in a <think> block."""
    return f"<think>\n{reasoning.strip()}\n</think>\n\n{answer}" if reasoning.strip() else answer


def _turn(turn: Any, number: int) -> Iterator[Message]:
    if isinstance(turn, str):  # UltraChat, DailyDialog: alternating turns, the user first
        yield Message("user" if number % 2 else "assistant", turn)
        return
    if isinstance(turn, list) and len(turn) == 2 and all(isinstance(part, str) for part in turn):
        yield Message("user", turn[0])
        yield Message("assistant", turn[1])
        return
    if not isinstance(turn, dict):
        raise ValueError(f"expected an object with role and content, got {type(turn).__name__}")
    role = next((turn[name] for name in ROLE_NAMES if isinstance(turn.get(name), str | dict)), None)
    if role is None:
        yield from _exchange(turn)
    else:
        yield _message(_role(role["role"] if isinstance(role, dict) and "role" in role else role), turn)


def _exchange(turn: dict[str, Any]) -> Iterator[Message]:
    for asked, answered in EXCHANGES:
        if isinstance(turn.get(asked), str) and isinstance(turn.get(answered), str):
            if isinstance(turn.get("system"), str) and turn["system"]:
                yield Message("system", turn["system"])
            yield Message("user", turn[asked])
            yield Message("assistant", turn[answered])
            return
    raise ValueError(f"no role; its fields: {', '.join(map(str, turn)) or '-'}")


def _message(role: str, turn: dict[str, Any]) -> Message:
    name = next((name for name in TEXT_NAMES if turn.get(name) is not None), "")
    if role == "calls":
        return Message("assistant", "", tool_calls=_calls(turn.get(name)))
    calls = _calls(turn.get("tool_calls") or turn.get("function_call"))
    if not name and not calls:
        raise ValueError(f"a turn of {role} without content")
    text = content_of(turn[name]) if name else ""
    if role == "assistant":
        reasoning = next((turn[key] for key in REASONING_NAMES if isinstance(turn.get(key), str)), "")
        reasoning = reasoning or (_thoughts(loaded(turn[name])) if name else "")
        text = with_thinking(reasoning, text)
    weight = turn.get("weight")
    return Message(
        role=role,
        content=text,
        tool_calls=calls,
        name=str(turn.get("name") or ""),
        tool_call_id=str(turn.get("tool_call_id") or ""),
        weight=float(weight) if isinstance(weight, int | float) else 1.0,
    )


def _role(name: Any) -> str:
    known = ROLES.get(str(name).strip().lower())
    if not known:
        raise ValueError(f"unknown role {name!r}; expected system, user, assistant or tool")
    return known


def _calls(value: Any) -> str:
    """Function calls as JSON text in OpenAI's form; "" if there are none."""
    value = loaded(value)
    if not value:
        return ""
    calls = []
    for call in value if isinstance(value, list) else [value]:
        call = loaded(call)
        inner = call.get("function", call) if isinstance(call, dict) else call
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            raise ValueError("a function call without the function's name")
        arguments = loaded(inner.get("arguments", inner.get("parameters", {})))
        made = {"type": "function", "function": {"name": inner["name"], "arguments": arguments}}
        calls.append(made | ({"id": call["id"]} if isinstance(call.get("id"), str) else {}))
    return json_text(calls)


def _from_columns(turns: dict[str, Any]) -> list[Any]:
    """The list of turns in {"role": [...], "content": [...]}, or in an object that contains it."""
    for name in ("messages", "conversations", "conversation", "turns"):
        if isinstance(turns.get(name), list):
            return turns[name]
    roles = next((turns[name] for name in ROLE_NAMES if isinstance(turns.get(name), list)), None)
    texts = next((turns[name] for name in TEXT_NAMES if isinstance(turns.get(name), list)), None)
    if roles is None or texts is None or len(roles) != len(texts):
        raise ValueError(f"expected a list of turns, got an object of {', '.join(map(str, turns)) or 'nothing'}")
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]


def _thinks(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in ("thinking", "reasoning", "redacted_thinking")


def _thoughts(parts: Any) -> str:
    """The thinking parts of an answer in parts."""
    if not isinstance(parts, list):
        return ""
    texts = [part.get("thinking") or part.get("text") or "" for part in parts if _thinks(part)]
    return "\n".join(text if isinstance(text, str) else content_of(text) for text in texts)
