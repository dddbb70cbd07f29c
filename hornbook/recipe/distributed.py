"""The processes of `hornbook run` under torchrun: all of them train, and the first one does everything else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from hornbook.base.errors import HornbookError

T = TypeVar("T")
LONGEST_STAGE = timedelta(days=14)  # time-out of the other processes that wait for the first one


class RecipeProcesses:
    """The processes of a run; `group` is their process group, None for a single process."""

    def __init__(self, group: Any = None) -> None:
        self.group = group

    def from_first(self, value: T) -> T:
        """The value of the first process; the others wait until it calls this too.

        Raises HornbookError in the others if the first one has ended.
        """
        if self.group is None:
            return value
        import torch.distributed as dist

        values = [value]
        try:
            dist.broadcast_object_list(values, src=0, group=self.group)
        except RuntimeError:
            raise HornbookError("the first process of the run has ended; see its message") from None
        return values[0]


@contextmanager
def join_processes() -> Iterator[RecipeProcesses]:
    """Initialise the process group of torchrun's processes for a whole recipe; a single process does not need PyTorch.

    Training stages use the same group. A second group, with a longer time-out, is for waiting, so that a hanging
    training process is still detected soon.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield RecipeProcesses()
        return
    import torch.distributed as dist

    from hornbook.training.distributed import ranks

    with ranks():
        yield RecipeProcesses(dist.new_group(backend="gloo", timeout=LONGEST_STAGE))
