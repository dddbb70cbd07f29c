"""Tokens per second of the rollout engine beside `model.generate`, on the same prefixes, model, dtype and threads.

Two workloads. "random": prefixes of random tokens, every completion of the same length; nothing is alike but the
prefixes. "search": what a pivotal token search asks for: for each of some solutions, completions from many places in
it, which end where they end. Before its question stand solved examples of its own, so many that the places in the
solution are as far into the text as the random prefixes are long.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList, PreTrainedModel

from benchmarks.models import Bench, load
from hornbook.base.records import Question
from hornbook.base.rng import rng
from hornbook.inference.rollouts import Request
from hornbook.inference.settings import Sampling
from hornbook.inference.torch_engine import TorchEngine
from hornbook.tokenizer.chat import stop_ids

PREFIX = 256  # tokens
TEMPERATURE = 0.8
PLACES = 14  # in a solution, as many as the search of `make demo` samples from on average
SPARE, LEAST = 4, 16  # solutions made for each one that is used, and in all: examples; some are too short or too long


def measure(
    model_path: Path,
    questions: list[Question],
    *,
    workload: str,
    prefixes: int,
    rollouts: int,
    new_tokens: int,
    threads: int,
    repeats: int,
    batches: tuple[int, ...],
    fives: int = 8,
    batch_size: int = 256,
) -> dict[str, Any]:
    """Samples `rollouts` completions of up to `new_tokens` tokens after each of `prefixes` prefixes.

    Ours (a new engine each time) and `generate` at each batch size take turns, `repeats` times over. `generate` makes
    one batch of its size, which is enough to know its speed, or `fives` of five, each after another prefix. Its tokens
    count up to the stop token. The result has, for each, low, middle and high of tokens per second and per CPU-second.
    """
    bench = load(model_path, questions, threads)
    ends = stop_ids(bench.tokenizer) if workload == "search" else []
    texts = searched(bench, prefixes, new_tokens) if ends else scrambled(bench, prefixes)
    asked = [text for text in texts for _ in range(rollouts)]
    sampling = Sampling(temperature=TEMPERATURE, max_new_tokens=new_tokens)
    runs: dict[str, Callable[[int], int]] = {"engine": partial(_engine, bench, asked, sampling, ends, batch_size)}
    for size in batches:
        several = [[text] * 5 for text in _all_over(texts, fives)] if size == 5 else [_all_over(asked, size)]
        runs[f"generate {size}"] = partial(_generate, bench.network, several, sampling, ends)
    figures: dict[str, dict[str, list[float]]] = {name: {"wall": [], "cpu": []} for name in runs}
    for number in range(repeats):
        for name, run in runs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            tokens = run(number)
            figures[name]["wall"].append(tokens / (time.perf_counter() - wall))
            figures[name]["cpu"].append(tokens / (time.process_time() - cpu))
    speeds = {name: {kind: spread(values) for kind, values in kinds.items()} for name, kinds in figures.items()}
    theirs = {name: speed["wall"]["middle"] for name, speed in speeds.items() if name != "engine"}
    return {
        "workload": workload,
        "dtype": str(bench.network.dtype).removeprefix("torch."),
        "threads": threads,
        "prefixes": len(texts),
        "rollouts": rollouts,
        "prefix_tokens": PREFIX,
        "new_tokens": new_tokens,
        "tokens_per_second": {name: speed["wall"] for name, speed in speeds.items()},
        "tokens_per_cpu_second": {name: speed["cpu"] for name, speed in speeds.items()},
        "best_generate": max(theirs, key=theirs.__getitem__),
    }


def scrambled(bench: Bench, prefixes: int) -> list[list[int]]:
    """Random tokens."""
    choose = rng(0, "engine_speed", str(PREFIX))
    vocabulary = bench.network.get_output_embeddings().weight.shape[0]
    return choose.integers(0, vocabulary, (prefixes, PREFIX)).tolist()


def searched(bench: Bench, prefixes: int, new_tokens: int) -> list[list[int]]:
    """`PLACES` places in each of some solutions: solved examples, a question and the solution up to there. The middle
    of a solution is `PREFIX` tokens into the text; the examples before each begin elsewhere among all of them."""
    choose = rng(0, "engine_speed", "search")
    sampling = Sampling(temperature=TEMPERATURE, max_new_tokens=new_tokens)
    asked = choose.permutation(len(bench.cases))[: max(LEAST, SPARE * -(-prefixes // PLACES))]
    requests = [Request(bench.cases[case].prompt, str(case)) for case in asked]
    made = TorchEngine(bench.network, bench.tokenizer, seed=1).sample(requests, sampling)
    solved = [(request.prefix, rollout.tokens) for request, rollout in zip(requests, made, strict=True)]
    pieces = [token for prompt, solution in solved for token in prompt + solution]
    texts: list[list[int]] = []
    for prompt, solution in solved:
        if len(texts) == prefixes:
            break
        context = PREFIX - len(prompt) - len(solution) // 2
        if context < 0 or len(solution) < PLACES:
            continue
        start = int(choose.integers(0, len(pieces) - context))
        before = pieces[start : start + context] + prompt
        places = sorted(choose.choice(len(solution), min(PLACES, prefixes - len(texts)), replace=False).tolist())
        texts += [before + solution[:place] for place in places]
    return texts


def _all_over(asked: list[list[int]], size: int) -> list[list[int]]:
    """`size` of the prefixes asked for, from all over, the middle of each part."""
    return [asked[(2 * number + 1) * len(asked) // (2 * size)] for number in range(size)]


def spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"low": ordered[0], "middle": ordered[len(ordered) // 2], "high": ordered[-1]}


def _engine(
    bench: Bench, asked: list[list[int]], sampling: Sampling, ends: list[int], batch_size: int, seed: int
) -> int:
    engine = TorchEngine(bench.network, bench.tokenizer, batch_size=batch_size, seed=seed)
    engine.stop = ends  # none: all to the same length
    made = engine.sample([Request(text, str(number)) for number, text in enumerate(asked)], sampling)
    return sum(len(rollout.tokens) for rollout in made)


class _Endless(LogitsProcessor):
    """Nothing ends early; no more than that."""

    def __init__(self, ends: list[int]) -> None:
        self.ends = ends

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores[:, self.ends] = -torch.inf
        return scores


@torch.inference_mode()
def _generate(
    model: PreTrainedModel, batches: list[list[list[int]]], sampling: Sampling, ends: list[int], seed: int
) -> int:
    torch.manual_seed(seed)
    own = model.generation_config.eos_token_id
    never = [end for end in (own if isinstance(own, list) else [own]) if end is not None]
    endless = {"logits_processor": LogitsProcessorList([_Endless(never)])}
    options: dict[str, Any] = {"eos_token_id": ends} if ends else endless
    tokens = 0
    for batch in batches:
        longest = max(map(len, batch))
        batch_BT = torch.tensor([[0] * (longest - len(text)) + text for text in batch])
        mask_BT = torch.tensor([[0] * (longest - len(text)) + [1] * len(text) for text in batch])
        made_BT = model.generate(
            batch_BT,
            attention_mask=mask_BT,
            do_sample=True,
            temperature=TEMPERATURE,
            top_k=0,
            max_new_tokens=sampling.max_new_tokens,
            pad_token_id=0,
            **options,
        )
        for row in made_BT[:, batch_BT.shape[1] :].tolist():
            tokens += next((place + 1 for place, token in enumerate(row) if token in ends), len(row))
    return tokens
