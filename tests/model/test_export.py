"""Models handed over: plain transformers and llama.cpp give the same ids, logits and greedy text as before."""

from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.model.export import export_model
from hornbook.model.gguf_export import export_gguf
from hornbook.model.load_save import load_model, save_model
from hornbook.tokenizer.chat import encode_chat, encode_prompt, load_tokenizer
from tests.model.llama_cpp import HARD_TEXTS, LlamaCpp

SMALL = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "pad_token_id": None, "bos_token_id": None,
    "eos_token_id": 0, "initializer_range": 0.2,
}  # fmt: skip
PLAIN = {"rope_type": "default", "rope_theta": 50_000.0}
LLAMA_3 = {
    "rope_type": "llama3", "rope_theta": 10_000.0, "factor": 8.0,
    "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
}  # fmt: skip

LONG_ROPE = {
    "rope_type": "longrope", "rope_theta": 10_000.0, "original_max_position_embeddings": 16,
    "short_factor": [1.0, 1.1, 1.2, 1.3], "long_factor": [1.0, 2.0, 5.0, 9.0],
}  # fmt: skip


def phi3(size: int, **other) -> PreTrainedModel:
    rope = PLAIN | {"partial_rotary_factor": 1.0}
    shape = SMALL | {"vocab_size": size, "original_max_position_embeddings": 256, "rope_parameters": rope} | other
    return Phi3ForCausalLM(Phi3Config(**shape, sliding_window=None))


def llama(size: int, **other) -> PreTrainedModel:
    return LlamaForCausalLM(LlamaConfig(**(SMALL | {"vocab_size": size, "rope_parameters": PLAIN} | other)))


def qwen2(size: int) -> PreTrainedModel:
    model = Qwen2ForCausalLM(Qwen2Config(**SMALL, vocab_size=size, rope_parameters=PLAIN))
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(weight)
    return model


MODELS = {
    "phi3": phi3,
    "phi3-tied": lambda size: phi3(size, tie_word_embeddings=True),
    "phi3-half-rotary": lambda size: phi3(size, rope_parameters=PLAIN | {"partial_rotary_factor": 0.5}),
    "phi3-longrope": lambda size: phi3(size, rope_parameters=LONG_ROPE, original_max_position_embeddings=16),
    "llama": llama,
    "llama-tied": lambda size: llama(size, tie_word_embeddings=True),
    "llama-3-rope": lambda size: llama(size, rope_parameters=LLAMA_3),
    "llama-wide-heads": lambda size: llama(size, head_dim=16),
    "qwen2": qwen2,
}


