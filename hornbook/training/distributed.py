"""The processes of a training run started by `torchrun`; does nothing in a single process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from hornbook.base.device import resolve_device
from hornbook.base.errors import HornbookError
from hornbook.model.device import pick_device, processes_here

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """This process is number `rank` of `world` and computes on `device`; only the first one writes."""

    rank: int = 0
    world: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def first(self) -> bool:
        return self.rank == 0

    def sum(self, tensors: list[torch.Tensor]) -> None:
        """Sum each tensor over all processes, in place and in one message. All must have the same dtype and device."""
        if self.world == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def most(self, number: int) -> int:
        """The largest of the values of all processes."""
        if self.world == 1:
            return number
        largest = torch.tensor(number, device=self.device)
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        return int(largest)

    def gather(self, value: T) -> list[T]:
        """The values of all processes, in their order."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        dist.all_gather_object(values, value)
        return values

    def from_first(self, value: T) -> T:
        """The value of the first process."""
        return self.gather(value)[0]

    def wait(self) -> None:
        """Wait for all processes."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def ranks(device: str = "auto") -> Iterator[Ranks]:
    """Initialise the process group of `torchrun`'s processes, each on its own device, and destroy it at the end.

    `device` is as in `pick_device`. GPUs use NCCL, CPUs gloo. Load models after this, since it sets a process's current
    GPU. Within another `ranks()` the process group exists already.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    here = pick_device(device)
    if ":" in resolve_device(device) and processes_here() > 1:
        raise HornbookError(f"device {here}: {processes_here()} processes cannot share it; choose cuda or auto")
    if here.type == "cuda":
        torch.cuda.set_device(here)
    if dist.is_initialized():
        yield Ranks(dist.get_rank(), dist.get_world_size(), here)
        return
    if world == 1:
        yield Ranks(device=here)
        return
    # both backends with GPUs: a stage of a recipe may compute on CPUs, and barriers and objects need no GPU
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Ranks(dist.get_rank(), world, here)
    finally:
        dist.destroy_process_group()
