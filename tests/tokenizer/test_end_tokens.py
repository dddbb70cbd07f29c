"""End tokens: those of the template, of the tokenizer and of the model's own files; and templates that write none."""

import json
from pathlib import Path

import pytest

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.model.build import build_model
from hornbook.model.export import export_model
from hornbook.model.load_save import save_model
from hornbook.model.settings import ModelSettings
from hornbook.tokenizer.chat import append_end, encode_chat, encode_prompt, end_of_reply, load_tokenizer, stop_ids
from tests.tokenizer.tokenizers import byte_level, sentencepiece

SPECIAL = ["</s>", "<|im_start|>", "<|im_end|>", "<|user|>", "<|assistant|>"]
TURN = "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
CHATML = "{% for m in messages %}" + TURN + "{% endfor %}"
NO_END = (
    "{% for m in messages %}{{ m['role'].upper() + ': ' + m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}\n"
)
NEXT_TURN = (  # a reply ends on what begins the next turn
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
CHAT = [
    Message("user", "Hello"),
    Message("assistant", "Hello you"),
    Message("user", "What is 2 + 2?"),
    Message("assistant", "4"),
]
# (generation_config.json, what config.json says, what is united with the tokenizer's own)
NAMED = [
    ({"eos_token_id": [77]}, None, {77}),
    ({"eos_token_id": 77}, 77, {77}),
    (None, [77, 78], {77, 78}),
    (None, 32000, set()),  # what all models of the architecture say
    ({"eos_token_id": [77, 99999]}, None, {77}),  # 99999: no token
    ({}, None, set()),
]


def learnt(tokenizer, messages):
    tokens, mask = encode_chat(tokenizer, messages)
    return tokenizer.decode([token for token, on in zip(tokens, mask, strict=True) if on])


@pytest.mark.parametrize(("generation", "config", "more"), NAMED)
def test_the_models_own_end_tokens_are_united_with_the_tokenizers(generation, config, more, tmp_path: Path) -> None:
    tokenizer = byte_level(CHATML, SPECIAL, eos_token="</s>")
    shape = ModelSettings(layers=1, hidden=16, heads=2, kv_heads=1, mlp=16)
    save_model(build_model(shape, tokenizer, 64, 0), tokenizer, tmp_path / "model")
    own = set(stop_ids(tokenizer))
    assert set(tokenizer.convert_ids_to_tokens(sorted(own))) == {"</s>", "<|im_end|>"}
    file, architecture = tmp_path / "model/generation_config.json", tmp_path / "model/config.json"
    file.unlink()
    if generation is not None:
        file.write_text(json.dumps(generation))
    architecture.write_text(json.dumps(json.loads(architecture.read_text()) | {"eos_token_id": config}))
    assert set(stop_ids(load_tokenizer(tmp_path / "model"))) == own | more
    export_model(str(tmp_path / "model"), tmp_path / "out", "hf")
    exported = json.loads((tmp_path / "out/generation_config.json").read_text())
    assert set(exported["eos_token_id"]) >= own | more


def test_a_template_without_an_end_token_can_be_given_one() -> None:
    tokenizer = byte_level(NO_END, SPECIAL, eos_token="</s>")
    assert end_of_reply(tokenizer) is None
    assert learnt(tokenizer, CHAT) == " Hello you\n 4\n"
    prompts = [encode_prompt(tokenizer, CHAT[:turn]) for turn in (1, 3)]
    append_end(tokenizer)
    assert tokenizer.convert_ids_to_tokens(end_of_reply(tokenizer)) == "</s>"
    assert learnt(tokenizer, CHAT) == " Hello you\n 4\n</s>"
    assert prompts == [encode_prompt(tokenizer, CHAT[:turn]) for turn in (1, 3)]
    template = tokenizer.chat_template
    append_end(tokenizer)
    assert tokenizer.chat_template == template  # once
    turns = [{"role": message.role, "content": message.content} for message in CHAT]
    assert encode_chat(tokenizer, CHAT)[0] == tokenizer.apply_chat_template(turns, return_dict=False)


def test_named_templates_are_all_given_one_and_without_eos_there_is_none_to_give() -> None:
    named = byte_level({"default": NO_END, "tool_use": NO_END}, SPECIAL, eos_token="</s>")
    append_end(named)
    assert end_of_reply(named) is not None and named.chat_template["tool_use"] == named.chat_template["default"]
    with pytest.raises(HornbookError, match="no eos_token to append"):
        append_end(byte_level(NO_END, SPECIAL))


@pytest.mark.parametrize("make", [byte_level, sentencepiece])
def test_replies_that_end_on_what_begins_the_next_turn_learn_it(make) -> None:
    tokenizer = make(NEXT_TURN, SPECIAL, eos_token="</s>")
    assert "<|user|>" not in learnt(tokenizer, CHAT)
    tokenizer.model_ends = tokenizer.convert_tokens_to_ids(["<|user|>"])
    assert learnt(tokenizer, CHAT).replace(" ", "") == "Helloyou<|user|>4"
