"""Memory does not grow with the corpus."""

import pytest

from benchmarks.memory_flat import measure


@pytest.mark.slow
def test_a_corpus_ten_times_the_memory_allowed_is_mixed_and_read() -> None:
    """1 GB of tokens in 3.3 million documents: a single number for each would take 27 MB. The kernel sees to it."""
    figures = measure(gigabytes=1.0, megabytes=100, mean=150)
    assert figures["documents"] > 3_000_000
    assert max(figures["packing_mb"], figures["reading_mb"]) < 100
    assert figures["padding"] < 0.001


def test_the_limit_is_one() -> None:
    with pytest.raises(RuntimeError, match="cannot be used within 1 MB"):
        measure(gigabytes=0.004, megabytes=1, mean=100)
