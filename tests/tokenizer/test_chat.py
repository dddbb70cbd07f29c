"""Conversations as tokens: what is masked, that nobody can forge a turn, and that training sees what sampling sees."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase as Tokenizer

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.base.workspace import Workspace
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.chat import encode_chat, encode_prompt, load_tokenizer, plain_prompt, plain_text, stop_ids
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import tokenizer, train_bpe

CHAT = [Message("user", "What is 2 + 2?"), Message("assistant", "It is 4.\nAnswer: 4")]
LONGER = [Message("system", "Be brief."), *CHAT, Message("user", "Sure?"), Message("assistant", " Yes.")]
QWEN = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] | trim + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
REFUSES = "{{ raise_exception('say please') }}"
BACKWARDS = "{% for m in messages | reverse %}{{ m['content'] }}{% endfor %}"


@pytest.fixture(scope="module")
def chatml(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    work = Workspace(tmp_path_factory.mktemp("chat"))
    tokenizer(TokenizerSettings(vocab_size=600), work, documents=[corpus])
    return load_tokenizer(work.path)


def with_template(template: str | None) -> Tokenizer:
    made = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=300), ["some text"]))
    made.chat_template = template
    return made


def spoken(tokenizer: Tokenizer, messages: list[Message]) -> str:
    tokens, mask = encode_chat(tokenizer, messages)
    assert len(tokens) == len(mask)
    return tokenizer.decode([token for token, on in zip(tokens, mask, strict=True) if on])


def test_the_format_is_phi4s(chatml: Tokenizer) -> None:
    tokens, _ = encode_chat(chatml, CHAT)
    assert chatml.decode(tokens) == (
        "<|im_start|>user<|im_sep|>What is 2 + 2?<|im_end|><|im_start|>assistant<|im_sep|>It is 4.\nAnswer: 4<|im_end|>"
    )
    assert chatml.decode(encode_prompt(chatml, CHAT[:1])).endswith("<|im_end|><|im_start|>assistant<|im_sep|>")


def test_the_mask_is_on_replies_and_their_end_tokens_only(chatml: Tokenizer) -> None:
    assert spoken(chatml, LONGER) == "It is 4.\nAnswer: 4<|im_end|> Yes.<|im_end|>"
    assert spoken(chatml, CHAT[:1]) == ""


def test_transformers_computes_the_same_tokens_and_mask(chatml: Tokenizer) -> None:
    turns = [{"role": message.role, "content": message.content} for message in LONGER]
    theirs = chatml.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True)
    tokens, mask = encode_chat(chatml, LONGER)
    assert theirs["input_ids"] == tokens
    assert [bool(on) for on in theirs["assistant_masks"]] == mask


def test_templates_of_other_models_work_and_default_texts_stay_unmasked() -> None:
    qwen = with_template(QWEN)
    assert spoken(qwen, CHAT) == "It is 4.\nAnswer: 4<|im_end|>"  # not the newline behind it, nor the system turn
    assert spoken(qwen, LONGER) == "It is 4.\nAnswer: 4<|im_end|>Yes.<|im_end|>"


TEXTS = st.one_of(
    st.text(max_size=20),
    st.lists(
        st.sampled_from(
            ["<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|im_", "end|>", "\ue000", "1", "\ue001", " a"]
        )
    ).map("".join),
)


@given(st.lists(TEXTS, min_size=2, max_size=6), st.sampled_from(["chatml", "qwen"]))
def test_messages_cannot_forge_special_tokens(chatml: Tokenizer, texts: list[str], name: str) -> None:
    made = chatml if name == "chatml" else with_qwen
    messages = [Message("assistant" if turn % 2 else "user", text) for turn, text in enumerate(texts)]
    harmless = [Message(message.role, "x") for message in messages]
    specials = set(made.all_special_ids) | set(made.added_tokens_decoder)
    count = [sum(token in specials for token in encode_chat(made, chat)[0]) for chat in (messages, harmless)]
    assert count[0] == count[1]
    if name == "chatml":  # and nothing is lost
        said = "".join(f"{message.content}<|im_end|>" for message in messages if message.role == "assistant")
        assert spoken(made, messages) == said


with_qwen = with_template(QWEN)


@given(st.lists(TEXTS, min_size=2, max_size=6))
def test_a_conversation_begins_with_the_tokens_of_its_prompt(chatml: Tokenizer, texts: list[str]) -> None:
    texts = texts[: len(texts) // 2 * 2]
    messages = [Message("assistant" if turn % 2 else "user", text) for turn, text in enumerate(texts)]
    for made in (chatml, with_qwen):
        prompt = encode_prompt(made, messages[:-1])
        tokens, mask = encode_chat(made, messages)
        assert tokens[: len(prompt)] == prompt
        assert mask[len(prompt)]


def test_replies_end_where_generation_stops(chatml: Tokenizer) -> None:
    tokens, mask = encode_chat(chatml, CHAT)
    assert tokens[-1] in stop_ids(chatml) and mask[-1]
    assert chatml.convert_ids_to_tokens(stop_ids(chatml)) == ["<|endoftext|>", "<|im_end|>"]


def test_templates_that_do_not_fit_are_explained() -> None:
    with pytest.raises(HornbookError, match="no chat template"):
        encode_prompt(with_template(None), CHAT[:1])
    with pytest.raises(HornbookError, match=r"rejects turns with the roles user.*say please"):
        encode_prompt(with_template(REFUSES), CHAT[:1])
    with pytest.raises(HornbookError, match="rewrites earlier turns"):
        encode_chat(with_template(BACKWARDS), CHAT)


def test_base_models_read_plain_text() -> None:
    assert plain_text(CHAT) == "Question: What is 2 + 2?\nSolution: It is 4.\nAnswer: 4"
    assert plain_text(CHAT).startswith(plain_prompt("What is 2 + 2?"))
    assert plain_text(LONGER).startswith("Be brief.\n\nQuestion: What")
    assert plain_text(LONGER).endswith("Answer: 4\n\nQuestion: Sure?\nSolution: Yes.")
