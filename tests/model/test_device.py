"""The precision that "auto" stands for, on processors that this machine need not be."""

import pytest
import torch

from hornbook.base.precision import VARIABLE
from hornbook.model.device import fast_bfloat16, pick_dtype

CPU = torch.device("cpu")
PROCESSORS = [
    ({"avx2": True, "amx_bf16": False, "avx512_bf16": False}, torch.float32),
    ({"avx512_f": True, "avx512_vnni": True, "avx512_bf16": False}, torch.float32),
    ({"avx512_f": True, "avx512_bf16": True}, torch.bfloat16),
    ({"avx512_bf16": True, "amx_tile": True, "amx_bf16": True}, torch.bfloat16),
    ({"amx_bf16": True}, torch.bfloat16),
    ({}, torch.float32),  # nothing known of it
]
names = [" ".join(name for name, there in known.items() if there) or "nothing" for known, _ in PROCESSORS]


@pytest.mark.parametrize(("known", "expected"), PROCESSORS, ids=names)
def test_auto_is_what_the_processor_is_fast_at(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, bool], expected: torch.dtype
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    assert fast_bfloat16(CPU) == (expected == torch.bfloat16)
    assert pick_dtype("auto", CPU) == expected
    assert pick_dtype("float32", CPU) == torch.float32
    assert pick_dtype("bfloat16", CPU) == torch.bfloat16


@pytest.mark.parametrize(("known", "_"), PROCESSORS, ids=names)
def test_the_variable_goes_before_what_is_detected(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, bool], _: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        monkeypatch.setenv(VARIABLE, name)
        assert pick_dtype("auto", CPU) == dtype
        assert pick_dtype("float32", CPU) == torch.float32  # what a setting says stays


def test_this_machine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    known = torch.cpu.get_capabilities()
    fast = known.get("amx_bf16", False) or known.get("avx512_bf16", False)
    assert pick_dtype("auto", CPU) == (torch.bfloat16 if fast else torch.float32)
