"""Chat templates as other people write them, one of our own for each thing they do."""

import json
from typing import Any

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.tokenizer.chat import encode_chat, encode_prompt, stop_ids
from tests.tokenizer.tokenizers import byte_level

SPECIAL = [
    "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|call|>", "<|channel|>",
    "<|end|>", "<|return|>", "<|shut|>", "<|over|>",
]  # fmt: skip
ASKS = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
TURN = "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
LOOP = "{% for m in messages %}"
PLAIN = LOOP + TURN + "{% endfor %}" + ASKS
ALTERNATE = (
    LOOP + "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
)
SPLIT = "{% set said = m['content'].split('</think>')[-1].lstrip('\n') %}"  # the thinking is dropped
DROPS = (  # thinking is dropped before the user's last turn, and a block stands in every later reply
    "{% set ns = namespace(last=-1) %}{% for m in messages %}{% if m['role'] == 'user' %}"
    "{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
    + LOOP
    + "{% if m['role'] != 'assistant' %}" + TURN + "{% else %}" + SPLIT
    + "{% set thought = '' %}{% if '</think>' in m['content'] %}"
    "{% set thought = m['content'].split('</think>')[0].split('<think>')[-1].strip() %}{% endif %}"
    "{{ '<|im_start|>assistant\n' }}"
    "{% if loop.index0 > ns.last %}{{ '<think>\n' + thought + '\n</think>\n\n' }}{% endif %}"
    "{{ said + '<|im_end|>\n' }}{% endif %}{% endfor %}"
)  # fmt: skip
TEMPLATES: dict[str, Any] = {
    "plain": PLAIN,
    "generation-marks": LOOP + "{% if m['role'] == 'assistant' %}{{ '<|im_start|>assistant\n' }}{% generation %}"
    "{{ m['content'] + '<|im_end|>\n' }}{% endgeneration %}{% else %}" + TURN + "{% endif %}{% endfor %}" + ASKS,
    "macro": "{% macro turn(m) %}" + TURN + "{% endmacro %}" + LOOP + "{{ turn(m) }}{% endfor %}" + ASKS,
    "named": {"default": PLAIN, "tool_use": "{{ '<s>' }}" + PLAIN},
    "content-in-parts": LOOP + "{{ '<|im_start|>' + m['role'] + '\n' }}{% for part in m['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}" + ASKS,
    "content-in-either": LOOP + "{{ '<|im_start|>' + m['role'] + '\n' }}{% if m['content'] is string %}"
    "{{ m['content'] }}{% else %}{{ m['content'][0]['text'] }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}" + ASKS,
    "refuses-system": "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + PLAIN,
    "drops-system": LOOP + "{% if m['role'] != 'system' %}" + TURN + "{% endif %}{% endfor %}" + ASKS,
    "alternates": ALTERNATE + TURN + "{% endfor %}" + ASKS,
    "system-before-last-question": (
        "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] + '\n\n' %}"
        "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
        + LOOP + "{% if m['role'] == 'user' %}{{ '<|user|>' }}"
        "{% if loop.last or loop.index0 + 2 == messages | length %}{{ system }}{% endif %}"
        "{{ m['content'] + '<|shut|>' }}{% else %}{{ m['content'] + '</s>' }}{% endif %}{% endfor %}"
    ),
    "thinking-block-for-later-replies": DROPS + ASKS,
    "opens-thinking": DROPS + ASKS.replace("assistant\n", "assistant\n<think>\n"),
    "closes-thinking": DROPS + ASKS.replace("assistant\n", "assistant\n<think>\n\n</think>\n\n"),
    "opens-thinking-and-drops-it": LOOP + SPLIT + "{{ '<|im_start|>' + m['role'] + '\n' + said + '<|im_end|>\n' }}"
    "{% endfor %}" + ASKS.replace("assistant\n", "assistant\n<think>\n"),
    "enable-thinking": DROPS + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}",
    "thinking-in-a-field": LOOP + "{% if m['role'] != 'assistant' %}" + TURN + "{% else %}{{ '<|im_start|>assistant' }}"
    "{% if m.reasoning_content and loop.last %}"
    "{{ '<|channel|>thoughts\n' + m.reasoning_content + '<|end|><|im_start|>assistant' }}{% endif %}"
    "{{ '<|channel|>answer\n' + m['content'] + ('<|return|>' if loop.last else '<|end|>') }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant' }}{% endif %}",
    "end-behind-the-last-reply-only": LOOP + "{{ '<|' + m['role'] + '|>' + m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}",
    "two-end-tokens": LOOP + "{{ '<|' + m['role'] + '|>' + m['content'] + '<|shut|><|over|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
    "no-generation-prompt": LOOP + "{% if m['role'] == 'assistant' %}{{ ' ' + m['content'] + eos_token }}{% else %}"
    "{{ bos_token + '<|user|>' + m['content'] + '<|tool|>' }}{% endif %}{% endfor %}",
    "header-always": LOOP + TURN + "{% endfor %}{{ '<|im_start|>assistant\n' }}",
    "another-header-in-the-prompt": LOOP + "{{ '  ' + m['role'] + ' :' + m['content'] + '</s>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}",
    "closes-a-channel-of-thought": LOOP + TURN + "{% endfor %}"
    + ASKS.replace("assistant\n", "assistant\n<|channel>thought\n<channel|>"),
    "trims": LOOP + "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] | trim + '<|im_end|>\n' }}{% endfor %}" + ASKS,
    "counts-turns": "{{ '<s>' + messages | length | string }}" + PLAIN,
    "date": "{{ 'Today: ' + strftime_now('%d %B %Y') + '\n' }}" + PLAIN,
}  # fmt: skip
ASKED = [Message("user", "What is 2 + 2?"), Message("assistant", "The answer is 4.")]
THOUGHT = "<think>\nTwo and two.\n</think>\n\nThe answer is 4."
FORMS = {
    "two turns": [*ASKED, Message("user", "Hello"), Message("assistant", "Hello you")],
    "system": [Message("system", "Be short."), *ASKED, Message("user", "Hello"), Message("assistant", "Hello you")],
    "thinking": [
        Message("user", "What is 2 + 2?"),
        Message("assistant", THOUGHT),
        Message("user", "Again?"),
        Message("assistant", THOUGHT),
    ],
    "user twice": [Message("user", "Hello"), *ASKED],
    "empty reply": [Message("user", "Hello"), Message("assistant", ""), *ASKED],
}
# what differs from transformers: it refuses or drops what is folded, and its text lacks what the prompt opens
OTHERWISE = {
    ("refuses-system", "system"),
    ("drops-system", "system"),
    ("alternates", "system"),
    ("alternates", "user twice"),
    *(("opens-thinking-and-drops-it", form) for form in FORMS),
    *(("counts-turns", form) for form in FORMS),
    *(("another-header-in-the-prompt", form) for form in FORMS),
    *(("closes-a-channel-of-thought", form) for form in FORMS),
    *(("closes-thinking", form) for form in FORMS),  # a token of two line ends would reach over the prompt's end
    ("system-before-last-question", "user twice"),
}
# what is learnt of the last reply, where it is more than the answer and its end
LAST = {
    ("opens-thinking", "two turns"): "\n</think>\n\nHello you<|im_end|>",
    ("opens-thinking", "thinking"): "Two and two.\n</think>\n\nThe answer is 4.<|im_end|>",
    ("opens-thinking-and-drops-it", "two turns"): "\n</think>\n\nHello you<|im_end|>",
    ("opens-thinking-and-drops-it", "thinking"): "Two and two.\n</think>\n\nThe answer is 4.<|im_end|>",
    ("closes-thinking", "two turns"): "Hello you<|im_end|>",
    ("closes-thinking", "thinking"): "The answer is 4.<|im_end|>",
    ("thinking-block-for-later-replies", "two turns"): "<think>\n\n</think>\n\nHello you<|im_end|>",
    ("enable-thinking", "thinking"): THOUGHT + "<|im_end|>",
    ("thinking-in-a-field", "two turns"): "<|channel|>answer\nHello you<|return|>",
    ("thinking-in-a-field", "thinking"): "<|channel|>thoughts\nTwo and two.<|end|><|im_start|>assistant"
    "<|channel|>answer\nThe answer is 4.<|return|>",
    ("two-end-tokens", "two turns"): "Hello you<|shut|><|over|>",
    ("end-behind-the-last-reply-only", "two turns"): "Hello you\n</s>",
    ("another-header-in-the-prompt", "two turns"): "Hello you</s>",
    ("closes-a-channel-of-thought", "two turns"): "Hello you<|im_end|>",
    ("closes-a-channel-of-thought", "thinking"): "The answer is 4.<|im_end|>",
    ("plain", "thinking"): THOUGHT + "<|im_end|>",
}
MADE = {name: byte_level(template, SPECIAL, bos_token="<s>", eos_token="</s>") for name, template in TEMPLATES.items()}


