"""Epochs of each source (report §3.1, table 5)."""

from collections.abc import Mapping

from hornbook.base.errors import HornbookError

SUM_TOLERANCE = 1e-6


def epochs(shares: Mapping[str, float], budget: float, unique: Mapping[str, float]) -> dict[str, float]:
    """Epochs of each source: its share of the token budget divided by its unique tokens; only sources with a share.

    Raises HornbookError when a source with a share has no tokens.
    """
    has = sorted(source for source, tokens in unique.items() if tokens > 0)
    there = f"sources with text: {', '.join(has)}" if has else "there is no text at all"
    for source, share in shares.items():
        if share > 0 and source not in has:
            raise HornbookError(f"shares.{source}: {share:g} of the mixture, but no text of that source; {there}")
    return {source: share * budget / unique[source] for source, share in shares.items() if share > 0}
