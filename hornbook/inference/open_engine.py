"""Open the engine that the settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from transformers import PreTrainedTokenizerBase

from hornbook.inference.rollouts import Engine
from hornbook.inference.settings import BackendSettings

if TYPE_CHECKING:
    from hornbook.inference.streaming import StreamingBatch


@contextmanager
def open_engine(
    settings: BackendSettings,
    model: Path | str,
    tokenizer: PreTrainedTokenizerBase,
    *,
    seed: int = 0,
    batch_size: int = 128,
    probabilities: bool = True,
) -> Iterator[Engine]:
    """An engine that samples from `model`, closed afterwards. A server must serve the same model.

    Args:
        batch_size: rollouts computed together by PyTorch; vLLM and servers choose this themselves.
        probabilities: whether a rollout's log-probabilities are needed. If not, they may be those before temperature
            and filters, which any vLLM server returns.
    Raises HornbookError for a model that cannot be loaded, a missing package, and a server that does not answer.
    """
    if settings.backend == "server":
        from hornbook.inference.remote_engine import ServerEngine

        with ServerEngine(settings, tokenizer, model, seed=seed, probabilities=probabilities) as server:
            yield server
    elif settings.backend == "vllm":
        from hornbook.inference.vllm_engine import VllmEngine

        with VllmEngine(model, tokenizer, seed=seed, dtype=settings.dtype) as engine:
            yield engine
    else:
        from hornbook.inference.torch_engine import TorchEngine
        from hornbook.model.load_save import load_model

        network = load_model(model, settings.dtype, settings.device)
        yield TorchEngine(network, tokenizer, batch_size=batch_size, seed=seed, cache_gb=settings.cache_gb)


def open_streaming_batch(
    settings: BackendSettings, model: Path | str, tokenizer: PreTrainedTokenizerBase, rows: int
) -> "StreamingBatch":
    """For replies that are read while they are sampled, `rows` at a time, by PyTorch in this process.

    Raises HornbookError for a model that cannot be loaded or sampled from.
    """
    from hornbook.inference.streaming import StreamingBatch
    from hornbook.inference.torch_engine import TorchEngine
    from hornbook.model.load_save import load_model

    network = load_model(model, settings.dtype, settings.device)
    batch = StreamingBatch(TorchEngine(network, tokenizer, batch_size=rows, cache_gb=settings.cache_gb), rows)
    batch.way(())  # tried now, so that the first reply need not wait, and a model that is not causal is refused
    return batch