def learnt(tokenizer: Any, messages: list[Message], tools: str = "") -> list[str]:
    """What is learnt, one text for every unbroken stretch."""
    tokens, mask = encode_chat(tokenizer, messages, tools)
    spans: list[list[int]] = []
    for position, (token, on) in enumerate(zip(tokens, mask, strict=True)):
        if on and not (position and mask[position - 1]):
            spans.append([])
        if on:
            spans[-1].append(token)
    return [tokenizer.decode(span) for span in spans]


def by_transformers(tokenizer: Any, name: str, messages: list[Message], tools: str = "") -> list[int] | None:
    turns: list[dict[str, Any]] = []
    for message in messages:
        turn: dict[str, Any] = {"role": message.role, "content": message.content}
        if name == "thinking-in-a-field" and "</think>" in message.content:
            thinking, answer = message.content.removeprefix("<think>").split("</think>")
            turn |= {"content": answer.strip(), "reasoning_content": thinking.strip()}
        if name == "content-in-parts":
            turn["content"] = [{"type": "text", "text": message.content}]
        if message.tool_calls:
            turn["tool_calls"] = json.loads(message.tool_calls)
        turns.append(turn)
    return tokenizer.apply_chat_template(turns, tools=json.loads(tools) if tools else None, return_dict=False)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_form_trains_as_it_is_sampled_and_as_transformers_writes_it(name: str, form: str) -> None:
    tokenizer, messages = MADE[name], FORMS[form]
    tokens, mask = encode_chat(tokenizer, messages)
    prompt = encode_prompt(tokenizer, messages[:-1])
    assert tokens[: len(prompt)] == prompt and mask[len(prompt)] and not mask[len(prompt) - 1]
    spans = learnt(tokenizer, messages)
    assert len(spans) == sum(message.role == "assistant" for message in messages)
    said = [token for token, on in zip(tokens, mask, strict=True) if on]
    assert said[-1] in stop_ids(tokenizer)
    for message, span in zip((m for m in messages if m.role == "assistant"), spans, strict=True):
        assert message.content.split("</think>")[-1].strip() in span
        assert "What is" not in span and "<|user|>" not in span
    if (name, form) not in OTHERWISE:
        assert tokens == by_transformers(tokenizer, name, messages)
    if (name, form) in LAST:
        assert spans[-1] == LAST[name, form]


