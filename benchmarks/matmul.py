"""The machine's own speed at a product of matrices like the model's, as a worker of a race."""

from typing import Any

import torch

from benchmarks.rounds import Rounds, job

TOKENS = 8192


def main(asked: dict[str, Any]) -> None:
    """The up projection of the MLP, over and over; its work is floating-point operations."""
    torch.set_num_threads(asked["threads"])
    dtype = getattr(torch, asked["dtype"])
    left = torch.randn(TOKENS, asked["hidden"], dtype=dtype)
    right = torch.randn(asked["hidden"], 2 * asked["mlp"], dtype=dtype)
    product = torch.empty(TOKENS, 2 * asked["mlp"], dtype=dtype)
    rounds = Rounds(asked["round_seconds"])
    rounds.begin()
    while True:
        torch.mm(left, right, out=product)
        rounds.step(2 * TOKENS * right.numel())


if __name__ == "__main__":
    main(job())
