"""Running a coroutine from code that is not asynchronous, also where an event loop runs already: in a notebook."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

Result = TypeVar("Result")


def run_coroutine(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What the coroutine returns; raises what it raises. As `asyncio.run`, but may be called within an event loop."""
    with EventLoopRunner() as runner:
        return runner.run(coroutine)


class EventLoopRunner:
    """As `asyncio.Runner`: one loop for several coroutines, such as those of an open connection. Close it after use.

    asyncio runs one loop a thread. Where one runs already, ours runs in a thread beside it, and the caller waits.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """What the coroutine returns; raises what it raises. An interrupt (Ctrl-C) cancels it."""
        return self._apart(lambda: self._runner.run(coroutine))

    def close(self) -> None:
        """Cancel what is left, and close the loop."""
        self._apart(self._runner.close)

    def _apart(self, work: Callable[[], Result]) -> Result:
        if not _inside_a_loop():
            return work()
        with ThreadPoolExecutor(1, "hornbook-loop") as thread:
            future = thread.submit(contextvars.copy_context().run, work)
            try:
                return future.result()
            except KeyboardInterrupt:  # it reaches the main thread alone
                loop = self._runner.get_loop()
                loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
                raise


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
