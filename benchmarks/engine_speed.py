"""Tokens per second of the rollout engine beside `model.generate`, on the same prefixes, model, dtype and threads."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList, PreTrainedModel

from hornbook.base.seeds import rng
from hornbook.inference.engine import TorchEngine
from hornbook.inference.rollouts import Request
from hornbook.inference.settings import Sampling
from hornbook.model.files import load_model
from hornbook.tokenizer.chat import load_tokenizer

PREFIX = 256  # tokens
GENERATE_BATCHES = (5, 16, 64, 128)
TEMPERATURE = 0.8


def measure(
    model_path: Path,
    *,
    prefixes: int = 16,
    rollouts: int = 8,
    new_tokens: int = 64,
    threads: int = 2,
    repeats: int = 3,
    batches: tuple[int, ...] = GENERATE_BATCHES,
    batch_size: int = 256,
) -> dict[str, Any]:
    """Samples `rollouts` completions of exactly `new_tokens` tokens after each of `prefixes` random prefixes.

    Ours (with an empty cache each time) and `generate` at each batch size take turns, `repeats` times over; `generate`
    makes one batch of its size, which is enough to know its speed. The result has, for each, low, middle and high of
    tokens per second and per CPU-second, and the ratios of the middles.
    """
    torch.set_num_threads(threads)
    tokenizer, model = load_tokenizer(model_path), load_model(model_path)
    choose = rng(0, "engine_speed", str(PREFIX))
    vocabulary = model.get_output_embeddings().weight.shape[0]
    texts = choose.integers(0, vocabulary, (prefixes, PREFIX)).tolist()
    asked = [text for text in texts for _ in range(rollouts)]
    runs: dict[str, Callable[[int], int]] = {
        "engine": lambda number: _engine(model, tokenizer, asked, new_tokens, number, batch_size)
    }
    for size in batches:
        runs[f"generate {size}"] = partial(_generate, model, asked, size, new_tokens)
    figures: dict[str, dict[str, list[float]]] = {name: {"wall": [], "cpu": []} for name in runs}
    for number in range(repeats):
        for name, run in runs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            tokens = run(number)
            figures[name]["wall"].append(tokens / (time.perf_counter() - wall))
            figures[name]["cpu"].append(tokens / (time.process_time() - cpu))
    speeds = {name: {kind: spread(values) for kind, values in kinds.items()} for name, kinds in figures.items()}
    ours = speeds["engine"]["wall"]["middle"]
    theirs = {name: speed["wall"]["middle"] for name, speed in speeds.items() if name != "engine"}
    return {
        "model": model_path.name,
        "dtype": str(model.dtype).removeprefix("torch."),
        "threads": threads,
        "prefixes": prefixes,
        "rollouts": rollouts,
        "prefix_tokens": PREFIX,
        "new_tokens": new_tokens,
        "tokens_per_second": {name: speed["wall"] for name, speed in speeds.items()},
        "tokens_per_cpu_second": {name: speed["cpu"] for name, speed in speeds.items()},
        "best_generate": max(theirs, key=theirs.__getitem__),
        "times_best_generate": ours / max(theirs.values()),
        "times_batch_of_five": ours / theirs["generate 5"] if "generate 5" in theirs else None,
    }


def spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"low": ordered[0], "middle": ordered[len(ordered) // 2], "high": ordered[-1]}


def _engine(
    model: PreTrainedModel, tokenizer: Any, asked: list[list[int]], new_tokens: int, seed: int, batch_size: int
) -> int:
    engine = TorchEngine(model, tokenizer, batch_size=batch_size, seed=seed)
    engine.stop = []  # all to the same length
    requests = [Request(text, str(number)) for number, text in enumerate(asked)]
    made = engine.sample(requests, Sampling(temperature=TEMPERATURE, max_new_tokens=new_tokens))
    return sum(len(rollout.tokens) for rollout in made)


class _Endless(LogitsProcessor):
    """Nothing ends early; no more than that."""

    def __init__(self, ends: list[int]) -> None:
        self.ends = ends

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores[:, self.ends] = -torch.inf
        return scores


@torch.inference_mode()
def _generate(model: PreTrainedModel, asked: list[list[int]], size: int, new_tokens: int, seed: int) -> int:
    torch.manual_seed(seed)
    batch_BT = torch.tensor((asked * -(-size // len(asked)))[:size])
    ends = model.generation_config.eos_token_id
    ends = [end for end in (ends if isinstance(ends, list) else [ends]) if end is not None]
    made_BT = model.generate(
        batch_BT,
        attention_mask=torch.ones_like(batch_BT),
        do_sample=True,
        temperature=TEMPERATURE,
        top_k=0,
        max_new_tokens=new_tokens,
        pad_token_id=0,
        logits_processor=LogitsProcessorList([_Endless(ends)]),
    )
    assert made_BT.shape[1] == batch_BT.shape[1] + new_tokens
    return size * new_tokens
