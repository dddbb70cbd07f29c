"""What the assistant says is learnt, with the token that ends it, and nothing else: under other models' templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase as Tokenizer

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.chat import encode_chat, encode_prompt, give_chatml, stop_ids
from hornbook.tokenizer.chatml import CHAT_TEMPLATE
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe

LOOP = "{% for m in messages %}"
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA_3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim"
    " + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = '<|begin_of_text|>' + content %}{% endif %}"
    "{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
QWEN_3 = (  # the last reply begins with an empty thought, earlier ones do not
    LOOP + "{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% if m['role'] == 'assistant' and loop.last %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
STRIPS_SYSTEM = (
    LOOP + "{% if m['role'] != 'system' %}{{ '<|im_start|>' + m['role'] + m['content'] + '<|im_end|>' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant' }}{% endif %}"
)
ENDS_AFTER_USER_ONLY = (
    LOOP + "{% if m['role'] == 'assistant' %}{{ 'A: ' + m['content'] + '\n' }}"
    "{% else %}{{ 'Q: ' + m['content'] + '<|im_end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'A: ' }}{% endif %}"
)
END_AT_THE_END_ONLY = (
    LOOP + "{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% elif messages[-1]['role'] == 'assistant' %}"
    "{{ '<|endoftext|>' }}{% endif %}"
)
NO_GENERATION_PROMPT = (
    LOOP + "{% if m['role'] == 'assistant' %}{{ m['content'] + '<|endoftext|>' }}"
    "{% else %}{{ '[INST]' + m['content'] + '[/INST]' }}{% endif %}{% endfor %}"
)
# what is learnt of each reply but the last, and of the last; `{}` is the reply
TEMPLATES = {
    "chatml": (CHAT_TEMPLATE, "{}<|im_end|>", "{}<|im_end|>"),
    "smollm2": (SMOLLM2, "{}<|im_end|>", "{}<|im_end|>"),
    "llama-3": (LLAMA_3, "{}<|eot_id|>", "{}<|eot_id|>"),
    "qwen-3": (QWEN_3, "{}<|im_end|>", "<think>\n\n</think>\n\n{}<|im_end|>"),
    "strips-system": (STRIPS_SYSTEM, "{}<|im_end|>", "{}<|im_end|>"),
    "ends-after-user-only": (ENDS_AFTER_USER_ONLY, "{}\n", "{}\n"),
    "end-at-the-end-only": (END_AT_THE_END_ONLY, "{}\n", "{}\n<|endoftext|>"),
    "no-generation-prompt": (NO_GENERATION_PROMPT, "{}<|endoftext|>", "{}<|endoftext|>"),
}


def made(template: str | None) -> Tokenizer:
    tokenizer = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=300), ["some text"]))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|eot_id|>", "<|start_header_id|>"]})
    tokenizer.chat_template = template
    return tokenizer


TOKENIZERS = {name: made(template) for name, (template, _, _) in TEMPLATES.items()}
TEXTS = st.one_of(
    st.text(max_size=12),
    st.lists(st.sampled_from(["<|im_end|>", "<|eot_id|>", "<|endoftext|>", "assistant", "\n", " ", "A: ", "é"])).map(
        "".join
    ),
)


@pytest.mark.parametrize("name", TEMPLATES)
@given(system=st.none() | TEXTS, texts=st.lists(TEXTS, min_size=2, max_size=6))
def test_the_mask_covers_exactly_the_replies_and_their_ends(name: str, system: str | None, texts: list[str]) -> None:
    _, earlier, last = TEMPLATES[name]
    tokenizer = TOKENIZERS[name]
    texts = texts[: len(texts) // 2 * 2]
    messages = [Message("assistant" if turn % 2 else "user", text) for turn, text in enumerate(texts)]
    if system is not None:
        messages = [Message("system", system), *messages]
    tokens, mask = encode_chat(tokenizer, messages)
    spans = []  # what is learnt, one entry for every unbroken stretch
    for position, (token, on) in enumerate(zip(tokens, mask, strict=True)):
        if on and (position == 0 or not mask[position - 1]):
            spans.append([])
        if on:
            spans[-1].append(token)
    replies = [text.strip() if name == "llama-3" else text for text in texts[1::2]]
    expected = [earlier.format(reply) for reply in replies[:-1]] + [last.format(replies[-1])]
    assert [tokenizer.decode(span) for span in spans] == expected
    for turn, message in enumerate(messages):
        if message.role == "assistant":  # each begins where sampling would
            prompt = encode_prompt(tokenizer, messages[:turn])
            assert tokens[: len(prompt)] == prompt


def test_giving_chatml_adds_the_tokens_that_are_missing_and_keeps_the_others() -> None:
    ours = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=300), ["some text"]))
    ours.chat_template = None
    assert give_chatml(ours) == []
    assert ours.chat_template == CHAT_TEMPLATE
    plain = made(LLAMA_3)
    size = len(plain)
    vocabulary = dict(plain.get_vocab())
    assert give_chatml(plain) == []
    assert len(plain) == size and plain.get_vocab() == vocabulary
    bare = TOKENIZERS["smollm2"].__class__(tokenizer_object=_bytes_only(), eos_token="a")
    with pytest.raises(HornbookError, match="no chat template"):
        encode_chat(bare, [Message("user", "x"), Message("assistant", "y")])
    assert give_chatml(bare) == [256, 257, 258]
    tokens, mask = encode_chat(bare, [Message("user", "<|im_end|>"), Message("assistant", "y")])
    assert [token for token in tokens if token > 255] == [256, 257, 258, 256, 257, 258]
    assert tokens[-1] == 258 and mask[-2:] == [True, True] and sum(mask) == 2
    assert 258 in stop_ids(bare)


def _bytes_only():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: id for id, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
