"""The engines agree: SmolLM2 in PyTorch, and the same weights in llama.cpp's own server.

Its GGUF is written out in 32 bits first: with quantised weights llama.cpp quantises the activations too, which moved
log-probabilities by up to 0.1.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from hornbook.inference.open_engine import open_engine
from hornbook.inference.remote_engine import ServerEngine
from hornbook.inference.rollouts import Request
from hornbook.inference.sampling import probabilities
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.inference.torch_engine import TorchEngine
from hornbook.model.gguf_files import find_gguf
from hornbook.model.gguf_import import import_gguf
from hornbook.model.load_save import load_model
from hornbook.tokenizer.load_save import load_tokenizer

pytestmark = pytest.mark.slow


def write_in_32_bits(quantised: Path, path: Path) -> None:
    import gguf

    reader = gguf.GGUFReader(quantised)
    writer = gguf.GGUFWriter(path, reader.get_field("general.architecture").contents())
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            inner = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(np.array(tensor.data), tensor.tensor_type)
        writer.add_tensor(tensor.name, np.asarray(values, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TorchEngine, ServerEngine]]:
    folder = tmp_path_factory.mktemp("smollm2")
    quantised = find_gguf("smollm2", "teacher.local")
    assert quantised
    import_gguf(quantised, folder / "hf")
    write_in_32_bits(quantised, folder / "smollm2.gguf")
    options = {"model": str(folder / "smollm2.gguf"), "parallel": 4, "context": 256, "threads": 1}
    command = [sys.executable, "-m", "hornbook.teacher.llamacpp_server", json.dumps(options)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout
        url = process.stdout.readline().decode().strip()
        tokenizer = load_tokenizer(folder / "hf")
        torch_engine = TorchEngine(load_model(folder / "hf", dtype="float32"), tokenizer)
        with open_engine(BackendSettings(backend="server", url=url), folder / "hf", tokenizer, seed=1) as server:
            assert isinstance(server, ServerEngine)
            yield torch_engine, server
    finally:
        process.kill()
        process.wait()


@torch.inference_mode()
def distribution(engine: TorchEngine, prefix: list[int], sampling: Sampling) -> np.ndarray:
    logits_1V = engine.model(torch.tensor([prefix])).logits[:, -1]
    return np.asarray(probabilities(logits_1V, sampling)[0].double())


def test_continuations_have_the_same_log_probabilities(engines: tuple[TorchEngine, ServerEngine]) -> None:
    ours, theirs = engines
    prefixes = [ours.tokenizer.encode(text) for text in ("The capital of France is", "2 + 2 =")]
    continuations = [ours.tokenizer.encode(text) for text in (" Paris, a city on the Seine.", " 4 <|im_end|>")]
    for one, other in zip(
        ours.logprobs(prefixes, continuations), theirs.logprobs(prefixes, continuations), strict=True
    ):
        assert np.allclose(one, other, atol=0.005)


@pytest.mark.parametrize(
    "sampling",
    [Sampling(temperature=0.8, max_new_tokens=1), Sampling(top_k=30, top_p=0.9, min_p=0.01, max_new_tokens=1)],
    ids=["free", "filtered"],
)
@pytest.mark.parametrize("avoiding", [False, True])
def test_first_tokens_come_from_the_same_distribution(
    engines: tuple[TorchEngine, ServerEngine], sampling: Sampling, avoiding: bool
) -> None:
    ours, theirs = engines
    prefix, n = ours.tokenizer.encode("The little dog was very"), 100
    probs_V = distribution(ours, prefix, sampling)
    best = int(probs_V.argmax())
    if avoiding:
        probs_V[best] = 0.0
        probs_V /= probs_V.sum()
    requests = [Request(prefix, f"{number}", avoid=best if avoiding else -1) for number in range(n)]
    rollouts = theirs.sample(requests, sampling)
    counts = np.bincount([rollout.tokens[0] for rollout in rollouts], minlength=len(probs_V))
    assert (np.abs(counts - n * probs_V) <= 4.5 * np.sqrt(n * probs_V) + 1.5).all()
    assert not counts[probs_V == 0].any()
    for rollout in rollouts:
        assert abs(rollout.logprobs[0] - np.log(probs_V[rollout.tokens[0]])) < 0.01


def test_greedy_replies_are_the_same_and_end_the_same(engines: tuple[TorchEngine, ServerEngine]) -> None:
    ours, theirs = engines
    chat = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
    prefixes = [ours.tokenizer.encode(chat.format(text)) for text in ("Say hello.", "What is 2 + 3?")]
    requests = [Request(prefix, f"{number}") for number, prefix in enumerate(prefixes)]
    for sampling in (
        Sampling(temperature=0, max_new_tokens=12),
        Sampling(temperature=0, max_new_tokens=40, stop=[".", "!", "?"]),
    ):
        one, other = ours.sample(requests, sampling), theirs.sample(requests, sampling)
        assert [(r.tokens, r.finish) for r in one] == [(r.tokens, r.finish) for r in other]
        assert any(rollout.finish == "stop" for rollout in one) or not sampling.stop
        assert all(logprob == 0.0 for rollout in other for logprob in rollout.logprobs)
