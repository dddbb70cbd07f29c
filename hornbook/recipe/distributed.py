"""The processes of one `hornbook run` under torchrun: all of them train, and the rest is the first one's work."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from hornbook.base.errors import HornbookError

T = TypeVar("T")
LONGEST_STAGE = timedelta(days=14)  # how long the others wait for the first one


class RecipeProcesses:
    """This process among those of the run; `group` is theirs, None for one process alone."""

    def __init__(self, group: Any = None) -> None:
        self.group = group

    def from_first(self, value: T) -> T:
        """The value that the first process has; the others wait until it comes to the same place.

        Raises HornbookError in the others when the first one ends instead.
        """
        if self.group is None:
            return value
        import torch.distributed as dist

        values = [value]
        try:
            dist.broadcast_object_list(values, src=0, group=self.group)
        except RuntimeError:
            raise HornbookError("the first process of the run has ended; it says why") from None
        return values[0]


@contextmanager
def join_processes() -> Iterator[RecipeProcesses]:
    """Join the processes that torchrun started, for a whole recipe; one process alone needs no PyTorch for it.

    They are joined once: stages that train find the group there. A second group is for waiting, with a patience of its
    own, so that a training process that hangs is still found out soon.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield RecipeProcesses()
        return
    import torch.distributed as dist

    from hornbook.training.distributed import ranks

    with ranks():
        yield RecipeProcesses(dist.new_group(backend="gloo", timeout=LONGEST_STAGE))
