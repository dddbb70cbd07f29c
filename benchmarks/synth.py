"""The factory compared with distilabel and curator: `python -m benchmarks.synth [--quick] [--part …] --json FILE`.

All sides do the same work against the same mock server (`synth_work`, `synth_server`), one after another; peers run
in a separate environment (`make peers`). `--quick` takes less than five minutes; its claims are too noisy to quote.
docs/synthetic-benchmark.md describes the measurements.
"""

from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.harness import Claim, part_options, run_parts
from benchmarks.synth_bench import Bench
from benchmarks.synth_kills import changes, kills
from benchmarks.synth_sandbox import sandbox
from benchmarks.synth_speed import cpu, tail

PARTS: dict[str, Callable[[Bench], list[Claim]]] = {
    "cpu": cpu,
    "tail": tail,
    "kills": kills,
    "changes": changes,
    "sandbox": sandbox,
}


@click.command(context_settings={"show_default": True})
@part_options(list(PARTS))
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path("runs/benchmarks/synth"),
    help="Folder for the outputs and logs of all sides.",
)
def main(parts: tuple[str, ...], quick: bool, file: Path, cache: Path) -> None:
    """Compare the synthetic data factory with its peers, print the tables and write the claims."""
    bench = run_parts(PARTS, parts, lambda: Bench(quick=quick, folder=cache), file)
    print(f"\n{bench.markdown()}")


if __name__ == "__main__":
    main()
