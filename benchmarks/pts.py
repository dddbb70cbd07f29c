"""The pivotal token search against its claims: `python -m benchmarks.pts [--quick] [--part NAME] --json FILE`.

truth: a tabular model whose p(success) is known exactly. worlds: what a true pivot costs there, all in. (a) Sampled
tokens at equal F1, on the pocket SFT model. (b) What a confirmed pivot costs on SmolLM2-135M-Instruct, all in, beside
the way codelion/pts samples. (c) The engine alone. `--quick` measures the same on less, within five minutes in all: its
noise is wide; quote no claim from it. Parts (a) and (c) need the model of `make demo` and are left out without it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks import pts_confirm, pts_engine, pts_exact, pts_f1, pts_worlds
from benchmarks.harness import Claim, show_claims, write_claims
from hornbook.base.errors import HornbookError


@click.command(context_settings={"show_default": True})
@click.option(
    "--part", "parts", type=click.Choice(["truth", "worlds", "a", "b", "c"]), multiple=True, help="Only this part."
)
@click.option("--quick", is_flag=True, help="Less of everything: five minutes in all.")
@click.option("--json", "file", type=click.Path(path_type=Path), required=True, help="Where the claims are written.")
@click.option("--model", type=click.Path(path_type=Path), help="SFT model; else the newest of runs/pocket.")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path("runs/benchmarks"), help="What need not be made twice."
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, help="Threads of PyTorch, for both sides of (a) and (c)."
)
@click.option("--seed", type=int, default=0, help="Seed of solutions, rollouts and the bootstrap.")
def main(
    parts: tuple[str, ...], quick: bool, file: Path, model: Path | None, cache: Path, threads: int, seed: int
) -> None:
    """Measure the pivotal token search, print the tables and write the claims."""
    measures: dict[str, Callable[[], list[Claim]]] = {
        "truth": lambda: pts_exact.run(quick=quick, seed=seed),
        "worlds": lambda: pts_worlds.run(quick=quick, seed=seed),
        "b": lambda: pts_confirm.run(quick=quick, cache=cache, seed=seed),
        "a": lambda: pts_f1.run(quick=quick, given=model, cache=cache, threads=threads, seed=seed),
        "c": lambda: pts_engine.run(quick=quick, given=model, cache=cache, threads=threads),
    }
    cache.mkdir(parents=True, exist_ok=True)
    claims: list[Claim] = []
    for part in parts or measures:
        try:
            claims += measures[part]()
        except HornbookError as error:
            print(f"error: part {part}: {error}", file=sys.stderr)
            if parts:
                sys.exit(2)
        write_claims(file, claims)  # after each part: a later one may be killed
    show_claims(claims)


if __name__ == "__main__":
    main()
