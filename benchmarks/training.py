"""Training compared with peers: `python -m benchmarks.training [--quick] [--part sft|pretrain|dpo|growth] --json FILE`.

Same model, token ids, dtype and threads, in turns (`race`); peers run in a separate environment (`make peers`).
`--quick` takes less than five minutes; its claims are too noisy to quote.
"""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks import training_data
from benchmarks.harness import Claim, part_options, run_parts
from benchmarks.race import Racer, Result, compare, race, show_results
from hornbook.model.settings import flops_per_token

OURS, PEER, MATMUL = "benchmarks.training_ours", "benchmarks.training_peer", "benchmarks.matmul"
CONTEXTS = (1, 4, 16)  # times 256 tokens

COMPILED = {"compile": True}
SFT_ROWS = 16  # a step, the stage's default
WHOLE = {"gradient_checkpointing": False}
# TRL's own options that keep conversations whole and apart, as ours do
TRL_WHOLE: dict[str, dict[str, Any]] = {
    "no checkpointing": WHOLE,
    "by length": {**WHOLE, "train_sampling_strategy": "group_by_length"},
    "packed, one row": {**WHOLE, "packing": True, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 16},
}
# the one that cuts them and lets them attend to each other: less work, other training
TRL_WRAPPED: dict[str, dict[str, Any]] = {
    "wrapped": {
        **WHOLE,
        "packing": True,
        "packing_strategy": "wrapped",
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 4,
    }
}


class Bench:
    """Duration of a measurement, number of threads, and the folder for prepared material."""

    def __init__(self, *, quick: bool, threads: int, cache: Path) -> None:
        self.quick, self.threads, self.cache = quick, threads, cache
        self.rounds, self.seconds = (2, 1.5) if quick else (3, 8.0)
        self.material = training_data.material(cache / "material")

    def race(self, name: str, racers: list[Racer]) -> dict[str, Result]:
        """All racers in turns; prints their speeds."""
        return race(racers, self.cache / name, rounds=self.rounds, seconds=self.seconds, threads=self.threads)

    def job(self, **more: Any) -> dict[str, Any]:
        return {"model": str(self.material.model), "context": training_data.CONTEXT, "dtype": "float32", **more}


def sft(bench: Bench) -> list[Claim]:
    """Conversations of mixed length; the peer as it comes, and as fast as its settings make it here."""
    job = bench.job(data=str(bench.material.conversations), kind="sft")
    ways = dict([*TRL_WHOLE.items()][2 if bench.quick else 0 :]) | TRL_WRAPPED
    racers = [
        Racer("hornbook sft", OURS, {**job, "batch_rows": SFT_ROWS}),
        Racer("hornbook sft, compiled", OURS, {**job, "batch_rows": SFT_ROWS, "settings": COMPILED}),
        Racer("TRL sft, defaults", PEER, job, peer=True),
        *(Racer(f"TRL sft, {name}", PEER, {**job, "settings": tuned}, peer=True) for name, tuned in ways.items()),
    ]
    results = bench.race("sft", racers)
    show_results(f"SFT: {training_data.lengths(bench.material.conversations)}", results, "tokens")
    ours, ours_best, defaults, *tuned, wrapped = results.values()
    best = max(tuned, key=lambda result: median(result.rates))
    beside = {
        "SFT, both at their defaults": (ours, defaults, 3.0),
        "SFT, both at their best, conversations whole": (ours_best, best, 2.2),
        "SFT, our best and TRL wrapped (conversations cut and mixed)": (ours_best, wrapped, 2.2),
        "SFT, our defaults and TRL at its best, conversations whole": (ours, best, 2.2),
    }
    claims = [compare(name, mine, peer, "tokens/s", goal) for name, (mine, peer, goal) in beside.items()]
    return claims + [memory(name, mine, peer) for name, (mine, peer, _) in beside.items()]


