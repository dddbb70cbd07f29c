"""Named seeds: randomness depends on what it is for, never on batch size, thread timing or order of arrival."""

import msgspec
import numpy as np
import xxhash


def derive(seed: int, *names: str | int) -> int:
    """A 63-bit seed for the purpose that `names` spells out, e.g. `derive(seed, "packing", epoch)`."""
    return xxhash.xxh3_64_intdigest(msgspec.json.encode([seed, *names])) >> 1


def rng(seed: int, *names: str | int) -> np.random.Generator:
    """An independent random generator for the purpose that `names` spells out."""
    return np.random.Generator(np.random.Philox(derive(seed, *names)))
