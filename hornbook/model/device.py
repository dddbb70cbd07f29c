"""Choose device and precision."""

import os

import torch

from hornbook.base.device import resolve_device
from hornbook.base.errors import HornbookError
from hornbook.base.precision import resolve_precision

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
CPU_BFLOAT16 = ("amx_bf16", "avx512_bf16")  # without one of these a CPU emulates bfloat16, slower than float32


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name`: "cpu", "cuda" (the GPU of this process) or "cuda:N".

    "auto" is the value of HORNBOOK_DEVICE; without it the GPU of this process if there is one, else the CPU. Under
    torchrun every process has its own GPU. Raises HornbookError for a GPU that does not exist.
    """
    name = resolve_device(name)
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise HornbookError(f"device {name}: PyTorch finds no GPU here; choose cpu or auto")
    _, _, number = name.partition(":")
    index = int(number) if number else _own_gpu()
    if index >= torch.cuda.device_count():
        raise HornbookError(f"device cuda:{index}: this machine has {torch.cuda.device_count()} GPUs, counted from 0")
    return torch.device("cuda", index)


def _own_gpu() -> int:
    """The number of this process's GPU; each process started by torchrun has its own."""
    if processes_here() == 1:
        return torch.cuda.current_device()
    if torch.cuda.device_count() == 1 and "CUDA_VISIBLE_DEVICES" in os.environ:
        return 0  # the cluster's scheduler gives each process one GPU
    return int(os.environ.get("LOCAL_RANK", "0"))


def processes_here() -> int:
    """How many processes of this run are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE") or os.environ.get("WORLD_SIZE") or "1")


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype called `name`.

    "auto" is the value of HORNBOOK_DTYPE; without it bfloat16 where the hardware is fast at it, else float32.
    Raises HornbookError when the variable is not a precision.
    """
    name = resolve_precision(name)
    if name != "auto":
        return DTYPES[name]
    return torch.bfloat16 if fast_bfloat16(device) else torch.float32


def fast_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 matrices natively."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in CPU_BFLOAT16)
