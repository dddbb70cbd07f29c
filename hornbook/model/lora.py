"""Low-rank adapters through peft: only they are trained, and afterwards they are merged into the weights.

They are added to the model in place, so that it keeps its class: the training loop, packed attention and sharding see
an ordinary `PreTrainedModel` of which a few weights require gradients.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import PreTrainedModel

from hornbook.base.errors import HornbookError, one_line
from hornbook.base.files import write_json
from hornbook.base.packages import missing_package
from hornbook.base.rng import derive
from hornbook.model.settings import LoraSettings

PREFIX = "base_model.model."  # of weight names in peft's adapter files


def add_adapters(model: PreTrainedModel, settings: LoraSettings, seed: int) -> PreTrainedModel:
    """`model` itself, with frozen weights and an adapter for each linear layer of `settings.targets`.

    Adapters are float32, initialised by `seed` alone, and at first change nothing. With rank 0 nothing is added.

    Raises HornbookError without the package peft, and when no layer has one of the names.
    """
    if not settings.rank:
        return model
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise missing_package("lora", "peft") from None
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]  # peft only divides by it
        target_modules=settings.targets or "all-linear",
        task_type="CAUSAL_LM",
    )
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive(seed, "lora"))
        try:
            inject_adapter_in_model(config, model)
        except ValueError as error:
            raise HornbookError(f"lora.targets: no layer to adapt ({one_line(error)[:200]})") from None
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
    return model


def has_adapters(model: PreTrainedModel) -> bool:
    """Whether the model has adapters."""
    return any(name.endswith(".base_layer.weight") for name, _ in model.named_parameters())


def save_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Write the adapters of an adapted model as a folder that `peft.PeftModel.from_pretrained` loads."""
    folder.mkdir(parents=True, exist_ok=True)
    trained = {
        PREFIX + name.replace(".default.", "."): weight.detach().contiguous().cpu()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }
    save_file(trained, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = model.peft_config["default"].to_dict()
    # a set, whose order differs between processes
    write_json(folder / "adapter_config.json", config | {"target_modules": sorted(config["target_modules"])})


@torch.no_grad()
def merge_adapters(model: PreTrainedModel) -> PreTrainedModel:
    """`model` itself with its adapters merged into the weights; a model without adapters is unchanged."""
    if not has_adapters(model):
        return model
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge(safe_merge=True)
            model.set_submodule(name, module.get_base_layer())
    del model.peft_config
    return model.requires_grad_(True)
