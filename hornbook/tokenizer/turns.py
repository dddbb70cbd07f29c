"""Convert messages to turns that a chat template supports.

Unsupported messages are rewritten, in the same way for every prefix of a conversation: a system message goes to the
beginning of the user's next turn, tool calls and results are written in the Hermes format.
"""

import json
from typing import Any

from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.records import Message
from hornbook.base.thinking import split_thinking
from hornbook.tokenizer.chat_template import TemplateFeatures, Turn, template_features, tokenizer_name, writes_role
from hornbook.tokenizer.token_spans import mark_special_tokens

ROLES = ("system", "user", "assistant", "tool")
BETWEEN = "\n\n"  # separates joined turns


def as_turns(
    tokenizer: PreTrainedTokenizerBase, template: str, messages: list[Message], tools: list[Any]
) -> list[tuple[Turn, bool]]:
    """The turns for `template`, each with whether it is an assistant's turn to train on.

    `tools` are put into the system message if the template does not support them. Special tokens in messages are
    replaced by marks. Raises HornbookError for an unknown role, and for calls that are not JSON.
    """
    able = template_features(tokenizer, template)
    if tools and not able.tools:
        messages = _with_tools(messages, tools)
    turns: list[tuple[Turn, bool]] = []
    turn: Turn
    joins = False  # whether the user's next turn is joined to the previous one
    for index, message in enumerate(messages):
        role = _role(tokenizer, template, message.role)
        folded = role == "system" and not (able.later_system if index else able.system)
        if role == "tool" and not able.tool:
            turn = {"role": "user", "content": f"<tool_response>\n{message.content}\n</tool_response>"}
        elif folded:
            turn = {"role": "user", "content": message.content}
        elif role == "assistant":
            turn = _reply(message, able, index)
        else:
            turn = {"role": role, "content": message.content}
            turn |= {key: message[key] for key in ("name", "tool_call_id") if message[key]}
            if role == "tool" and not message.tool_call_id:
                turn["tool_call_id"] = _call_id(turns)
        turn = _unspelt(tokenizer, turn, by_assistant=role == "assistant")
        after_user = bool(turns) and turns[-1][0]["role"] == "user"
        if turn["role"] == "user" and after_user and (joins or not able.user_runs):
            turns[-1][0]["content"] += BETWEEN + turn["content"]
        else:
            turns.append((turn, role == "assistant" and message.weight > 0))
        joins = folded
    if able.parts:
        return [(turn | {"content": [{"type": "text", "text": turn["content"]}]}, learn) for turn, learn in turns]
    return turns


def read_tools(tools: str) -> list[Any]:
    """The functions in a JSON text, in the form of OpenAI's API. Raises HornbookError unless it is a list of them."""
    if not tools:
        return []
    try:
        found = json.loads(tools)
    except ValueError as error:
        raise HornbookError(f"tools: not JSON ({one_line(error)})") from None
    found = found if isinstance(found, list) else [found]
    if not all(isinstance(tool, dict) for tool in found):
        raise HornbookError('tools: expected a list of functions, each {"type": "function", "function": {...}}')
    return [tool if "function" in tool else {"type": "function", "function": tool} for tool in found]


def _role(tokenizer: PreTrainedTokenizerBase, template: str, role: str) -> str:
    if role in ROLES or writes_role(tokenizer, template, role):
        return role
    if role == "developer":
        return "system"
    raise HornbookError(
        f"{tokenizer_name(tokenizer)}: its chat template has no role '{role}'; expected one of {', '.join(ROLES)}"
    )


def _with_tools(messages: list[Message], tools: list[Any]) -> list[Message]:
    listed = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
    text = f"These functions can be called:\n<tools>\n{listed}\n</tools>"
    if messages and messages[0].role == "system":
        return [Message("system", messages[0].content + BETWEEN + text), *messages[1:]]
    return [Message("system", text), *messages]


def _reply(message: Message, able: TemplateFeatures, index: int) -> Turn:
    """An assistant's turn, with calls in the form that the template supports, or in its content."""
    turn: Turn = {"role": "assistant", "content": message.content}
    if able.thinking and (parts := split_thinking(message.content)).thinking and parts.answer is not None:
        turn |= {"content": parts.answer.strip(), "reasoning_content": parts.thinking}
    calls = _calls(message, index)
    if calls and able.calls:
        for call in calls:
            arguments = call["function"].get("arguments")
            if able.calls == "texts" and not isinstance(arguments, str):
                call["function"]["arguments"] = json.dumps(arguments, ensure_ascii=False)
        turn["tool_calls"] = calls
    elif calls:
        written = [json.dumps(call["function"], ensure_ascii=False) for call in calls]
        blocks = [f"<tool_call>\n{text}\n</tool_call>" for text in written]
        turn["content"] = "\n".join([turn["content"], *blocks] if turn["content"] else blocks)
    return turn


def _calls(message: Message, index: int) -> list[Any]:
    """The calls of a turn, each {"id", "type", "function": {"name", "arguments"}}, an object of arguments."""
    if not message.tool_calls:
        return []
    try:
        found = json.loads(message.tool_calls)
    except ValueError as error:
        raise HornbookError(f"tool_calls: not JSON ({one_line(error)})") from None
    calls = []
    for number, call in enumerate(found if isinstance(found, list) else [found]):
        function = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise HornbookError('tool_calls: expected a list of {"function": {"name": ..., "arguments": ...}}')
        arguments = function.get("arguments", {})
        if isinstance(arguments, str):
            try:
                parsed = json.loads(arguments)
            except ValueError:
                parsed = None  # kept as text, since not every model writes JSON
            arguments = parsed if isinstance(parsed, dict) else arguments
        name = str(call.get("id") or f"call{index % 1000:03}{number % 100:02}")  # Mistral needs nine characters
        calls.append({"id": name, "type": "function", "function": {"name": function["name"], "arguments": arguments}})
    return calls


def _call_id(turns: list[tuple[Turn, bool]]) -> str:
    """The id of the call that the next tool result answers: results are in the order of the calls."""
    answered = 0
    for turn, _ in reversed(turns):
        if turn["role"] == "tool":
            answered += 1
        else:
            calls = turn.get("tool_calls", [])
            return str(calls[min(answered, len(calls) - 1)]["id"]) if calls else "call00000"
    return "call00000"


def _unspelt(tokenizer: PreTrainedTokenizerBase, value: Any, by_assistant: bool) -> Any:
    """A value with marks in its texts, except field names."""
    if isinstance(value, str):
        return mark_special_tokens(tokenizer, value, by_assistant)
    if isinstance(value, dict):
        return {key: text if key == "role" else _unspelt(tokenizer, text, by_assistant) for key, text in value.items()}
    if isinstance(value, list):
        return [_unspelt(tokenizer, text, by_assistant) for text in value]
    return value