@pytest.mark.parametrize("name", ["refuses-system", "drops-system", "alternates"])
def test_a_system_message_is_folded_into_the_users_turn(name: str) -> None:
    text = MADE[name].decode(encode_prompt(MADE[name], FORMS["system"][:2]))
    assert "<|im_start|>user\nBe short.\n\nWhat is 2 + 2?<|im_end|>" in text


def test_turns_of_the_user_are_joined_where_roles_must_alternate() -> None:
    text = MADE["alternates"].decode(encode_prompt(MADE["alternates"], FORMS["user twice"][:2]))
    assert text == "<|im_start|>user\nHello\n\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n"
    with pytest.raises(
        HornbookError, match=r"rejects turns with the roles user, assistant, assistant \(.*roles must alternate\)"
    ):
        encode_chat(MADE["alternates"], [*ASKED, ASKED[1]])


def test_end_tokens_are_those_that_the_template_writes() -> None:
    for name, expected in {
        "plain": {"<|im_end|>", "<|end|>", "<|return|>", "</s>"},
        "two-end-tokens": {"<|over|>", "<|im_end|>", "<|end|>", "<|return|>", "</s>"},
        "thinking-in-a-field": {"<|im_end|>", "<|return|>", "</s>"},  # <|end|> stands between thinking and answer
    }.items():
        assert set(MADE[name].convert_ids_to_tokens(stop_ids(MADE[name]))) == expected


END_LOOP = "{% endfor %}" + ASKS
LISTED = "{% if tools %}{% for t in tools %}{{ '<|tool|>' + t.function.name + '\n' }}{% endfor %}{% endif %}"
NINE = (
    "{% for c in m.tool_calls or [] %}{% if c.id is undefined or c.id | length != 9 %}"
    "{{ raise_exception('ids have nine characters') }}{% endif %}{% endfor %}"
)


def with_calls(arguments: str) -> str:
    """Turns, of which those with calls are written as <|call|>NAME and `arguments`."""
    calls = "{% for c in m.tool_calls %}{{ '<|call|>' + c.function.name }}" + arguments + "{% endfor %}"
    begin = "{{ '<|im_start|>assistant\n' + m['content'] }}"
    return "{% if m.tool_calls %}" + begin + calls + "{{ '<|im_end|>\n' }}{% else %}" + TURN + "{% endif %}"


