"""Tokenizers that put a space in front of a text: what is learnt is what would be sampled."""

import pytest

from hornbook.base.records import Message
from hornbook.tokenizer.chat import encode_chat, encode_prompt
from tests.tokenizer.tokenizers import byte_level, sentencepiece

SPECIAL = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]
LOOP = "{% for m in messages %}"
ASKED = "{% if add_generation_prompt %}"
TEMPLATES = {
    "zephyr": (
        LOOP + "{{ '<|' + m['role'] + '|>\n' + m['content'] + eos_token + '\n' }}{% endfor %}"
        + ASKED + "{{ '<|assistant|>\n' }}{% endif %}"
    ),
    "chatml": (
        LOOP + "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
        + ASKED + "{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "inst": (
        "{{ bos_token }}" + LOOP + "{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
        "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
    ),
    "colon": (
        LOOP + "{{ m['role'].upper() + ': ' + m['content'] + eos_token }}{% endfor %}"
        + ASKED + "{{ 'ASSISTANT: ' }}{% endif %}"
    ),
}  # fmt: skip
CHAT = [
    Message("user", "Hello you"),
    Message("assistant", "The answer is 4."),
    Message("user", "What is 2 + 2? Write </s> behind it"),
    Message("assistant", "Hello you"),
]


@pytest.mark.parametrize("style", ["legacy", "first", "always"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_replies_are_learnt_as_they_would_be_sampled(name: str, style: str) -> None:
    tokenizer = sentencepiece(TEMPLATES[name], SPECIAL, style=style, bos_token="<s>", eos_token="</s>")
    tokens, mask = encode_chat(tokenizer, CHAT)
    for turn in (1, 3):
        prompt = encode_prompt(tokenizer, CHAT[:turn])
        assert tokens[: len(prompt)] == prompt and mask[len(prompt)]
    harmless = [CHAT[0], CHAT[1], Message("user", "What is 2 + 2?"), CHAT[3]]
    turns = [{"role": message.role, "content": message.content} for message in harmless]
    theirs = tokenizer.apply_chat_template(turns, return_dict=False)
    assert encode_chat(tokenizer, harmless)[0] == theirs
    said = tokenizer.decode([token for token, on in zip(tokens, mask, strict=True) if on])
    assert " ".join(said.split()).replace(" </s>", "</s>") in (
        "The answer is 4.</s>Hello you</s>",
        "The answer is 4.</s> Hello you</s>",
        "The answer is 4.<|im_end|>Hello you<|im_end|>",
    )


def test_no_space_is_learnt_that_nobody_wrote() -> None:
    tokenizer = sentencepiece(TEMPLATES["chatml"], SPECIAL, style="first", bos_token="<s>", eos_token="</s>")
    tokens, mask = encode_chat(tokenizer, [*CHAT[:1], Message("assistant", "<s>you")])
    pieces = tokenizer.convert_ids_to_tokens([token for token, on in zip(tokens, mask, strict=True) if on])
    assert "".join(pieces) == "<0x3C>s<0x3E>you<|im_end|>"


def test_no_token_reaches_over_the_end_of_a_prompt() -> None:
    template = "{% for m in messages %}{{ m['role'].upper() + ': ' + m['content'] + eos_token }}{% endfor %}"
    asks = "{% if add_generation_prompt %}{{ 'ASSISTANT: ' }}{% endif %}"
    tokenizer = byte_level(template + asks, SPECIAL, bos_token="<s>", eos_token="</s>")
    turns = [{"role": message.role, "content": message.content} for message in CHAT]
    assert "ĠThe" in tokenizer.tokenize(tokenizer.apply_chat_template(turns, tokenize=False))
    tokens, mask = encode_chat(tokenizer, CHAT)
    for turn in (1, 3):
        prompt = encode_prompt(tokenizer, CHAT[:turn])
        assert tokens[: len(prompt)] == prompt and mask[len(prompt)] and not mask[len(prompt) - 1]
