"""Allocations (shares of the sources) to compare: the variants of table 4, and the user's own (report §3.2)."""

from collections.abc import Mapping, Sequence

from hornbook.base.errors import HornbookError
from hornbook.base.settings import nearest
from hornbook.mixture.settings import TABLE_5
from hornbook.tuning.settings import AblationSettings

Shares = dict[str, float]
HELD = ("code", "acquired")  # a quarter of the tokens in all variants of table 4; the rest varies
HELD_SHARE = 0.25
MOVED = {
    "uniform": ("web", "web_rewrite", "synthetic"),
    "S": ("synthetic",),
    "S+WR": ("synthetic", "web_rewrite"),
    "S+W": ("synthetic", "web"),
}
FINAL = "final"  # table 5


def presets(sources: Sequence[str], names: Sequence[str] = (FINAL, *MOVED)) -> dict[str, Shares]:
    """The variants of table 4 and the final mixture of table 5, for the sources that exist.

    The share of a missing source goes to the others of its group; a variant without sources is left out, and so is one
    that equals another. The report names the sources of the variants but not their shares: here they are equal.
    """
    found = {FINAL: _scaled({source: TABLE_5[source] for source in sources if source in TABLE_5})}
    held = _scaled({source: TABLE_5[source] for source in HELD if source in sources})
    for name, moved in MOVED.items():
        there = [source for source in moved if source in sources]
        rest = 1 - (HELD_SHARE if held else 0)
        if there:
            shares = {source: share * HELD_SHARE for source, share in held.items()}
            found[name] = {**shares, **{source: rest / len(there) for source in there}}
    unlike: dict[str, Shares] = {}
    for name in names:
        shares = found.get(name, {})
        if shares and not any(shares.keys() == other.keys() and _close(shares, other) for other in unlike.values()):
            unlike[name] = shares
    return unlike


def choose_allocations(settings: AblationSettings, sources: Sequence[str]) -> tuple[dict[str, Shares], list[str]]:
    """The allocations to compare, by name, and the presets that are left out for these sources.

    Raises HornbookError for an unknown preset or source, a baseline that is left out, and fewer than two allocations.
    """
    for name in settings.presets:
        if name not in (FINAL, *MOVED):
            raise HornbookError(f"presets: no preset '{name}'{nearest(name, [FINAL, *MOVED])}")
    chosen = presets(sources, settings.presets)
    for name, shares in settings.allocations.items():
        for source in shares:
            if source not in sources:
                raise HornbookError(
                    f"allocations.{name}.{source}: no such source in the mixture{nearest(source, list(sources))}"
                )
        chosen[name] = {source: share for source, share in shares.items() if share > 0}
    if settings.baseline not in chosen:
        there = f"the sources {', '.join(sources)} leave {', '.join(chosen) or 'none'}"
        raise HornbookError(f"baseline: '{settings.baseline}' is not among the allocations; {there}")
    if len(chosen) < 2:
        raise HornbookError(
            f"of the presets, the sources {', '.join(sources)} leave only '{settings.baseline}'; add `allocations`"
        )
    return chosen, [name for name in settings.presets if name not in chosen]


def _scaled(shares: Mapping[str, float]) -> Shares:
    total = sum(shares.values())
    return {source: share / total for source, share in shares.items()}


def _close(shares: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(abs(share - other[source]) < 1e-9 for source, share in shares.items())