TOOL_TEMPLATES = {
    "objects": LISTED + LOOP + with_calls("{{ c.function.arguments | tojson }}") + END_LOOP,
    "items": LISTED
    + LOOP
    + with_calls("{% for k, v in c.function.arguments | items %}{{ k + '=' + v }}{% endfor %}")
    + END_LOOP,
    "texts": LISTED + LOOP + with_calls("{{ '' + c.function.arguments }}") + END_LOOP,
    "asks-for-ids": LISTED + LOOP + NINE + with_calls("{{ c.function.arguments | tojson }}") + END_LOOP,
    "no-tools": PLAIN,
    "no-tool-role": LOOP + "{% if m['role'] in ['user', 'assistant', 'system'] %}" + TURN + "{% endif %}" + END_LOOP,
    "refuses-tools": LOOP
    + "{% if m['role'] == 'tool' or m.tool_calls %}{{ raise_exception('no tools') }}{% endif %}"
    + TURN
    + END_LOOP,
    "alternates": ALTERNATE + TURN + END_LOOP,
}
WEATHER = json.dumps([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}])
CALLING = [
    Message("user", "Weather in Paris?"),
    Message("assistant", "", tool_calls='[{"function": {"name": "weather", "arguments": {"city": "Paris"}}}]'),
    Message("tool", "20 degrees", name="weather"),
    Message("assistant", "It is 20 degrees."),
]
FOLDED = '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call><|im_end|>'
LEARNT_CALLS = {
    "objects": '<|call|>weather{"city": "Paris"}<|im_end|>',
    "items": "<|call|>weathercity=Paris<|im_end|>",
    "texts": '<|call|>weather{"city": "Paris"}<|im_end|>',
    "asks-for-ids": '<|call|>weather{"city": "Paris"}<|im_end|>',
    "no-tools": FOLDED,
    "no-tool-role": FOLDED,
    "refuses-tools": FOLDED,
    "alternates": FOLDED,
}


@pytest.mark.parametrize("name", TOOL_TEMPLATES)
def test_calls_and_results_of_tools_pass_or_are_folded(name: str) -> None:
    tokenizer = byte_level(TOOL_TEMPLATES[name], SPECIAL, bos_token="<s>", eos_token="</s>")
    spans = learnt(tokenizer, CALLING, WEATHER)
    assert [span.removeprefix("\n") for span in spans] == [LEARNT_CALLS[name], "It is 20 degrees.<|im_end|>"]
    tokens, _ = encode_chat(tokenizer, CALLING, WEATHER)
    text = tokenizer.decode(tokens)
    assert "20 degrees" in text.split("It is")[0]  # the result
    assert "weather" in text.split("Weather in Paris")[0]  # what can be called
    for turn in (1, 3):
        prompt = encode_prompt(tokenizer, CALLING[:turn], WEATHER)
        assert tokens[: len(prompt)] == prompt


def test_roles_that_nobody_knows_are_named() -> None:
    with pytest.raises(HornbookError, match="no role 'narrator'; expected one of system, user, assistant, tool"):
        encode_prompt(MADE["plain"], [Message("narrator", "Once.")])
    developer = [Message("developer", "Be short."), *ASKED]
    system = [Message("system", "Be short."), *ASKED]
    assert encode_chat(MADE["plain"], developer) == encode_chat(MADE["plain"], system)


def test_replies_that_are_not_to_be_learnt() -> None:
    greeting = [Message("assistant", "Welcome."), *ASKED]
    assert learnt(MADE["plain"], greeting) == ["The answer is 4.<|im_end|>"]
    unweighted = [Message("user", "Hello"), Message("assistant", "No.", weight=0), *ASKED]
    assert learnt(MADE["plain"], unweighted) == ["The answer is 4.<|im_end|>"]


@pytest.mark.parametrize("text", ["not JSON", '["a name"]', "3"])
def test_calls_that_are_none_are_refused(text: str) -> None:
    bad = [Message("user", "Hello"), Message("assistant", "", tool_calls=text)]
    with pytest.raises(HornbookError, match=r"tool_calls: (not JSON|expected a list)"):
        encode_chat(MADE["plain"], bad)


def test_a_template_that_writes_no_replies_is_refused() -> None:
    silent = byte_level(LOOP + "{% if m['role'] == 'user' %}" + TURN + "{% endif %}{% endfor %}", SPECIAL)
    with pytest.raises(HornbookError, match="does not write what the assistant says"):
        encode_chat(silent, ASKED)


def test_thinking_that_does_not_end_is_refused_where_the_prompt_opens_it() -> None:
    cut_off = [Message("user", "Hello"), Message("assistant", "<think>Two and")]
    with pytest.raises(HornbookError, match="thinking does not end"):
        encode_chat(MADE["opens-thinking-and-drops-it"], cut_off)
