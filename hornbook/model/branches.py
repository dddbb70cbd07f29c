"""Attention in trees: a trunk, and branches that each attend to it and to themselves, not to one another (see `trees`).

Measured on one core (forward and backward, 4 and 9 heads of 64, trunks of 100 to 600 tokens, two branches of 50 to
200): one SDPA for the trunk and one for each branch takes 0.50 to 0.65 of the time of two whole documents; one SDPA
over the tree with a mask 0.6 to 1.0 of it. Only below 50 tokens is the mask faster, by microseconds.
"""

import torch

from hornbook.model.scores import Scores, attend


def tree_attention(
    q_1HND: torch.Tensor, k_1GND: torch.Tensor, v_1GND: torch.Tensor, lengths: list[list[int]], scores: Scores
) -> torch.Tensor:
    """Causal attention within the trees whose lengths are given (shape 1HND); heads H, key/value heads G."""
    sizes = [length for parts in lengths for length in parts]
    parts = zip(q_1HND.split(sizes, 2), k_1GND.split(sizes, 2), v_1GND.split(sizes, 2), strict=True)
    outputs = []
    for _, *branches in lengths:
        q, k_trunk, v_trunk = next(parts)
        outputs.append(attend(q, k_trunk, v_trunk, scores))
        for length in branches:
            q, k, v = next(parts)
            if length:
                outputs.append(attend(q, torch.cat([k_trunk, k], 2), torch.cat([v_trunk, v], 2), scores))
    return torch.cat(outputs, 2)