@pytest.fixture(scope="module", params=MODELS)
def original(request, tokenizer, tmp_path_factory) -> Path:
    """A model of random but decided weights, whose vocabulary is larger than its tokenizer's."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("original") / request.param
    save_model(MODELS[request.param](len(tokenizer) + 5), tokenizer, folder)
    return folder


def test_llama_cpp_says_what_transformers_says(original: Path, tmp_path: Path) -> None:
    minds = export_gguf(original, tmp_path / "model-phi3.gguf")  # a name that makes llama.cpp strip white space
    # transformers gives Qwen 2's tokenizer, which composes letters and accents, to every model of this class
    assert len(minds) == (original.name in ("qwen2", "phi3-longrope"))
    theirs = LlamaCpp(tmp_path / "model-phi3.gguf")
    model, tokenizer = load_model(original, "float32"), load_tokenizer(original)
    compared = 0
    for text in HARD_TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert theirs.encode(text) == ids
        with torch.no_grad():
            ours = model(torch.tensor([ids[:200]]), use_cache=False).logits[0, -1].log_softmax(-1)
        for token, log_probability in theirs.log_probabilities(ids[:200], 20).items():
            assert log_probability == pytest.approx(ours[token].item(), abs=1e-3)
            compared += 1
    assert compared >= 20 * 5
    prompt = encode_prompt(tokenizer, [Message("user", "the cat")])
    ours = model.generate(torch.tensor([prompt]), max_new_tokens=60, do_sample=False)[0, len(prompt) :]
    tokens, text = theirs.greedy(prompt, 60)
    assert tokens == ours.tolist()
    assert text == tokenizer.decode(ours, skip_special_tokens=True)
    asked = theirs.ask("apply-template", messages=[{"role": "user", "content": "the cat"}])
    assert asked["prompt"] == tokenizer.decode(prompt)


def test_what_was_written_reads_back_bit_for_bit(original: Path, tmp_path: Path) -> None:
    if original.name in ("phi3-longrope", "llama-3-rope"):
        export_gguf(original, tmp_path / "model.gguf")
        with pytest.raises(HornbookError, match=r"model.gguf: tensor rope_f\w+.weight"):
            export_model(str(tmp_path / "model.gguf"), tmp_path / "back", "hf")
        return
    export_gguf(original, tmp_path / "model.gguf")
    export_model(str(tmp_path / "model.gguf"), tmp_path / "back", "hf")
    ids = torch.arange(40)[None]
    before, after = (AutoModelForCausalLM.from_pretrained(folder).eval() for folder in (original, tmp_path / "back"))
    assert type(before) is type(after)
    with torch.no_grad():
        assert torch.equal(before(ids).logits, after(ids).logits)
    ours, theirs = AutoTokenizer.from_pretrained(original), AutoTokenizer.from_pretrained(tmp_path / "back")
    assert [ours.encode(text) for text in HARD_TEXTS] == [theirs.encode(text) for text in HARD_TEXTS]
    assert after.generation_config.eos_token_id == before.generation_config.eos_token_id


@pytest.mark.parametrize("dtype", ["f16", "bf16"])
def test_half_precision_is_rounded_once(tokenizer, tmp_path: Path, dtype: str) -> None:
    torch.manual_seed(2)
    save_model(phi3(len(tokenizer)), tokenizer, tmp_path / "model")
    export_model(str(tmp_path / "model"), tmp_path / "half", "hf", dtype)
    for source in ("model", "half"):  # rounded here, or already when it was saved
        wanted = dtype if source == "model" else None
        export_model(str(tmp_path / source), tmp_path / f"{source}.gguf", "gguf", wanted)
        export_model(str(tmp_path / f"{source}.gguf"), tmp_path / f"{source}-back", "hf")
        half, back = load_model(tmp_path / "half", "float32"), load_model(tmp_path / f"{source}-back", "float32")
        for name, weight in half.state_dict().items():
            assert torch.equal(weight, back.state_dict()[name]), name
    assert (tmp_path / "model.gguf").stat().st_size < (tmp_path / "model" / "model.safetensors").stat().st_size


def test_weights_beyond_half_precision_are_refused(tokenizer, tmp_path: Path) -> None:
    model = phi3(len(tokenizer))
    model.model.layers[1].mlp.down_proj.weight.data[0, 0] = 1e6
    save_model(model, tokenizer, tmp_path / "model")
    with pytest.raises(HornbookError, match=r"blk.1.ffn_down.weight has values outside the range of torch.float16"):
        export_model(str(tmp_path / "model"), tmp_path / "model.gguf", "gguf", "f16")
    assert not (tmp_path / "model.gguf").exists()


def test_a_trained_model_answers_alike_everywhere(tokenizer, tmp_path: Path) -> None:
    said = "the cat sat on the hat of the bat; a mat sat on the cat"
    tokens, _ = encode_chat(tokenizer, [Message("user", "what"), Message("assistant", said)])
    torch.manual_seed(4)
    model = phi3(len(tokenizer))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        optimiser.zero_grad()
        model(torch.tensor([tokens]), labels=torch.tensor([tokens])).loss.backward()
        optimiser.step()
    save_model(model, tokenizer, tmp_path / "model")
    prompt = encode_prompt(tokenizer, [Message("user", "what")])
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    generated = plain.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=100)[0, len(prompt) :]
    assert generated.tolist() == tokens[len(prompt) :]  # stops by itself
    for dtype in ("f32", "f16", "bf16"):
        export_model(str(tmp_path / "model"), tmp_path / f"{dtype}.gguf", "gguf", dtype)
        theirs = LlamaCpp(tmp_path / f"{dtype}.gguf")
        chat = theirs.ask("v1/chat/completions", messages=[{"role": "user", "content": "what"}], temperature=0)
        assert chat["choices"][0]["message"]["content"] == said
        assert chat["choices"][0]["finish_reason"] == "stop"
        assert theirs.greedy(prompt, 100) == (generated.tolist(), said)


def test_architectures_llama_cpp_does_not_have_are_refused(tokenizer, tmp_path: Path) -> None:
    save_model(
        GPT2LMHeadModel(GPT2Config(vocab_size=300, n_positions=32, n_embd=16, n_layer=1, n_head=2)),
        tokenizer,
        tmp_path / "gpt2",
    )
    with pytest.raises(HornbookError, match="GPT2LMHeadModel cannot be written as GGUF; only LlamaForCausalLM, Qwen2"):
        export_model(str(tmp_path / "gpt2"), tmp_path / "x.gguf", "gguf")
    save_model(llama(len(tokenizer), hidden_act="gelu"), tokenizer, tmp_path / "gelu")
    with pytest.raises(HornbookError, match="gelu: activation gelu"):
        export_model(str(tmp_path / "gelu"), tmp_path / "x.gguf", "gguf")
    scaled = PLAIN | {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
    save_model(llama(len(tokenizer), rope_parameters=scaled), tokenizer, tmp_path / "yarn")
    with pytest.raises(HornbookError, match="yarn: rotary scaling yarn is not supported"):
        export_model(str(tmp_path / "yarn"), tmp_path / "x.gguf", "gguf")
    assert not (tmp_path / "x.gguf").exists()
