"""Render a tokenizer's chat template, and detect which features it supports."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import jinja2
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError, one_line
from hornbook.tokenizer.template_dates import dated, run_date

Turn = dict[str, Any]  # a message as transformers passes it to a template

WORDS = ("qzva", "qzvb", "qzvc")  # test words that no template contains
CALL = {"name": WORDS[0], "arguments": {"qzarg": WORDS[1]}}
TOOL = {"type": "function", "function": {"name": WORDS[0], "description": "d", "parameters": {"type": "object"}}}
FAULTS = (jinja2.TemplateError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class TemplateRefused(HornbookError):
    """The template rejects these turns; the message has its own reason."""


@dataclass(frozen=True)
class TemplateFeatures:
    """The features that a template supports; `turns` rewrites messages that need others.

    Attributes:
        parts: whether content must be a list of parts.
        calls: form of a call's arguments: objects, JSON text, or not supported.
        thinking: whether thinking is a field of its own.
    """

    parts: bool
    system: bool
    later_system: bool
    calls: Literal["objects", "texts", ""]
    tool: bool
    tools: bool
    user_runs: bool
    thinking: bool


def template_of(tokenizer: PreTrainedTokenizerBase, tools: bool = False) -> str:
    """The template that transformers would use; of several named ones "default", or "tool_use" if there are tools.

    Raises HornbookError without one.
    """
    if not tokenizer.chat_template:
        raise HornbookError(
            f"{tokenizer_name(tokenizer)}: this tokenizer has no chat template; use one of a chat model"
        )
    try:
        return str(tokenizer.get_chat_template(tools=[TOOL] if tools else None))
    except ValueError as error:
        raise HornbookError(f"{tokenizer_name(tokenizer)}: no usable chat template ({one_line(error)})") from None


def render_template(
    tokenizer: PreTrainedTokenizerBase,
    template: str,
    turns: list[Turn],
    *,
    tools: list[Any] | None = None,
    prompt: bool = False,
    moment: datetime | None = None,
) -> str:
    """The rendered text of `turns`; with `prompt`, up to where the assistant's reply begins.

    `moment` is the date for templates that write one. Raises TemplateRefused.
    """
    template, variables = dated(template, moment or run_date(tokenizer))
    try:
        return str(
            tokenizer.apply_chat_template(
                turns,
                tools=tools,
                chat_template=template,
                tokenize=False,
                add_generation_prompt=prompt,
                **variables,
            )
        )
    except FAULTS as error:
        roles = ", ".join(turn["role"] for turn in turns) or "none"
        reason = f"its chat template rejects turns with the roles {roles} ({one_line(error)})"
        raise TemplateRefused(f"{tokenizer_name(tokenizer)}: {reason}") from None


def call_turn(name: str, arguments: Any, content: str = "") -> Turn:
    """An assistant's turn that calls one function, in the form of OpenAI's API."""
    call = {"id": "call00000", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": content, "tool_calls": [call]}


@lru_cache(maxsize=16)
def template_features(tokenizer: PreTrainedTokenizerBase, template: str) -> TemplateFeatures:
    """The features of `template`, detected by rendering short conversations."""
    user, reply = {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}
    arguments = CALL["arguments"]

    def writes(*turns: Turn, words: int = 1, tools: list[Any] | None = None) -> bool:
        try:
            text = render_template(
                tokenizer, template, [_in_parts(turn) if parts else turn for turn in turns], tools=tools
            )
        except TemplateRefused:
            return False
        return all(word in text for word in WORDS[:words])

    parts = False
    if not writes({"role": "user", "content": WORDS[0]}):
        parts = True
        parts = writes({"role": "user", "content": WORDS[0]})
    system = {"role": "system", "content": WORDS[0]}
    calls: Literal["objects", "texts", ""] = ""
    if writes(user, call_turn(WORDS[0], arguments), words=2):
        calls = "objects"
    elif writes(user, call_turn(WORDS[0], json.dumps(arguments)), words=2):
        calls = "texts"
    called = call_turn("f", json.dumps(arguments) if calls == "texts" else arguments) if calls else reply
    thought = {"role": "assistant", "content": WORDS[0], "reasoning_content": WORDS[1]}
    return TemplateFeatures(
        parts=parts,
        system=writes(system, user),
        later_system=writes(user, reply, system, user),
        calls=calls,
        tool=writes(user, called, {"role": "tool", "content": WORDS[0], "tool_call_id": "call00000", "name": "f"}),
        tools=writes(user, tools=[TOOL]),
        user_runs=writes({"role": "user", "content": WORDS[0]}, {"role": "user", "content": WORDS[1]}, words=2),
        thinking="</think>" not in template and writes(user, thought, words=2),
    )


@lru_cache(maxsize=64)
def writes_role(tokenizer: PreTrainedTokenizerBase, template: str, role: str) -> bool:
    """Whether the template supports an unusual role: it contains its name, and writes its content."""
    if role not in template:
        return False
    try:
        turns = [{"role": role, "content": WORDS[0]}, {"role": "user", "content": "u"}]
        return WORDS[0] in render_template(tokenizer, template, turns)
    except TemplateRefused:
        return False


def _in_parts(turn: Turn) -> Turn:
    return turn | {"content": [{"type": "text", "text": turn["content"]}]}


def tokenizer_name(tokenizer: PreTrainedTokenizerBase) -> str:
    return tokenizer.name_or_path or type(tokenizer).__name__
