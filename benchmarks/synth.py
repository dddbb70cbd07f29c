"""The factory beside distilabel and curator: `python -m benchmarks.synth [--quick] [--part …] --json FILE`.

All sides do the same work against the same mock server (`synth_work`, `synth_server`), one after another; peers run
in an environment of their own (`make peers`). `--quick` is done within five minutes: quote no claim from it.
docs/synthetic-benchmark.md says what is measured, and how.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.harness import Claim, show_claims, write_claims
from benchmarks.synth_bench import Bench
from benchmarks.synth_kills import changes, kills
from benchmarks.synth_sandbox import sandbox
from benchmarks.synth_speed import cpu, tail
from hornbook.base.errors import HornbookError

PARTS: dict[str, Callable[[Bench], list[Claim]]] = {
    "cpu": cpu,
    "tail": tail,
    "kills": kills,
    "changes": changes,
    "sandbox": sandbox,
}


@click.command(context_settings={"show_default": True})
@click.option("--part", "parts", type=click.Choice(list(PARTS)), multiple=True, help="Only this part.")
@click.option("--quick", is_flag=True, help="Less of everything: five minutes in all.")
@click.option("--json", "file", type=click.Path(path_type=Path), required=True, help="Where the claims are written.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path("runs/benchmarks/synth"),
    help="What the sides write, and their logs.",
)
def main(parts: tuple[str, ...], quick: bool, file: Path, cache: Path) -> None:
    """Measure the factory beside its peers, print the tables and write the claims."""
    claims: list[Claim] = []
    bench = Bench(quick=quick, folder=cache)
    try:
        for part in parts or PARTS:
            claims += PARTS[part](bench)
            write_claims(file, claims)  # after each part: a later one may be killed
    except HornbookError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    show_claims(claims)
    print(f"\n{bench.markdown()}")


if __name__ == "__main__":
    main()
