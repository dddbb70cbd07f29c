"""Where to compute, and in which precision."""

import torch

from hornbook.base.precision import settled

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
CPU_BFLOAT16 = ("amx_bf16", "avx512_bf16")  # without one of these a CPU emulates bfloat16, slower than float32


def pick_device() -> torch.device:
    """The GPU of this process if there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype `name` stands for.

    "auto" is what HORNBOOK_DTYPE says; if it says nothing, bfloat16 where the hardware is fast at it, else float32.
    Raises HornbookError when the variable names no precision.
    """
    name = settled(name)
    if name != "auto":
        return DTYPES[name]
    return torch.bfloat16 if fast_bfloat16(device) else torch.float32


def fast_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 matrices natively."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in CPU_BFLOAT16)
