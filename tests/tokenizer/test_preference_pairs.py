"""Preferences as text become the very ids that the model would be sampled in."""

import pytest
from transformers import PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.data.readers.pairs import TextPair
from hornbook.tokenizer.chat import encode_chat, encode_prompt, stop_ids
from hornbook.tokenizer.preference_pairs import encode_pair
from tests.tokenizer.tokenizers import byte_level, sentencepiece

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
INST = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
)
U, A, B = Message("user", "What is 2 + 2?"), Message("assistant", "4."), Message("assistant", "The answer is 5.")


def chat() -> PreTrainedTokenizerBase:
    return byte_level(CHATML, ["<|im_start|>", "<|im_end|>"], eos_token="<|im_end|>")


def llama() -> PreTrainedTokenizerBase:
    return sentencepiece(INST, ["<s>", "</s>"], adds_bos=True, bos_token="<s>", eos_token="</s>")


def base() -> PreTrainedTokenizerBase:
    return byte_level(None, ["<s>", "</s>"], adds_bos=True, bos_token="<s>", eos_token="</s>")


@pytest.mark.parametrize("make", [chat, llama])
def test_plain_and_conversational_pairs_are_the_same_ids(make: type) -> None:
    tokenizer = make()
    plain = TextPair(id="1", prompt=U.content, chosen=A.content, rejected=B.content)
    turns = TextPair(id="1", prompt=[U], chosen=[A], rejected=[B, U, A])
    pair = encode_pair(plain, tokenizer)
    assert encode_pair(turns, tokenizer) == pair and pair.ends
    assert pair.prompt_tokens == encode_prompt(tokenizer, [U])
    for side, reply in ((pair.chosen_tokens, A), (pair.rejected_tokens, B)):
        whole, _ = encode_chat(tokenizer, [U, reply])
        assert whole[: len(pair.prompt_tokens) + len(side)] == pair.prompt_tokens + side
        assert side[-1] in stop_ids(tokenizer)


def test_a_base_model_goes_on_from_the_prompt_and_ends() -> None:
    tokenizer = base()
    pair = encode_pair(TextPair(id="1", prompt="2 + 2 =", chosen=" 4", rejected=" 5"), tokenizer)
    assert tokenizer.decode(pair.prompt_tokens) == "<s>2 + 2 =" and tokenizer.decode(pair.chosen_tokens) == " 4</s>"
    with pytest.raises(HornbookError, match="without a chat template"):
        encode_pair(TextPair(id="1", prompt=[U, A, U], chosen=[A], rejected=[B]), tokenizer)


def test_a_step_stands_behind_those_before_it_and_does_not_end() -> None:
    tokenizer = chat()
    step = TextPair(id="1", prompt="q", begun="Step 1.\n", chosen="Step 2: 4", rejected="Step 2: 5", ends=False)
    pair = encode_pair(step, tokenizer)
    assert tokenizer.decode(pair.prompt_tokens).endswith("<|im_start|>assistant\nStep 1.\n")
    assert tokenizer.decode(pair.chosen_tokens) == "Step 2: 4" and not pair.ends


def test_sides_that_the_template_makes_equal_are_no_pair() -> None:
    trimmed = CHATML.replace("m['content']", "m['content'] | trim")
    tokenizer = byte_level(trimmed, ["<|im_start|>", "<|im_end|>"], eos_token="<|im_end|>")
    with pytest.raises(HornbookError, match="both sides are equal"):
        encode_pair(TextPair(id="1", prompt="q", chosen="4 ", rejected="4"), tokenizer)
