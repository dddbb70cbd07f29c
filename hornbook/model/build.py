"""Build a model from settings with seeded weights, extend its context, add token embeddings."""

import copy
import math

import torch
from transformers import AutoModelForCausalLM, Phi3Config, Phi3ForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from hornbook.base.errors import HornbookError
from hornbook.base.rng import derive
from hornbook.model.device import pick_device
from hornbook.model.settings import ModelSettings


def build_model(
    settings: ModelSettings, tokenizer: PreTrainedTokenizerBase, context: int, seed: int, device: str = "auto"
) -> PreTrainedModel:
    """An untrained float32 `Phi3ForCausalLM` (report §3: full attention, no sliding window) for `context` tokens.

    It is on `pick_device(device)`. The weights depend only on `seed`; PyTorch's global random state is neither read nor
    changed.
    """
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "weights"))
        model = Phi3ForCausalLM(_config(settings, len(tokenizer), context, **ends))
    return model.to(pick_device(device))


def empty_model(settings: ModelSettings, vocab_size: int, context: int) -> PreTrainedModel:
    """The same model on PyTorch's meta device, where tensors have shapes but no memory, to count its parameters."""
    with torch.device("meta"):
        return Phi3ForCausalLM(_config(settings, vocab_size, context, bos_token_id=None, eos_token_id=None))


def _config(settings: ModelSettings, vocab_size: int, context: int, **ends: int | None) -> Phi3Config:
    return Phi3Config(
        vocab_size=vocab_size,
        hidden_size=settings.hidden,
        intermediate_size=settings.mlp,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.kv_heads,
        max_position_embeddings=context,
        original_max_position_embeddings=context,  # with a smaller value, `generate` drops its cache when reaching it
        rope_parameters={"rope_type": "default", "rope_theta": settings.rope_base, "partial_rotary_factor": 1.0},
        tie_word_embeddings=settings.tied_embeddings,
        # "Small init": 0.02 is meant for widths of thousands; narrow models learnt much more slowly with it
        initializer_range=math.sqrt(2 / (5 * settings.hidden)),
        sliding_window=None,
        pad_token_id=None,  # padding is the end-of-text token: as `padding_idx` its embedding would never be trained
        **ends,
    )


def rope_base(model: PreTrainedModel) -> float:
    """The base of its rotary embedding; 0 where it has none."""
    rope = getattr(model.config, "rope_parameters", None)
    return float(rope.get("rope_theta", 0.0)) if isinstance(rope, dict) else 0.0


def extend_context(model: PreTrainedModel, rope_base: float, context: int) -> PreTrainedModel:
    """The same weights with another base of the rotary embedding and `context` positions (report §3.3).

    Raises HornbookError for a model without rotary position embeddings.
    """
    config = copy.deepcopy(model.config)
    rope = getattr(config, "rope_parameters", None)
    if not isinstance(rope, dict) or "rope_theta" not in rope:
        raise HornbookError(f"{type(model).__name__}: the model has no rotary position embedding")
    config.rope_parameters = {**rope, "rope_theta": rope_base}
    config.max_position_embeddings = context
    if hasattr(config, "original_max_position_embeddings"):
        config.original_max_position_embeddings = context
    with torch.random.fork_rng(devices=[]):
        extended = AutoModelForCausalLM.from_config(config, dtype=model.dtype)
    extended.load_state_dict(model.state_dict())
    return extended.to(model.device)


@torch.no_grad()
def add_token_embeddings(model: PreTrainedModel, ids: list[int]) -> PreTrainedModel:
    """`model` itself with input and output embeddings for new tokens `ids`: the mean of the existing ones."""
    size = model.get_input_embeddings().weight.shape[0]
    old = [id for id in range(size) if id not in ids]
    if ids and max(ids) >= size:
        with torch.random.fork_rng(devices=[]):
            model.resize_token_embeddings(max(ids) + 1, mean_resizing=False)
    for matrix in {model.get_input_embeddings().weight, model.get_output_embeddings().weight}:
        matrix[ids] = matrix[old].mean(0)
    return model
