"""Batched sampling with PyTorch for any Hugging Face causal language model (report §4.3, §5)."""

from collections.abc import Callable

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hornbook.inference.rollouts import Engine, Request, Rollout
from hornbook.inference.settings import Sampling

__all__ = ["Engine", "Request", "Rollout", "Sampling", "TorchEngine"]


class TorchEngine:
    """Samples completions and scores continuations; see `rollouts.Engine`."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, batch_size: int = 128, seed: int = 0
    ) -> None:
        self.model, self.tokenizer, self.batch_size, self.seed = model, tokenizer, batch_size, seed

    def sample(
        self, requests: list[Request], sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> list[Rollout]:
        """One rollout per request, in the order of the requests."""
        raise NotImplementedError

    def logprobs(self, prefixes: list[list[int]], continuations: list[list[int]]) -> list[list[float]]:
        """The model's own log-probability of each continuation token after its prefix."""
        raise NotImplementedError
