"""Benchmarks of the pivotal token search: `python -m benchmarks.pts [--quick] [--part NAME] --json FILE`.

truth: a tabular model whose p(success) is known exactly. worlds: the total cost of a true pivot there. (a) Sampled
tokens at equal F1, on the pocket SFT model. (b) The total cost of a confirmed pivot on SmolLM2-135M-Instruct, compared
with the sampling of codelion/pts. (c) The engine alone. `--quick` measures the same on less, in less than five minutes;
its claims are too noisy to quote. Parts (a) and (c) need the model of `make demo` and are skipped without it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click

from benchmarks import pts_confirm, pts_engine, pts_exact, pts_f1, pts_worlds
from benchmarks.harness import Claim, part_options, run_parts


class Bench(NamedTuple):
    quick: bool
    model: Path | None
    cache: Path
    threads: int
    seed: int


PARTS: dict[str, Callable[[Bench], list[Claim]]] = {
    "truth": lambda b: pts_exact.run(quick=b.quick, seed=b.seed),
    "worlds": lambda b: pts_worlds.run(quick=b.quick, seed=b.seed),
    "b": lambda b: pts_confirm.run(quick=b.quick, cache=b.cache, seed=b.seed),
    "a": lambda b: pts_f1.run(quick=b.quick, given=b.model, cache=b.cache, threads=b.threads, seed=b.seed),
    "c": lambda b: pts_engine.run(quick=b.quick, given=b.model, cache=b.cache, threads=b.threads),
}


@click.command(context_settings={"show_default": True})
@part_options(list(PARTS))
@click.option("--model", type=click.Path(path_type=Path), help="SFT model; else the newest of runs/pocket.")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path("runs/benchmarks"), help="Folder for cached results."
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, help="Threads of PyTorch, for both sides of (a) and (c)."
)
@click.option("--seed", type=int, default=0, help="Seed of solutions, rollouts and the bootstrap.")
def main(
    parts: tuple[str, ...], quick: bool, file: Path, model: Path | None, cache: Path, threads: int, seed: int
) -> None:
    """Measure the pivotal token search, print the tables and write the claims."""
    cache.mkdir(parents=True, exist_ok=True)
    run_parts(PARTS, parts, lambda: Bench(quick, model, cache, threads, seed), file, skip_failed=True)


if __name__ == "__main__":
    main()
