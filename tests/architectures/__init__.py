"""Tiny random models of the causal architectures that transformers has, for tests of sampling and of training.

A name in ARCHITECTURES is what a test shows; its entry is a `model_type` and what differs from SHAPE (or from one of
the other shapes, for families with names of their own). Add a line to try another one. Windows, chunks and original
contexts are far shorter than the context: texts of the tests lie on both sides of each.
"""

import math
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from tests.architectures.configurations import ARCHITECTURES
from tests.architectures.shapes import CONTEXT, ORIGINAL, VOCABULARY, WINDOW

__all__ = ["ARCHITECTURES", "CONTEXT", "ORIGINAL", "VOCABULARY", "WINDOW", "make"]

# parameters of recurrences, which are stable only near the values they begin with
RECURRENT = ("A_log", "dt_bias", "time_decay", "time_first", ".D", "lru", "recurrent_param")


def make(name: str, **changes: Any) -> PreTrainedModel:
    """The model of that name in float32 and in eval mode, with `changes` to its configuration."""
    kind, settings = ARCHITECTURES[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = AutoConfig.for_model(kind, **(settings | changes))
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        _spread(model)
    return model


@torch.no_grad()
def _spread(model: PreTrainedModel) -> None:
    """Larger weights than at the start of a training: so that one token more or less in sight changes the output."""
    for name, weight in model.named_parameters():
        if any(part in name for part in RECURRENT):
            continue
        if weight.dim() >= 2:
            table = any(part in name for part in ("embed", "wte", "wpe"))
            weight.normal_(std=0.3 if table else 1.2 / math.sqrt(weight.shape[-1]))
        elif name.endswith("bias"):
            weight.add_(0.1 * torch.randn_like(weight))
        elif "sink" in name:
            weight.normal_()
