"""How often each source is seen (report §3.1, table 5)."""

from collections.abc import Mapping

from hornbook.base.errors import HornbookError
from hornbook.base.settings import nearest

SUM_TOLERANCE = 1e-6


def epochs(shares: Mapping[str, float], budget: float, unique: Mapping[str, float]) -> dict[str, float]:
    """Epochs of each source: its share of the token budget over its unique tokens. A source without share has none.

    Raises HornbookError when a source with a share has no tokens; the message names the sources that have.
    """
    has = [source for source, tokens in unique.items() if tokens > 0]
    for source, share in shares.items():
        if share > 0 and source not in has:
            raise HornbookError(
                f"shares.{source}: {share:g} of the mixture, but there is no text of it{nearest(source, has)}"
            )
    return {source: share * budget / unique[source] for source, share in shares.items() if share > 0}
