import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from hornbook.base.errors import HornbookError
from hornbook.base.precision import VARIABLE, Precision
from hornbook.base.records import Message
from hornbook.model.build import build_model
from hornbook.model.load_save import load_model, save_model
from hornbook.model.settings import ModelSettings
from hornbook.tokenizer.chat import encode_chat, stop_ids

HARD_TEXT = "def f(x):\n\treturn x**2  # naïve 👍 日本語\r\n   three   spaces 12345"


@pytest.fixture(params=[False, True], ids=["untied", "tied"])
def saved(request, tokenizer, tmp_path: Path):
    shape = ModelSettings(layers=2, hidden=16, heads=4, kv_heads=2, mlp=24, tied_embeddings=request.param)
    model = build_model(shape, tokenizer, context=64, seed=3).eval()
    save_model(model, tokenizer, tmp_path / "model")
    return model, tmp_path


def test_plain_transformers_gives_the_same_logits_and_ids(saved, tokenizer) -> None:
    model, path = saved
    theirs = AutoModelForCausalLM.from_pretrained(path / "model")
    their_tokenizer = AutoTokenizer.from_pretrained(path / "model")
    ids = tokenizer.encode(HARD_TEXT)
    assert their_tokenizer.encode(HARD_TEXT) == ids
    input_ids = torch.tensor([ids[:64]])
    assert torch.equal(theirs.eval()(input_ids).logits, model(input_ids).logits)
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    ours = encode_chat(tokenizer, [Message("user", "hi"), Message("assistant", "ho")])[0]
    assert their_tokenizer.apply_chat_template(turns, tokenize=True, return_dict=False) == ours
    assert theirs.generation_config.eos_token_id == stop_ids(tokenizer)
    assert theirs.generation_config.pad_token_id == tokenizer.pad_token_id


def test_the_rope_base_is_where_old_and_new_readers_look(saved) -> None:
    config = json.loads((saved[1] / "model" / "config.json").read_text())
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"] == 10_000.0


def test_saving_twice_gives_the_same_bytes(saved, tokenizer) -> None:
    model, path = saved
    before = {file.name: file.read_bytes() for file in (path / "model").iterdir()}
    save_model(model, tokenizer, path / "model")
    assert {file.name: file.read_bytes() for file in (path / "model").iterdir()} == before
    assert {entry.name for entry in path.iterdir()} == {"model"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_stage_folder_loads_as_well_as_the_model_in_it(saved, monkeypatch, precision: Precision) -> None:
    model, path = saved
    monkeypatch.setenv(VARIABLE, precision)
    for place in (path, path / "model", str(path)):
        for loaded in (load_model(place, precision), load_model(place)):
            assert not loaded.training
            assert str(loaded.dtype) == f"torch.{precision}"
            assert torch.equal(loaded.lm_head.weight, model.lm_head.weight.to(loaded.dtype))


def test_no_model_and_a_broken_model_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(HornbookError, match="no model here"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "phi3"}')
    with pytest.raises(HornbookError, match="not a causal language model") as caught:
        load_model(tmp_path)
    assert "\n" not in str(caught.value)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(HornbookError, match="not a causal language model"):
        load_model(tmp_path)


def test_a_models_own_generation_defaults_are_kept(saved, tokenizer, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(saved[1] / "model")
    model.generation_config.update(do_sample=True, temperature=0.6, max_new_tokens=77)
    save_model(model, tokenizer, tmp_path / "own")
    kept = AutoModelForCausalLM.from_pretrained(tmp_path / "own").generation_config
    assert (kept.do_sample, kept.temperature, kept.max_new_tokens) == (True, 0.6, 77)
    assert kept.eos_token_id == stop_ids(tokenizer)
    model.generation_config.do_sample = False  # a temperature without sampling: transformers would not write it
    save_model(model, tokenizer, tmp_path / "odd")
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "odd").generation_config.eos_token_id == stop_ids(tokenizer)