def pretrain(bench: Bench) -> list[Claim]:
    """Documents in rows of the context, beside transformers' Trainer and beside the speed of a matrix product."""
    claims: list[Claim] = []
    for dtype, goal in (("float32", 1.7), ("bfloat16", 1.15))[: 1 if bench.quick else 2]:
        job = bench.job(data=str(bench.material.documents), kind="pretrain", dtype=dtype)
        shape = {"hidden": training_data.SHAPE.hidden, "mlp": training_data.SHAPE.mlp}
        racers = [
            Racer(f"hornbook pretrain {dtype}", OURS, {**job, "batch_rows": 8}),
            Racer(f"hornbook pretrain {dtype}, compiled", OURS, {**job, "batch_rows": 8, "settings": COMPILED}),
            Racer(f"Trainer pretrain {dtype}", PEER, job, peer=True),
            Racer(f"matmul {dtype}", MATMUL, {**job, **shape}),
        ]
        results = bench.race("pretrain", racers)
        ours, compiled, peer, matmul = results.values()
        show_results(f"Pretraining in {dtype}: {training_data.lengths(bench.material.documents)}", results, "tokens")
        claims += [
            compare(f"Pretraining in {dtype}, transformers' Trainer", ours, peer, "tokens/s", goal),
            memory(f"Pretraining in {dtype}, transformers' Trainer", ours, peer),
            compare(f"Pretraining in {dtype}, compiled, transformers' Trainer", compiled, peer, "tokens/s", goal),
            _share_of_matmul(bench, dtype, max(ours, compiled, key=lambda result: median(result.rates)), matmul),
        ]
    return claims


def _share_of_matmul(bench: Bench, dtype: str, ours: Result, matmul: Result) -> Claim:
    """Floating-point operations of the model as such (what is recomputed does not count), beside a matrix product's."""
    lengths = [len(document) for document in json.loads(bench.material.documents.read_text())]
    context = sum(length**2 for length in lengths) / sum(lengths)  # of the document a token is in
    flops = flops_per_token(training_data.SHAPE, training_data.VOCABULARY, round(context))
    shares = [flops * mine / peak for mine, peak in zip(ours.rates, matmul.rates, strict=True)]
    share = median(shares)
    rates = (flops * median(ours.rates) / 1e9, median(matmul.rates) / 1e9)
    goal = "at least 70 % of the matmul rate"
    name = f"Pretraining in {dtype}, beside a matrix product"
    return Claim(name, *rates, "GFLOP/s", share, min(shares), max(shares), goal, share >= 0.7)


def dpo(bench: Bench) -> list[Claim]:
    """Preferences: see `training_dpo`."""
    from benchmarks import training_dpo

    return training_dpo.dpo(bench)


def growth(bench: Bench) -> list[Claim]:
    """Ours alone: what a token costs as the context and the model grow. Documents fill the context."""
    jobs = {}
    for times in CONTEXTS[: 2 if bench.quick else 3]:
        context = training_data.CONTEXT // 4 * times
        data = training_data.long_documents(bench.material, context)
        jobs[f"context {context:,}"] = bench.job(data=str(data), context=context, batch_rows=max(1, 16 // times))
    for name, model in [*training_data.sizes(bench.cache / "material").items()][: 2 if bench.quick else 3]:
        jobs[f"{name} parameters"] = bench.job(data=str(bench.material.documents), model=str(model), batch_rows=4)
    results = bench.race("growth", [Racer(f"hornbook {name}", OURS, job) for name, job in jobs.items()])
    show_results("Cost as work grows", results, "tokens")
    return [
        Claim(f"Growth, {name}", median(r.rates), None, "tokens/s", None, min(r.rates), max(r.rates), "shown", True)
        for name, r in results.items()
    ]


def memory(name: str, ours: Result, peer: Result) -> Claim:
    """Peaks of resident memory, imports and all; both at the batch they were measured at."""
    ratio = peer.peak_mb / ours.peak_mb
    return Claim(f"{name}: peak memory", ours.peak_mb, peer.peak_mb, "MB", ratio, None, None, "shown", True)


PARTS: dict[str, Callable[[Bench], list[Claim]]] = {"sft": sft, "pretrain": pretrain, "dpo": dpo, "growth": growth}


@click.command(context_settings={"show_default": True})
@part_options(list(PARTS))
@click.option("--threads", type=click.IntRange(min=1), default=2, help="Threads of PyTorch, for all sides.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path("runs/benchmarks/training"),
    help="Folder for the prepared material and the workers' logs.",
)
def main(parts: tuple[str, ...], quick: bool, file: Path, threads: int, cache: Path) -> None:
    """Compare training with its peers, print the tables and write the claims."""
    run_parts(PARTS, parts, lambda: Bench(quick=quick, threads=threads, cache=cache), file)


if __name__ == "__main__":
    main()
