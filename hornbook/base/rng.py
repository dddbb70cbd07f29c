"""Named seeds: randomness depends on its purpose, not on batch size, thread timing or order of arrival."""

import msgspec
import numpy as np
import xxhash


def derive(seed: int, *names: str | int) -> int:
    """A 63-bit seed for the purpose that `names` describes, e.g. `derive(seed, "packing", epoch)`."""
    return xxhash.xxh3_64_intdigest(msgspec.json.encode([seed, *names])) >> 1


def rng(seed: int, *names: str | int) -> np.random.Generator:
    """An independent random generator for the purpose that `names` describes."""
    return np.random.Generator(np.random.Philox(derive(seed, *names)))
